"""The server and its OpenAPI document agree, also on requests that nobody thought of."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from config.env import BASE_DIR
from interactions.keys import issue_key
from interactions.models import Project, Scope
from tests import dataset
from tests.server import environment, running_server

# Besides those at the edges of the schema, of which there are more than a thousand.
N_RANDOM_REQUESTS = 100


def url_of_test_database() -> str:
    name = connection.settings_dict["NAME"]
    server = os.environ.get("DATABASE_URL")
    return urlsplit(server)._replace(path=f"/{name}").geturl() if server else f"sqlite:///{name}"


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_documented(tmp_path: Path):
    project = Project.objects.create(name="acme")
    dataset.record(project)
    key = issue_key(project, name="test", scopes=" ".join(Scope.values))
    environ = environment(tmp_path, DATABASE_URL=url_of_test_database())

    with running_server(environ):
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
                "run",
                f"http://127.0.0.1:{environ['PORT']}/api/external/openapi.json",
                *("--header", f"Authorization: Bearer {key}"),
                *("--phases", "examples,coverage,fuzzing"),
                *("--max-examples", str(N_RANDOM_REQUESTS)),
                "--generation-deterministic",
                # Replaced by one in `schemathesis_hooks` that knows the rules across fields.
                *("--exclude-checks", "positive_data_acceptance"),
                "--no-color",
            ],
            # It leaves files where it runs.
            cwd=tmp_path,
            env={
                "PYTHONPATH": str(BASE_DIR),
                "SCHEMATHESIS_HOOKS": "tests.analytics_api.schemathesis_hooks",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
