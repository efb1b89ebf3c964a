"""What the document says of each endpoint besides the form of its body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics_api.query.plan import MAX_FILTER_VALUES
from analytics_api.views import InteractionAggregates
from analytics_api.views.query import QueryView

from .examples import AGGREGATES, Example

QUESTIONS = {"name": "Questions", "description": "Numbers about a project's interactions."}
TAGS = [QUESTIONS]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """description: paragraphs with `code` in backticks. answer: the schema's name."""

    id: str
    tag: str
    summary: str
    description: str
    answer: str
    answer_description: str
    examples: Sequence[Example]


OPERATIONS: dict[type[QueryView], Operation] = {
    InteractionAggregates: Operation(
        # Without underscores, which Swagger UI takes for spaces in its links.
        id="getInteractionAggregates",
        tag=QUESTIONS["name"],
        summary="Aggregate interactions, in total or by group",
        description="Counts the interactions of a time range and computes what is asked of them: users, "
        "feedback, cost, latency, retention and more. Without `group_by` the answer is one row, the total; "
        "with it, one row for each group; with `additional_group_bys`, one for each combination.\n\n"
        "Filters must all hold, and of the values of one filter any is enough. An interaction with several "
        "keywords, sources, emotions or types of feedback counts once in each group it belongs to.\n\n"
        "Some bodies are refused although each field is well formed: a range that ends before it starts, "
        "`additional_group_bys` without `group_by`, the same kind twice (for tags: the same key), and more "
        f"than {MAX_FILTER_VALUES} values in all filters together.",
        answer="AggregatePage",
        answer_description="The groups of the page, in the order asked for.",
        examples=AGGREGATES,
    ),
}
