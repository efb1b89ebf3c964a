"""What the document says of an endpoint besides the form of its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drf_spectacular.utils import OpenApiParameter

from .examples import Example
from .schemas import Schema


@dataclass(frozen=True, kw_only=True)
class Operation:
    """description: paragraphs with `code` in backticks. answer: the schema's name.

    body: of a view without a `request_form`. refusals: the names of those that not every
    endpoint has, or has otherwise, by status. own_refusals: of an endpoint that has no others.
    """

    id: str
    tag: str
    summary: str
    description: str
    answer: str
    answer_description: str
    examples: Sequence[Example]
    body: Schema | None = None
    parameters: Sequence[OpenApiParameter] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    own_refusals: Mapping[str, str] | None = None
