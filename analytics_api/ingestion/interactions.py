"""The public forms of an interaction, translated to the flat one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from interactions.ingest import MAX_BATCH, NewInteraction, parse_interaction

from .messages import last_user_text
from .sent import Sent, all_of, first_given, flag_at, list_at, object_at, refused
from .traces import told_by_spans, told_by_traces

# What versions of the wire call a field, besides our name for it.
OTHER_NAMES = {
    "feature_flags": ("feature_flag",),
    "feedback_actions": ("user_feedback",),
    "data_sources": ("rag_sources",),
    "history": ("previous_interactions",),
    "traces": ("trace", "spans"),
}
_USAGE = ("model", "input_tokens", "output_tokens")
# What an interaction of a conversation takes from it.
OF_CONVERSATION = ("end_user", "end_user_group_profile", "conversation_id", "hide_content")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The interactions of one call, checked."""

    items: Sequence[NewInteraction]
    anonymize: bool


Translator = Callable[[Mapping[str, Any]], Submission]


def interaction(body: Mapping[str, Any]) -> Submission:
    """{"interaction": {...}, "traces"?: [...], "anonymize"?, "hide_content"?}, of every version."""
    loc = ("body", "interaction")
    raw = object_at(body.get("interaction"), loc)
    around = {name: body[name] for name in ("traces", "hide_content") if body.get(name) is not None}
    return _submission(body, [_sent(raw | around, loc)])


def watched_event(body: Mapping[str, Any]) -> Submission:
    """{"body": {..., "spans": [...]}, "anonymize"?}: what the Python SDK saw."""
    loc = ("body", "body")
    return _submission(body, [_sent(object_at(body.get("body"), loc), loc)])


def conversation(body: Mapping[str, Any]) -> Submission:
    """{"conversation": {"interactions": [...], "end_user", "conversation_id"?}, "anonymize"?}"""
    loc = ("body", "conversation")
    raw = object_at(body.get("conversation"), loc)
    shared = {name: raw[name] for name in OF_CONVERSATION if raw.get(name) is not None}
    # Without an id they belong together all the same.
    shared.setdefault("conversation_id", str(uuid4()))
    place = (*loc, "interactions")
    given = list_at(raw.get("interactions"), place)
    if not 1 <= len(given) <= MAX_BATCH:
        raise refused(place, f"expected 1 to {MAX_BATCH} interactions", "value_error")
    objects = all_of(partial(object_at, one, (*place, n)) for n, one in enumerate(given))
    return _submission(body, [_sent(one | shared, (*place, n)) for n, one in enumerate(objects)])


def _submission(body: Mapping[str, Any], sent: Sequence[Sent]) -> Submission:
    *items, anonymize = all_of(
        [
            *(partial(one.parse, parse_interaction) for one in sent),
            lambda: flag_at(body, "anonymize", ("body",), default=True),
        ]
    )
    return Submission(items=items, anonymize=anonymize)


def _sent(raw: Mapping[str, Any], loc: tuple[str | int, ...]) -> Sent:
    fields, names = dict(raw), {}
    for name, others in OTHER_NAMES.items():
        if given := first_given(raw, (name, *others)):
            names[name], fields[name] = given
    is_counted = any(raw.get(name) is not None for name in _USAGE)
    fields["feature_flags"] = _listed(fields.get("feature_flags"))
    for tell in (told_by_traces, told_by_spans):
        for name, value in tell(fields.get("traces")).items():
            # Single calls are nothing to go by beside a model or sums that they do not come to.
            if fields.get(name) is None and not (is_counted and name == "model_calls"):
                fields[name] = value
    if fields.get("input") is None and fields.get("messages") is not None:
        fields["input"] = last_user_text(fields["messages"])
        names["input"] = "messages"
    return Sent(fields=fields, loc=loc, names=names)


def _listed(flags: Any) -> Any:
    return [flags] if isinstance(flags, str) else flags
