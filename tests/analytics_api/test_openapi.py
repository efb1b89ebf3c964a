"""The OpenAPI document: valid, complete, always the same, and true."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from analytics_api.catalog import DIMENSIONS, FILTERS, METRICS, ORDERINGS, Dimension, FilterKind
from analytics_api.errors import ERROR_TYPES
from analytics_api.openapi import document
from config.env import BASE_DIR
from interactions.keys import issue_key
from interactions.models import EligibleUser, Project
from tests import dataset
from tests.server import ask, environment, running_server

ADDRESS = "/api/external/openapi.json"
PATH = "/get-interaction-aggregates"
UNREACHABLE_DATABASE = "postgresql://127.0.0.1:1/facts"
PRINT_DOCUMENT = """
import sys, django
django.setup()
from analytics_api.openapi import document_json
sys.stdout.buffer.write(document_json())
"""

Schema = dict[str, Any]
FORMATS = Draft202012Validator.FORMAT_CHECKER

OPERATION: Schema = document()["paths"][PATH]["post"]
SCHEMAS: dict[str, Schema] = document()["components"]["schemas"]
EXAMPLES: dict[str, Schema] = OPERATION["requestBody"]["content"]["application/json"]["examples"]


def validator(name: str) -> Draft202012Validator:
    """Checks values against a component of the document."""
    return validator_of({"$ref": f"#/components/schemas/{name}"})


def validator_of(schema: Schema) -> Draft202012Validator:
    return Draft202012Validator({**document(), **schema}, format_checker=FORMATS)


def member(union: str, kind: str) -> Schema:
    """The schema of a kind."""
    return follow(SCHEMAS[union]["discriminator"]["mapping"][kind])


def follow(reference: str) -> Schema:
    found = document()
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            elif key == "mapping":
                yield from inner.values()
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def post(body: Any, headers: dict[str, str]):
    return Client().post(f"/api/external{PATH}", body, content_type="application/json", headers=headers)


@pytest.fixture
def project(db: None) -> Project:
    project = Project.objects.create(name="acme")
    dataset.record(project)
    return project


# It is served


# Without the mark that would let these touch the database.
@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}/"])
def test_document_is_for_anyone_and_needs_no_database(address: str):
    response = Client().get(address)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json() == document()


def test_document_is_only_read():
    response = Client().post(ADDRESS)

    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})


def test_processes_make_the_same_bytes(tmp_path: Path):
    made = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DOCUMENT],
            cwd=BASE_DIR,
            env={
                **environment(tmp_path, DATABASE_URL=UNREACHABLE_DATABASE),
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONHASHSEED": seed,
            },
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert made == {Client().get(ADDRESS).content}


# It is valid


def test_document_is_valid_openapi():
    assert document()["openapi"] == "3.1.0"
    validate_schema(document())


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_json_schema(name: str):
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_references_lead_somewhere():
    found = set(references(document()))

    assert len(found) > len(SCHEMAS) / 2
    assert all(follow(reference) for reference in found)


def test_nothing_is_left_to_guessing(capsys: pytest.CaptureFixture[str]):
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(public=True)

    # Drf-spectacular warns of whatever it has to guess.
    assert not GENERATOR_STATS, capsys.readouterr().err


# It is complete


@pytest.mark.parametrize(("kind", "entry"), FILTERS.items(), ids=FILTERS)
def test_filter_is_described(kind: str, entry: FilterKind):
    assert_described(member("Filter", kind), kind, entry)


@pytest.mark.parametrize(("kind", "entry"), DIMENSIONS.items(), ids=DIMENSIONS)
def test_group_by_is_described(kind: str, entry: Dimension):
    assert_described(member("GroupBy", kind), kind, entry)


def assert_described(schema: Schema, kind: str, entry: FilterKind | Dimension) -> None:
    """The schema has the entry's words and parameters, and nothing else."""
    fields = dict(schema["properties"])
    assert kind in fields.pop("kind")["enum"]
    assert schema["description"] == entry.help
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["kind", *(one.name for one in entry.parameters if one.required)]
    assert {name: (field["description"], field.get("default")) for name, field in fields.items()} == {
        one.name: (one.help, one.default) for one in entry.parameters
    }


@pytest.mark.parametrize(("name", "entries"), [("Variable", METRICS), ("Ordering", ORDERINGS)])
def test_names_are_listed_with_what_they_mean(name: str, entries: dict[str, Any]):
    meanings = {entry.name: entry.help for entry in entries.values()}

    assert SCHEMAS[name]["enum"] == list(meanings)
    assert SCHEMAS[name]["x-enumDescriptions"] == meanings
    assert SCHEMAS[name]["description"].splitlines() == [
        f"* `{key}`: {help}" for key, help in meanings.items()
    ]


