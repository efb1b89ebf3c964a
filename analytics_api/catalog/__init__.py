"""What can be asked: one entry per filter, group-by, metric and ordering.

Validation, queries, the OpenAPI document, the docs and the tests are made from these entries.
"""

from .dimensions import DIMENSIONS, Dimension
from .filters import FILTERS, FilterKind
from .metrics import DEFAULT_METRICS, METRICS, Metric
from .orderings import DEFAULT_ORDERING, ORDERINGS, Ordering
from .parameters import Parameter, ParameterType

__all__ = [
    "DEFAULT_METRICS",
    "DEFAULT_ORDERING",
    "DIMENSIONS",
    "FILTERS",
    "METRICS",
    "ORDERINGS",
    "Dimension",
    "FilterKind",
    "Metric",
    "Ordering",
    "Parameter",
    "ParameterType",
]
