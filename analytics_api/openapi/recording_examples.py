"""Calls that record, each with its answer."""

from __future__ import annotations

from .examples import Example

_ID = "5d0b4f6e-8a35-4c1e-9a54-0d9a7e1f2b11"
_OTHER_ID = "5d0b4f6e-8a35-4c1e-9a54-0d9a7e1f2b12"
_TIMES = {"time_start": "2024-05-30T14:00:00Z", "time_end": "2024-05-30T14:00:02Z"}
_LATER = {"time_start": "2024-05-30T14:01:00Z", "time_end": "2024-05-30T14:01:01Z"}
_TEXTS = {"input": "Can I pay later?", "output": "Within 30 days."}
_MORE_TEXTS = {"input": "And in rates?", "output": "In three."}
_ONE = {"message": "ok", "interaction_id": _ID, "interaction_ids": [_ID]}
_V1, _V2, _V3 = {"version": "v1"}, {"version": "v2"}, {"version": "v3"}

INTERACTION = (
    Example(
        name="interaction",
        title="An interaction",
        description="User, texts and times are needed; everything else makes questions possible.",
        path=_V1,
        request={
            "interaction": {
                "id": _ID,
                "end_user": "zoe",
                **_TIMES,
                **_TEXTS,
                "model": "large",
                "rag_sources": ["faq"],
                "tags": {"plan": "pro"},
            }
        },
        answer=_ONE,
    ),
    Example(
        name="messages",
        title="An interaction, as the model was asked",
        description="The last message of the user is the input.",
        path=_V2,
        request={
            "interaction": {
                "id": _ID,
                "end_user": "zoe",
                "conversation_id": "z1",
                **_TIMES,
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": _TEXTS["input"]},
                ],
                "output": _TEXTS["output"],
                "feedback_actions": [{"slug": "thumbs_up"}],
            },
            "anonymize": True,
        },
        answer=_ONE,
    ),
)
TRACED_INTERACTION = (
    Example(
        name="traces",
        title="An interaction and the calls behind it",
        description="Model, tokens, cost and sources are taken from the traces when they are not given.",
        path=_V3,
        request={
            "interaction": {"id": _ID, "end_user": "zoe", **_TIMES, **_TEXTS},
            "traces": [
                {"source": "faq", "input": "pay later", "outputs": ["Pay within 30 days."]},
                {
                    "model": "large",
                    "messages": [{"role": "user", "content": _TEXTS["input"]}],
                    "output": _TEXTS["output"],
                    "input_tokens": 12,
                    "output_tokens": 3,
                },
            ],
        },
        answer=_ONE,
    ),
)
EVENT = (
    Example(
        name="spans",
        title="A call that the SDK watched",
        description="Model and tokens are those that a span returned.",
        path=_V1,
        request={
            "body": {
                "id": _ID,
                "end_user": "zoe",
                **_TIMES,
                **_TEXTS,
                "spans": [
                    {
                        "module": "openai",
                        "function": "chat.completions.create",
                        "returned": {
                            "model": "large",
                            "usage": {"prompt_tokens": 12, "completion_tokens": 3},
                        },
                    }
                ],
            },
            "anonymize": True,
        },
        answer=_ONE,
    ),
)
CONVERSATION = (
    Example(
        name="conversation",
        title="A conversation of two",
        description="Without a `conversation_id` they belong together all the same.",
        path=_V2,
        request={
            "conversation": {
                "end_user": "zoe",
                "interactions": [
                    {"id": _ID, **_TIMES, **_TEXTS},
                    {"id": _OTHER_ID, **_LATER, **_MORE_TEXTS},
                ],
            }
        },
        answer={"message": "ok", "interaction_id": _ID, "interaction_ids": [_ID, _OTHER_ID]},
    ),
)
FEEDBACK = (
    Example(
        name="thumb",
        title="Ada liked an answer",
        description="It is linked to the newest interaction of hers that had ended by then.",
        path=_V1,
        request={
            "action": {"slug": "thumbs_up", "text": "Just what I needed."},
            "metadata": {"end_user": "ada", "timestamp": "2024-05-27T00:02:00Z"},
        },
        answer={"message": "ok", "interaction_id": "00000000-0000-4000-8000-000000000004"},
    ),
    Example(
        name="waiting",
        title="Feedback that comes first",
        description="Nobody asked that yet, so it waits.",
        path=_V1,
        request={
            "action": {"slug": "rating", "value": 5},
            "metadata": {"end_user": "zoe", "timestamp": "2024-05-30T14:02:00Z", "input": _TEXTS["input"]},
        },
        answer={"message": "ok", "interaction_id": None},
    ),
)
TAGS = (
    Example(
        name="tags",
        title="The outcome of an interaction",
        description="With `time_start`, the interaction had started by then; with `timestamp`, ended.",
        path=_V2,
        request={
            "tags": {"outcome": "solved"},
            "metadata": {"end_user": "ada", "time_start": "2024-05-27T00:01:00Z"},
        },
        answer={"message": "ok", "interaction_id": "00000000-0000-4000-8000-000000000004"},
    ),
)
BATCH = (
    Example(
        name="batch",
        title="A good one and a bad one",
        description="The good ones are kept.",
        request={
            "interactions": [
                {"id": _ID, "end_user": "zoe", **_TIMES, **_TEXTS},
                {
                    "end_user": "zoe",
                    "time_start": _LATER["time_end"],
                    "time_end": _LATER["time_start"],
                    **_MORE_TEXTS,
                },
            ]
        },
        answer={
            "message": "ok",
            "results": [
                {"status": "stored", "interaction_id": _ID},
                {"status": "invalid", "detail": "time_end lies before time_start"},
            ],
        },
    ),
)