def test_bounds_and_defaults_are_those_of_the_server(settings: Any):
    fields = SCHEMAS["AggregateRequest"]["properties"]

    assert (fields["limit"]["minimum"], fields["limit"]["maximum"]) == (1, settings.MAX_PAGE_SIZE)
    assert (fields["offset"]["minimum"], fields["offset"]["maximum"]) == (0, 2**63 - 1)
    assert (fields["filters"]["maxItems"], fields["additional_group_bys"]["maxItems"]) == (100, 8)
    assert fields["order_by"]["default"] == {"by": "n_interactions", "direction": "desc"}


def test_null_is_accepted_wherever_absence_is():
    forms = {name: schema for name, schema in SCHEMAS.items() if "additionalProperties" in schema}
    refused = [
        f"{name}.{field}"
        for name, schema in forms.items()
        for field, inner in schema["properties"].items()
        if Draft202012Validator({**document(), **inner}).is_valid(None) == (field in schema["required"])
    ]

    assert len(forms) > len(FILTERS)
    assert refused == []


def test_types_of_errors_are_listed():
    assert SCHEMAS["ValidationError"]["properties"]["type"]["enum"] == sorted(ERROR_TYPES)


def test_all_ways_to_present_a_key_are_listed():
    schemes = document()["components"]["securitySchemes"]

    assert [list(requirement) for requirement in OPERATION["security"]] == [[name] for name in schemes]
    assert [(scheme["type"], scheme.get("name")) for scheme in schemes.values()] == [
        ("http", None),
        ("apiKey", "X-API-Key"),
        ("apiKey", "Authorization"),
    ]


# It is true


def test_row_has_the_fields_described(project: Project):
    EligibleUser.objects.create(project=project, external_id="ada", active_from=date(2024, 1, 1))
    body = {
        **EXAMPLES["Total"]["value"],
        "group_by": {"kind": "cohort"},
        "variables": list(METRICS),
        "include_previous": True,
    }

    row = post(body, {"X-API-Key": issue_key(project, name="test")}).json()["data"][0]

    own, _ = SCHEMAS["AggregateRow"]["allOf"]
    assert set(row) == {*own["properties"], *SCHEMAS["Numbers"]["properties"]}
    validator("AggregateRow").validate(row)


BODY = EXAMPLES["Total"]["value"]
WRONG_BODY = {**BODY, "limit": 0, "variables": ["n_user"]}


def refusal(status: int) -> Schema:
    """The response that the document has for a status."""
    return follow(OPERATION["responses"][str(status)]["$ref"])


def assert_as_documented(response: Any, status: int) -> None:
    """The answer is the document's example, with the headers it promises."""
    documented = refusal(status)
    content = documented["content"]["application/json"]
    assert (response.status_code, response.json()) == (status, content["example"])
    assert set(documented.get("headers", ())) <= set(response.headers)
    Draft202012Validator({**document(), **content["schema"]}).validate(response.json())


@pytest.mark.django_db
def test_bad_key_is_refused_as_shown():
    assert_as_documented(post(BODY, {"Authorization": "Bearer unknown"}), 401)


def test_missing_scope_is_refused_as_shown(project: Project):
    key = issue_key(project, name="test", scopes="ingest")

    assert_as_documented(post(BODY, {"X-API-Key": key}), 403)


def test_wrong_method_is_refused_as_shown(project: Project):
    headers = {"X-API-Key": issue_key(project, name="test")}

    assert_as_documented(Client().put(f"/api/external{PATH}", headers=headers), 405)


def test_large_body_is_refused_as_shown(project: Project, settings: Any):
    body = {**BODY, "padding": "x" * settings.MAX_BODY_BYTES}

    assert_as_documented(post(body, {"X-API-Key": issue_key(project, name="test")}), 413)


def test_wrong_body_is_refused_as_shown(project: Project):
    assert_as_documented(post(WRONG_BODY, {"X-API-Key": issue_key(project, name="test")}), 422)


def test_unreachable_database_is_answered_as_shown(tmp_path: Path):
    well_formed_key = f"{'a' * 8}.{'b' * 32}"
    with running_server(environment(tmp_path, DATABASE_URL=UNREACHABLE_DATABASE)) as server:
        status, headers, body = ask(
            server, "POST", f"/api/external{PATH}", "{}", {"X-API-Key": well_formed_key}
        )

    assert_unavailable_as_shown(refusal(status), status, headers, body)


def test_probe_is_told_of_an_unreachable_database_as_shown(tmp_path: Path):
    with running_server(environment(tmp_path, DATABASE_URL=UNREACHABLE_DATABASE)) as server:
        status, headers, body = ask(server, "GET", "/readyz")

    documented = follow(document()["paths"]["/readyz"]["get"]["responses"][str(status)]["$ref"])
    assert_unavailable_as_shown(documented, status, headers, body)


def assert_unavailable_as_shown(documented: Schema, status: int, headers: Any, body: Any) -> None:
    assert (status, body) == (503, documented["content"]["application/json"]["example"])
    assert headers["Retry-After"] == str(documented["headers"]["Retry-After"]["schema"]["examples"][0])
