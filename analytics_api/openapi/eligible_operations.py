"""The list of eligible users, by both its names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rest_framework.views import APIView

from analytics_api.views.eligible_users import EligibleUsers, PlatformUsers

from .examples import Example, Json
from .operation import Operation
from .schemas import Schema, list_of, object_of, reference, text

ELIGIBLE = {
    "name": "Eligible users",
    "description": "Those whom the product is there for; `penetration` is the share of them that uses it.",
}
_ADA: Json = {"end_user": "ada", "tags": {"team": "sales"}, "active_from": "2024-05-01"}
_LIST = {"users": [_ADA]}

ELIGIBLE_SCHEMAS: dict[str, Schema] = {
    "EligibleUser": object_of(
        "A user, and the days on which they are eligible.",
        {
            "end_user": text("The id the application uses."),
            "tags": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Words by key.",
            },
            "active_from": text("The first day.", format="date"),
            "active_to": text("The last day; without it, there is no end.", format="date"),
        },
        required=["end_user", "tags", "active_from"],
    ),
    "EligibleUsers": object_of(
        "Eligible users.", {"users": list_of(reference("schemas", "EligibleUser"), "The users.")}
    ),
}


def _operations(
    view: type[APIView], ids: str, alias: str
) -> Iterator[tuple[tuple[str, type[APIView]], Operation]]:
    """ids: how the ids of the operations end. alias: what is said of another name."""

    def operation(verb: str, summary: str, description: str, example: Example, answer: str) -> Operation:
        return Operation(
            id=f"{verb}{ids}",
            tag=ELIGIBLE["name"],
            summary=summary,
            description=f"{description}{alias}",
            answer=answer,
            answer_description="It is done." if answer == "Message" else "The users.",
            examples=(example,),
        )

    yield (
        ("GET", view),
        operation(
            "get",
            "List the eligible users",
            "All of the project, by id.",
            Example(
                name="list",
                title="Who is eligible?",
                description="Of a project that has listed nobody.",
                answer={"users": []},
            ),
            "EligibleUsers",
        ),
    )
    yield (
        ("POST", view),
        operation(
            "add",
            "Add eligible users",
            "Adds users; one that is listed already becomes what is given now. All or none.",
            Example(
                name="add",
                title="Ada joins",
                description="Without `active_to` there is no end.",
                request=_LIST,
                answer=_LIST,
            ),
            "EligibleUsers",
        ),
    )
    yield (
        ("PUT", view),
        operation(
            "replace",
            "Replace the eligible users",
            "Makes these all there are. All or none.",
            Example(
                name="replace",
                title="Ada alone",
                description="Whoever is not in the list is not eligible any more.",
                request=_LIST,
                answer=_LIST,
            ),
            "EligibleUsers",
        ),
    )
    yield (
        ("DELETE", view),
        operation(
            "remove",
            "Remove eligible users",
            "Removes users by id; ids that are not listed are passed over.",
            Example(
                name="remove",
                title="Ada leaves",
                description="Nobody of this name is listed here.",
                request={"users": ["ada"]},
                answer={"message": "Users removed: 0."},
            ),
            "Message",
        ),
    )


ELIGIBLE_OPERATIONS: Mapping[tuple[str, type[APIView]], Operation] = dict(
    (
        *_operations(EligibleUsers, "EligibleUsers", ""),
        *_operations(PlatformUsers, "PlatformUsers", " Another name of `eligible-users`."),
    )
)
