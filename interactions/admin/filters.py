"""Filters beside the lists: bounded choices, within the chosen project, strict about addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import BooleanFieldListFilter, FieldListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest

from interactions.models import FeedbackType, Label, Project

from .browsing import BrowsingChangeList

# Nobody reads more links than this beside a list; labels have a list with a search.
MAX_LABELS = 50
MAX_PROJECTS = 200


def read_key(text: str) -> int:
    """A primary key from an address. Raises IncorrectLookupParameters."""
    try:
        return int(text)
    except ValueError as error:
        raise IncorrectLookupParameters(error) from error


class OneValueFilter(FieldListFilter):
    """Rows with one value of a field, by its name alone: `?kind=topic`.

    chosen: the value in the address, checked; None when there is none.
    options: values and what to call them; the chosen one is always there, to be taken back.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        texts = self.used_parameters.get(self.field.name)
        self.chosen = self.read(texts[-1]) if texts else None
        self.options = self.find_options()

    def read(self, text: str) -> int | str:
        """The value meant by an address. Raises IncorrectLookupParameters."""
        raise NotImplementedError

    def find_options(self) -> list[tuple[int | str, str]]:
        raise NotImplementedError

    def expected_parameters(self) -> list[str]:
        return [self.field.name]

    def has_output(self) -> bool:
        return bool(self.options)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset if self.chosen is None else queryset.filter(**{self.field_path: self.chosen})

    def choices(self, changelist: BrowsingChangeList) -> Iterator[dict[str, Any]]:
        obsolete = self.obsolete_after_choice(changelist)
        for value, display in [(None, "All"), *self.options]:
            yield {
                "selected": value == self.chosen,
                "query_string": changelist.get_query_string({self.field.name: value}, obsolete),
                "display": display,
            }

    def obsolete_after_choice(self, changelist: BrowsingChangeList) -> list[str]:
        """Parameters of other filters that would find nothing after another choice."""
        return []


class ChoiceFilter(OneValueFilter):
    """One of the field's declared choices."""

    def read(self, text: str) -> str:
        if text not in dict(self.field.choices):
            raise IncorrectLookupParameters(f"{text!r} is no {self.title}.")
        return text

    def find_options(self) -> list[tuple[str, str]]:
        return list(self.field.choices)


class KeyFilter(OneValueFilter):
    """Rows that refer to one other row, by its primary key: `?topic=17`."""

    def read(self, text: str) -> int:
        return read_key(text)

    def with_chosen(self, options: list[tuple[int, str]], rows: QuerySet) -> list[tuple[int, str]]:
        """`options`, led by the chosen one of `rows` if it is not among them."""
        if self.chosen is None or self.chosen in dict(options):
            return options
        row = rows.filter(pk=self.chosen).first()
        if row is None:
            raise IncorrectLookupParameters(f"There is no {self.title} {self.chosen}.")
        return [(row.pk, str(row)), *options]


class ChosenFilter(KeyFilter):
    """Shown only while it is on: a link elsewhere led here, and there are too many to list."""

    def find_options(self) -> list[tuple[int, str]]:
        return self.with_chosen([], self.field.related_model.objects)


class LabelFilter(KeyFilter):
    """The first labels of the field's dimension in the chosen project; hidden without one."""

    def find_options(self) -> list[tuple[int, str]]:
        labels = Label.objects.filter(dimension__kind=self.field.name)
        project = self.request.GET.get("project")
        if project is None:
            return self.with_chosen([], labels)
        # Served by dimension_once_a_project, then label_once_a_dimension, which has them in order.
        of_project = labels.filter(dimension__project=read_key(project), dimension__key="").order_by("value")
        options = list(of_project.values_list("pk", "value")[: MAX_LABELS + 1])
        if len(options) > MAX_LABELS:
            self.title = f"{self.title} (first {MAX_LABELS})"
        return self.with_chosen(options[:MAX_LABELS], labels)


class ProjectFilter(KeyFilter):
    """The projects by name. Choosing one takes back what belongs to another."""

    def find_options(self) -> list[tuple[int, str]]:
        return self.with_chosen(
            list(Project.objects.values_list("pk", "name")[:MAX_PROJECTS]), Project.objects
        )

    def obsolete_after_choice(self, changelist: BrowsingChangeList) -> list[str]:
        specs = changelist.filter_specs
        return [spec.field.name for spec in specs if isinstance(spec, ChosenFilter | LabelFilter)]


class DeclaredFilter(SimpleListFilter):
    """One of a few choices that are no field's own, refusing every other."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.value() is not None and self.value() not in dict(self.lookup_choices):
            raise IncorrectLookupParameters(f"{self.value()!r} is no {self.title}.")


class FeedbackFilter(DeclaredFilter):
    """Interactions that have feedback of one type."""

    title = parameter_name = "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return FeedbackType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        return queryset.filter(**{f"{FeedbackType(self.value()).counter}__gt": 0})


class RecordedFilter(DeclaredFilter):
    """Feedback whose interaction is recorded, or that still waits for it."""

    title = parameter_name = "interaction"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("recorded", "Recorded"), ("waiting", "Not recorded yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        return queryset.filter(interaction__isnull=self.value() == "waiting")


class PiiFilter(BooleanFieldListFilter):
    """Interactions in which personal data was found, or was not."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.title = "PII"
