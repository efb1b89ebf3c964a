"""One interaction and one conversation of the tests' small dataset."""

from __future__ import annotations

from .examples import Example

_ID = "00000000-0000-4000-8000-000000000004"
_OTHER_ID = "00000000-0000-4000-8000-000000000003"
_OTHER_TURN = {
    "input": "Question 3",
    "output": "Answer 3",
    "timestamp": "2024-05-27T00:00:00Z",
}
_TURN = {"input": "Question 4", "output": "Answer 4", "timestamp": "2024-05-27T00:01:00Z"}
_TURNS = [{**_OTHER_TURN, "is_chosen": False}, {**_TURN, "is_chosen": True}]

FIRST_SHAPE = Example(
    name="interaction",
    title="What did Ada ask?",
    description="The id is one that `get-interactions` lists.",
    path={"interaction_id": _ID},
    answer={
        "interaction_id": _ID,
        "input": "Question 4",
        "output": "Answer 4",
        "history": [[], []],
        "actions": [],
        "topics": ["billing"],
        "frustration_cause": None,
        "user_id": "ada",
        "user_group_profile": "enterprise",
        "tags": {"plan": "pro"},
        "intent": "cancel",
        "topic": "billing",
        "warning_business": None,
        "warning_model": None,
        "conversation": _TURNS,
    },
)
EXPORT = Example(
    name="export",
    title="All of one afternoon",
    description="A date is its midnight in UTC.",
    query={"date_gte": "2024-05-27T00:01:00Z", "date_lt": "2024-05-28"},
    answer=[{name: value for name, value in FIRST_SHAPE.answer.items() if name != "conversation"}],
)
SECOND_SHAPE = Example(
    name="interaction_v2",
    title="What did it cost, and how long did it take?",
    description="The id is one that `get-interactions` lists.",
    path={"interaction_id": _ID},
    answer={
        "id": _ID,
        "project_id": "0b6f4c1e-5a35-4c1e-9a54-0d9a7e1f2b11",
        "sentiment": None,
        "emotions": [],
        "cost": 200,
        "topic": "billing",
        "intent": "cancel",
        "input": "Question 4",
        "output": "Answer 4",
        "latency": 4.0,
        "pii_removed": False,
        "text_language": None,
        "timestamp": "2024-05-27T00:01:00Z",
        "end_timestamp": "2024-05-27T00:01:04Z",
        "user": "ada",
        "verbosity": 8,
        "actions": [],
        "feedback_actions": [],
        "feedback_action_text": None,
        "feedback_action_rating": None,
        "user_query": None,
        "tags": {"plan": "pro"},
        "feedback_type": None,
        "rags": [],
        "warning_message": None,
        "conversation": _TURNS,
    },
    made_anew=("project_id",),
)
_UNKNOWN = {"user_query": None, "sentiment": None}
CONVERSATION = Example(
    name="conversation",
    title="How did the conversation go?",
    description="The id is the application's.",
    request={"conversation_id": "c3"},
    answer={
        "id": "c3",
        "session_length": 2,
        "session_time": 64.0,
        "start_session": "2024-05-27T00:00:00Z",
        "end_session": "2024-05-27T00:01:04Z",
        "cost": 300,
        "tags": {"plan": "pro"},
        "emotions": [],
        "conversation": [
            {
                "id": _OTHER_ID,
                **_OTHER_TURN,
                "end_timestamp": "2024-05-27T00:00:02Z",
                "topic": "billing",
                **_UNKNOWN,
            },
            {"id": _ID, **_TURN, "end_timestamp": "2024-05-27T00:01:04Z", "topic": "billing", **_UNKNOWN},
        ],
    },
)
