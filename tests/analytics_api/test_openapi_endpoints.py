"""Every endpoint is in the OpenAPI document, and answers and refuses as it says there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from rest_framework.views import APIView

from analytics_api.openapi import document
from analytics_api.openapi.examples import Example
from analytics_api.openapi.operations import OPERATIONS
from analytics_api.views.docs import OpenAPIDocument
from config.health import PROBES
from interactions.keys import issue_key
from interactions.models import Project, Scope
from tests import dataset

Schema = dict[str, Any]

# By operation id: method, address from the root of the server, what the document says.
DOCUMENTED: dict[str, tuple[str, str, Schema]] = {
    operation["operationId"]: (
        method.upper(),
        operation.get("servers", document()["servers"])[0]["url"].rstrip("/") + path,
        operation,
    )
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}
EXAMPLES = {
    f"{operation.id}: {example.name}": (operation.id, example)
    for operation in OPERATIONS.values()
    for example in operation.examples
}
BAD_BODIES = ("", "{", "[]", "null", "{}")
WITH_KEY = [name for name, (_, _, operation) in DOCUMENTED.items() if operation["security"]]
WITH_BODY = [name for name, (_, _, operation) in DOCUMENTED.items() if "requestBody" in operation]


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="acme")


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="test", scopes=" ".join(Scope.values))


def send(
    name: str,
    key: str,
    body: Any,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] = {},
    **headers: str,
) -> Any:
    """Call an operation; without values for its address, at the first example's."""
    method, address, operation = DOCUMENTED[name]
    return Client().generic(
        method,
        address.format(**(first_values(operation) if path is None else path)),
        body if isinstance(body, str | bytes) else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"} | headers,
        query_params=query,
    )


def content_of(holder: Schema) -> Schema:
    """What a body or an answer of the document holds."""
    while "$ref" in holder:
        holder = document()["components"]["responses"][holder["$ref"].rpartition("/")[2]]
    return holder["content"]["application/json"]


