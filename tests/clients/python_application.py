"""An application that uses the Python SDK as its users do, run in an environment of its own.

Arguments: the base URL of the model provider. The SDK finds our server by NEBULY_API_URL,
NEBULY_AB_TESTING_API_URL and NEBULY_API_KEY. Prints what the application itself was answered.
"""

import asyncio
import json
import sys

import nebuly
from nebuly.ab_testing import ABTesting
from nebuly.tracking import AsyncTrackingSDK, TrackingSDK

# Patches the libraries, so the clients are made afterwards.
nebuly.init()

import openai  # noqa: E402


def main(provider_url: str) -> None:
    client = openai.OpenAI(base_url=provider_url, api_key="none")
    answers = [ask(client), stream(client), ask_twice(client), ask_raw(client)]
    answers.append(asyncio.run(ask_async(provider_url)))
    give_feedback(answers)
    variants = ABTesting().get_variants("ada", ["dark"]).variants
    sys.stdout.write(json.dumps({"answers": answers, "variants": variants}))
    # At the end the SDK sends what it has not sent yet.


def ask(client: openai.OpenAI) -> str:
    completion = client.chat.completions.create(
        model="large",
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "I am ada@example.com"},
        ],
        user_id="ada",
        user_group_profile="enterprise",
        nebuly_tags={"plan": "pro"},
        feature_flags=["dark"],
    )
    return completion.choices[0].message.content


def stream(client: openai.OpenAI) -> str:
    chunks = client.chat.completions.create(
        model="large",
        messages=[{"role": "user", "content": "Where is my parcel?"}],
        stream=True,
        stream_options={"include_usage": True},
        user_id="bob",
        nebuly_tags={"plan": "free"},
        feature_flags=["dark", "beta"],
    )
    return "".join(chunk.choices[0].delta.content for chunk in chunks if chunk.choices)


def ask_twice(client: openai.OpenAI) -> str:
    """One interaction of two calls: a small model chooses, a large one answers."""
    with nebuly.new_interaction(user_id="ada", nebuly_tags={"plan": "pro"}) as interaction:
        interaction.set_input("Refund, please")
        interaction.set_history([])
        for model in ("small", "large"):
            messages = [{"role": "user", "content": f"Which team, {model}?"}]
            client.chat.completions.create(model=model, messages=messages)
        interaction.set_output("Done")
    return "Done"


def ask_raw(client: openai.OpenAI) -> str:
    response = client.chat.completions.with_raw_response.create(
        model="medium", messages=[{"role": "user", "content": "Raw?"}], user_id="cy"
    )
    return response.parse().choices[0].message.content


async def ask_async(provider_url: str) -> str:
    async with openai.AsyncOpenAI(base_url=provider_url, api_key="none") as client:
        completion = await client.chat.completions.create(
            model="small", messages=[{"role": "user", "content": "Async?"}], user_id="cy"
        )
    return completion.choices[0].message.content


def give_feedback(answers: list[str]) -> None:
    """Some of it reaches the server before its interaction does."""
    tracking = TrackingSDK()
    tracking.send_feedback_action(
        "ada", "thumbs_down", text="Hm", input="I am ada@example.com", output=answers[0]
    )
    tracking.send_feedback_action(
        "ada", "thumbs_up", text="Better", input="I am ada@example.com", output=answers[0]
    )
    tracking.send_feedback_action("ada", "copy_input", input="Refund, please")
    tracking.send_feedback_action("bob", "copy_output")
    asyncio.run(AsyncTrackingSDK().send_feedback_action("cy", "thumbs_down", output=answers[4]))


if __name__ == "__main__":
    main(sys.argv[1])
