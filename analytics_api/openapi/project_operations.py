"""Projects, their keys, and the experiments that are not run here."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.views import APIView

from analytics_api.views.deletion import DeleteInteractions
from analytics_api.views.projects import CreateProject, DeleteKey, Variants

from .examples import Example
from .operation import Operation
from .schemas import Schema, list_of, object_of, text

PROJECTS = {"name": "Projects", "description": "Projects and their keys."}

_KEY = "kX3dR7uQ.4bWm1Zt8Yp0sVn6Lc2Gh9Jf5Ra7Ke3Qd"

PROJECT_SCHEMAS: dict[str, Schema] = {
    "MadeProject": object_of(
        "A project and its first key.",
        {
            "api_key": text("The key in clear, shown this once; its scopes are `query` and `ingest`."),
            "project_id": text("The project's id.", format="uuid"),
        },
    ),
    "Message": object_of("That it is done.", {"message": text("For people.")}),
    "UserVariants": object_of(
        "The variants of a user.",
        {"variants": list_of({}, "Always empty: no experiments are run here.") | {"maxItems": 0}},
    ),
}

PROJECT_OPERATIONS: Mapping[tuple[str, type[APIView]], Operation] = {
    ("POST", CreateProject): Operation(
        id="createProject",
        tag=PROJECTS["name"],
        summary="Make a project",
        description="Makes a project with a first key, which is the only way to see it in clear. The key is "
        "named after `created_by`.",
        answer="MadeProject",
        answer_description="The project and its key.",
        examples=(
            Example(
                name="project",
                title="A project for the web shop",
                description="The name must be free.",
                request={"name": "web-shop", "created_by": "grace"},
                answer={"api_key": _KEY, "project_id": "0b6f4c1e-5a35-4c1e-9a54-0d9a7e1f2b11"},
                made_anew=("api_key", "project_id"),
            ),
        ),
    ),
    ("POST", DeleteKey): Operation(
        id="deleteKey",
        tag=PROJECTS["name"],
        summary="Revoke a key",
        description="Revokes a key of this project. From then on it opens nothing.",
        answer="Message",
        answer_description="The key is revoked.",
        examples=(
            Example(
                name="key",
                title="A key that has leaked",
                description="One that is not valid any more is not found.",
                request={"api_key": _KEY},
                answer={"message": "The key is revoked."},
                made_anew=("api_key",),
            ),
        ),
        refusals={"404": "NotThere"},
    ),
    ("POST", DeleteInteractions): Operation(
        id="deleteInteractions",
        tag=PROJECTS["name"],
        summary="Delete interactions",
        description="Deletes the interactions that the filters and the range name, with their texts, traces, "
        "labels and feedback, and the users and conversations of whom nothing is left. **Of neither filters "
        "nor a range, it deletes everything in the project.** When the answer is there, all of it is gone; "
        "a million interactions take minutes. A line of the audit stays.",
        answer="Message",
        answer_description="The interactions are deleted.",
        examples=(
            Example(
                name="user",
                title="A user who wants to be forgotten",
                description="Filters are those of questions.",
                request={"filters": [{"kind": "user", "values": ["dee"]}]},
                answer={"message": "2 interactions are deleted."},
            ),
        ),
    ),
    ("POST", Variants): Operation(
        id="getVariants",
        tag=PROJECTS["name"],
        summary="Ask for the variants of a user",
        description="For clients that ask before they begin. No experiments are run here, so there are none.",
        answer="UserVariants",
        answer_description="No variants.",
        examples=(
            Example(
                name="variants",
                title="Which variants does Ada see?",
                description="`feature_flags` may be anything, and is not read.",
                request={"user": "ada", "feature_flags": ["dark"]},
                answer={"variants": []},
            ),
        ),
    ),
}
