"""What the document says of each endpoint: those that ask here, the others in files of their own."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.views import APIView

from analytics_api.query.plan import MAX_FILTER_VALUES
from analytics_api.serializers.aggregates import MAX_BUCKETS
from analytics_api.views import (
    InteractionAggregates,
    InteractionMultiAggregates,
    Interactions,
    InteractionTimeSeries,
)

from .detail_operations import DETAIL_OPERATIONS, DETAILS
from .eligible_operations import ELIGIBLE, ELIGIBLE_OPERATIONS
from .examples import AGGREGATES
from .operation import Operation
from .otlp_operations import OTLP_OPERATIONS
from .probe_operations import PROBE_OPERATIONS, PROBING
from .project_operations import PROJECT_OPERATIONS, PROJECTS
from .question_examples import LISTING, MULTI_AGGREGATES, TIME_SERIES
from .recording_operations import RECORDING, RECORDING_OPERATIONS

QUESTIONS = {
    "name": "Questions",
    "description": "Interactions of a project, in numbers and listed.",
}
# In the order in which people read.
TAGS = [QUESTIONS, DETAILS, RECORDING, ELIGIBLE, PROJECTS, PROBING]

_QUESTIONS: Mapping[tuple[str, type[APIView]], Operation] = {
    ("POST", InteractionAggregates): Operation(
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
    ("POST", InteractionMultiAggregates): Operation(
        id="getInteractionMultiAggregates",
        tag=QUESTIONS["name"],
        summary="Aggregate by several lists of groups at once",
        description="Several aggregations of the same interactions, all of one moment: each list of "
        "`group_by_groups` is one, with its first element as `group_by` and the rest as "
        "`additional_group_bys`; an empty list is the total. The rows of all of them are in one order, and "
        "pages are of all rows together.",
        answer="MultiAggregatePage",
        answer_description="The groups of the page; `kinds` tells which list a row belongs to.",
        examples=MULTI_AGGREGATES,
    ),
    ("POST", InteractionTimeSeries): Operation(
        id="getInteractionTimeSeries",
        tag=QUESTIONS["name"],
        summary="Aggregate bucket by bucket",
        description="The same numbers for every hour, day, week, month, quarter or year of the range, none "
        "left out. The first bucket is the one that holds `start`. Each count has its `_prev`: that of the "
        "bucket in the same place of the range of the same length just before.\n\n"
        f"More than {MAX_BUCKETS} buckets are refused.",
        answer="TimeSeries",
        answer_description="The buckets, and a row for each.",
        examples=TIME_SERIES,
    ),
    ("POST", Interactions): Operation(
        id="getInteractions",
        tag=QUESTIONS["name"],
        summary="List interactions",
        description="The interactions of a time range, newest first, with their texts. Pages of one range "
        "stay as they are while newer interactions arrive.",
        answer="InteractionPage",
        answer_description="The interactions of the page.",
        examples=LISTING,
    ),
}
OPERATIONS = {
    **_QUESTIONS,
    **DETAIL_OPERATIONS,
    **RECORDING_OPERATIONS,
    **OTLP_OPERATIONS,
    **ELIGIBLE_OPERATIONS,
    **PROJECT_OPERATIONS,
    **PROBE_OPERATIONS,
}