def assert_fits(value: Any, holder: Schema) -> None:
    schema = {**document(), **content_of(holder)["schema"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def assert_refused(response: Any, status: int, name: str) -> None:
    """With this status, in the form that the document has for it."""
    assert response.status_code == status, (name, response.content)
    assert_fits(response.json(), DOCUMENTED[name][2]["responses"][str(status)])


# Every endpoint is there


def views_of(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, Any]]:
    """-> the regular expression of an address, from the root, and its view class"""
    for pattern in patterns:
        place = before + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            yield from views_of(pattern.url_patterns, place)
        elif view := getattr(pattern.callback, "cls", None):
            yield place, view


VIEWS = {
    address: view for address, view in views_of(get_resolver().url_patterns) if issubclass(view, APIView)
}


@pytest.mark.parametrize("address", VIEWS)
def test_endpoint_is_in_the_document(address: str):
    view = VIEWS[address]
    # The document does not describe itself: it is asked for without a key, and by those who know it.
    methods = {method.upper() for method in view.http_method_names if hasattr(view, method)} - {"OPTIONS"}
    documented = {
        method
        for method, path, operation in DOCUMENTED.values()
        if re.fullmatch(f"/{address}", path.format(**first_values(operation)))
    }

    assert documented == (set() if view is OpenAPIDocument else methods)


def test_probes_and_nothing_else_are_for_anyone():
    without_key = {address for name, (_, address, _) in DOCUMENTED.items() if name not in WITH_KEY}

    assert without_key == set(PROBES)


def first_values(operation: Schema) -> dict[str, str]:
    """A value for each place in the address."""
    return {
        parameter["name"]: next(iter(parameter["examples"].values()))["value"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    }


# It answers as shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_answered_as_shown(project: Project, key: str, name: str):
    operation_id, example = EXAMPLES[name]
    operation = DOCUMENTED[operation_id][2]
    dataset.record(project)
    body = as_sent(example, project)

    response = send(operation_id, key, "" if body is None else body, path=example.path, query=example.query)

    assert response.status_code == 200
    answer = json.loads(response.getvalue())
    anew = {field: answer[field] for field in example.made_anew if field in example.answer}
    assert answer == ({**example.answer, **anew} if anew else example.answer)
    if body is not None:
        assert_fits(body, operation["requestBody"])
    for shown in (answer, example.answer):
        assert_fits(shown, operation["responses"]["200"])


def as_sent(example: Example, project: Project) -> Any:
    """The body of an example; a key in it is one that the project has."""
    if "api_key" in (example.request or ()):
        return {**example.request, "api_key": issue_key(project, name="leaked")}
    return example.request


# It refuses as shown


@pytest.mark.parametrize("name", WITH_KEY)
def test_bad_key_and_missing_scope_are_refused(project: Project, name: str):
    _, _, operation = DOCUMENTED[name]
    (scope,) = operation["security"][0]["Bearer"]
    others = " ".join(other for other in Scope.values if other != scope)

    assert_refused(send(name, "unknown", {}), 401, name)
    assert_refused(send(name, issue_key(project, name="other", scopes=others), {}), 403, name)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_wrong_method_is_refused(key: str, name: str):
    _, address, operation = DOCUMENTED[name]

    wrong = Client().generic(
        "PATCH",
        address.format(**first_values(operation)),
        headers={"Authorization": f"Bearer {key}"},
    )

    assert_refused(wrong, 405, name)
    assert wrong["Allow"]


# No spans are fine in a protocol that has refusals of its own, and whoever deletes without naming anything
# names everything.
NOTHING_IN_THEM = {"recordSpans": (400, BAD_BODIES[:-1]), "deleteInteractions": (422, BAD_BODIES[:-1])}


@pytest.mark.parametrize("name", WITH_BODY)
def test_bad_bodies_are_refused(key: str, name: str, settings: Any):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert_refused(send(name, key, "x" * 101), 413, name)
    assert_refused(send(name, key, "{}", **{"Content-Encoding": "br"}), 415, name)
    status, bodies = NOTHING_IN_THEM.get(name, (422, BAD_BODIES))
    for body in bodies:
        assert_refused(send(name, key, body, **{"Content-Type": "application/json"}), status, name)


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("getInteractionDetail", {"interaction_id": "0b6f4c1e-5a35-4c1e-9a54-0d9a7e1f2b11"}, ""),
        ("getInteractionDetailV2", {"interaction_id": "0b6f4c1e-5a35-4c1e-9a54-0d9a7e1f2b11"}, ""),
        ("getConversationDetail", {}, {"conversation_id": "none"}),
        ("deleteKey", {}, {"api_key": "unknown"}),
    ],
)
def test_what_is_not_there_is_refused(key: str, name: str, path: dict[str, str], body: Any):
    response = send(name, key, body, path=path)

    assert_refused(response, 404, name)
    assert response.json() == content_of(DOCUMENTED[name][2]["responses"]["404"])["example"]


@pytest.mark.parametrize("name", ["getInteractionDetail", "getInteractionDetailV2"])
def test_malformed_id_is_refused_as_shown(key: str, name: str):
    response = send(name, key, "", path={"interaction_id": "nonsense"})

    assert_refused(response, 422, name)
    assert response.json() == content_of(DOCUMENTED[name][2]["responses"]["422"])["example"]


def test_encoding_is_refused_as_shown(key: str):
    response = send("getInteractions", key, "{}", **{"Content-Encoding": "br"})

    assert response.json() == content_of(DOCUMENTED["getInteractions"][2]["responses"]["415"])["example"]


def test_wrong_idempotency_key_is_refused(key: str):
    response = send("recordBatch", key, {"interactions": []}, **{"Idempotency-Key": "x" * 1000})

    assert_refused(response, 422, "recordBatch")
