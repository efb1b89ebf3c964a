"""The forms of the requests about eligible users (contract 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from analytics_api.query.refusals import Place
from interactions.eligible_users import NewEligibleUser
from interactions.models import MAX_WORD_CHARS
from interactions.times import parse_utc

from .fields import Form, ListField, NullIsAbsent, StringField, refusal

# A list can only be replaced at once; so many take a few seconds.
MAX_USERS = 50_000
# As many as an interaction has at most.
MAX_TAGS = 1000


class WordField(StringField):
    """What is stored as one word: an id, or the key or value of a tag."""

    def to_internal_value(self, data: Any) -> str:
        word = super().to_internal_value(data)
        if not 1 <= len(word) <= MAX_WORD_CHARS:
            raise refusal(f"expected 1 to {MAX_WORD_CHARS} characters", "value_error")
        return word


class DateField(NullIsAbsent):
    """A day; the date-time of its midnight in UTC will do."""

    def to_internal_value(self, data: Any) -> date:
        expected = "expected a date such as 2024-05-30"
        try:
            moment = parse_utc(data if isinstance(data, str) else "")
        except ValueError:
            raise refusal(expected, "datetime_parsing") from None
        if moment.time() != time.min:
            raise refusal(f"{expected}, not a time of day", "datetime_parsing")
        return moment.date()

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class TagsField(NullIsAbsent):
    """Words by key; a null value is a tag that is not there."""

    _word = WordField(allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, Mapping):
            raise refusal("expected an object", "value_error")
        if len(data) > MAX_TAGS:
            raise refusal(f"{len(data)} tags; at most {MAX_TAGS} are accepted", "value_error")
        tags, errors = {}, {}
        for key, value in data.items():
            try:
                if value is not None:
                    tags[self._word.to_internal_value(key)] = self._word.to_internal_value(value)
            except ValidationError as error:
                errors[key] = error.detail
        if errors:
            raise ValidationError(errors)
        return tags

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        return value


class EligibleUserForm(Form):
    """A user, and the days on which they are eligible."""

    end_user = WordField(help_text="The id the application uses.")
    tags = TagsField(required=False, default=dict, allow_null=True, help_text="Words by key.")
    active_from = DateField(help_text="The first day.")
    active_to = DateField(
        required=False, default=None, allow_null=True, help_text="The last day; without it, there is no end."
    )

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        start, end = values.get("active_from"), values.get("active_to")
        if start is not None and end is not None and end < start:
            msg = "lies before active_from; expected active_from <= active_to"
            yield ("active_to",), ErrorDetail(msg, code="value_error")

    def validated(self, values: dict[str, Any]) -> NewEligibleUser:
        return NewEligibleUser(external_id=values.pop("end_user"), **values)


class EligibleUsersRequest(Form):
    """Users, each once."""

    users = ListField(child=EligibleUserForm(), maximum=MAX_USERS, help_text="The users; may be empty.")

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        first_places: dict[str, int] = {}
        for place, user in enumerate(values.get("users", ())):
            first = first_places.setdefault(user.external_id, place)
            if first != place:
                msg = f"the same user as number {first} of the list; each is accepted once"
                yield ("users", place, "end_user"), ErrorDetail(msg, code="value_error")


class EligibleIdsRequest(Form):
    """Whom to remove."""

    users = ListField(child=WordField(), maximum=MAX_USERS, help_text="Their ids; may be empty.")
