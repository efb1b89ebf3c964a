"""Projects, their keys, and the experiments that are not run here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.errors import Unprocessable
from analytics_api.serializers.fields import Form, JSONField, StringField
from interactions.keys import find_key_holder, issue_key, revoke_key
from interactions.models import Project, Scope
from interactions.projects import validate_project_name

from .query import QueryView


class ProjectRequest(Form):
    """A project to make."""

    name = StringField(help_text="Its name, which no other project has.")
    created_by = StringField(help_text="Who makes it; the name of its first key.")


class KeyRequest(Form):
    """A key of this project."""

    api_key = StringField(help_text="The key in clear.")


class VariantsRequest(Form):
    """Whose variants."""

    user = StringField(help_text="The end user.")
    feature_flags = JSONField(
        required=False, default=list, allow_null=True, help_text="Accepted and not read."
    )


class CreateProject(QueryView):
    """Make a project and a first key, which is shown this once."""

    required_scope = Scope.MANAGE.value
    request_form = ProjectRequest()

    def post(self, request: Request) -> Response:
        asked = self.validate(request)
        with _refused_at("name"):
            validate_project_name(asked["name"])
        try:
            with transaction.atomic():
                project = Project.objects.create(name=asked["name"])
                with _refused_at("created_by"):
                    key = issue_key(project, name=asked["created_by"])
        except IntegrityError:
            raise _refusal("name", "there is a project of this name") from None
        return Response({"api_key": key, "project_id": project.public_id})


class DeleteKey(QueryView):
    """Revoke a key of this project, at once."""

    required_scope = Scope.MANAGE.value
    request_form = KeyRequest()

    def post(self, request: Request) -> Response:
        holder = find_key_holder(self.validate(request)["api_key"])
        # One that is not valid any more is as unknown as another project's.
        if holder is None or holder.project_id != request.auth.project_id:
            raise Http404
        revoke_key(holder.prefix)
        return Response({"message": "The key is revoked."})


class Variants(QueryView):
    """The variants of a user: none, for no experiments are run here."""

    request_form = VariantsRequest()

    def post(self, request: Request) -> Response:
        self.validate(request)
        return Response({"variants": []})


@contextmanager
def _refused_at(name: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise _refusal(name, " ".join(error.messages)) from None


def _refusal(name: str, msg: str) -> Unprocessable:
    return Unprocessable([{"loc": ["body", name], "msg": msg, "type": "value_error"}])
