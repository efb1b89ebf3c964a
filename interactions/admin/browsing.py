"""Lists of big tables: what they count, how they are ordered, which addresses they understand."""

from functools import cached_property

from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from .drill_down import DrillDown, make_drill_down, read_period

# As far as anyone leafs. Counting on would read a million rows to show one number.
MAX_LISTED = 10_000


class BoundedPaginator(Paginator):
    """Pages over the first MAX_LISTED rows.

    Their primary keys are read once and give both the count and the pages: where a filter
    finds few rows, finding them is what costs, and it should not be done twice.
    """

    @cached_property
    def _found(self) -> list[int]:
        return list(self.object_list.values_list("pk", flat=True)[: MAX_LISTED + 1])

    @cached_property
    def count(self) -> int:
        """How many rows can be leafed through: all that match, or the first MAX_LISTED."""
        return min(len(self._found), MAX_LISTED)

    @property
    def has_more(self) -> bool:
        """True when more rows match than can be leafed through."""
        return len(self._found) > self.count

    def keys_on(self, number: int) -> list[int]:
        """The primary keys of the rows on a page, in order."""
        return self._found[: self.count][(number - 1) * self.per_page : number * self.per_page]


class BrowsingChangeList(ChangeList):
    """A list that understands its own filters and nothing else, in an order an index serves."""

    def get_filters(self, request: HttpRequest):
        """Refuse every parameter that no filter of the list has taken.

        Django would make a condition of it: any column, scanned, compared with any text.
        """
        if self.date_hierarchy:
            read_period(self.date_hierarchy, self.params)
        try:
            found = super().get_filters(request)
        except (DisallowedModelAdminLookup, ValueError, OverflowError) as error:
            # The latter two: dates that no calendar has, such as the year 99999.
            raise IncorrectLookupParameters(error) from error
        conditions = found[2]
        if unknown := conditions.keys() & self.filter_params.keys():
            raise IncorrectLookupParameters(f"Unknown parameters: {', '.join(sorted(unknown))}.")
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        """Ignore an order by anything but the columns offered for it: it would sort every row."""
        offered = {str(self.list_display.index(name)) for name in self.sortable_by}
        if self.params.get(ORDER_VAR, "").removeprefix("-") not in offered:
            self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page by their keys alone.

        The conditions that found them would tempt SQLite to another index, and joins would
        be made for the rows of every page before.
        """
        super().get_results(request)
        rows = self.root_queryset.filter(
            pk__in=self.paginator.keys_on(self.page_num if self.multi_page else 1)
        )
        if not rows.query.select_related:
            rows = self.apply_select_related(rows)
        self.result_list = rows.order_by(*self.get_ordering(request, rows))
        if self.paginator.has_more or not self.query:
            # Leaves out "N results" beside the search: not true, or said below the list anyway.
            self.full_result_count = self.result_count

    @property
    def drill_down(self) -> DrillDown | None:
        """The links from years to months to days; None when there is nothing to date."""
        return make_drill_down(self)


class BrowsingAdmin(admin.ModelAdmin):
    """Quick at a million rows, and unmoved by garbage in the address."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50
    sortable_by: tuple[str, ...] = ()
    # Fields that have an index together with the date, best first.
    dated_by: tuple[str, ...] = ()

    class Media:
        css = {"all": ["interactions/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[ChangeList]:
        return BrowsingChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        text = search_term.strip()
        if "\x00" in text:
            # Nothing stored holds a NUL, and PostgreSQL answers one with an error.
            queryset = queryset.none()
        elif text:
            queryset = self.search(request, queryset, text)
        return queryset, False

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        """The rows that match; any of `search_fields` containing it, unless a list knows better."""
        return super().get_search_results(request, rows, text)[0]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            self.message_user(
                request,
                "That address asked for something this list does not know; nothing is filtered now.",
                messages.WARNING,
            )
        return super().changelist_view(request, extra_context)


class RecordedAdmin(BrowsingAdmin):
    """What clients recorded: to be read, never to be changed by hand."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        # What is never changed has no history for the page to offer.
        context = {**(extra_context or {}), "is_recorded": True}
        return super().change_view(request, object_id, form_url, context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
