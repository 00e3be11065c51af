"""Nothing that a client of the last release relies on is broken, and a planted break is found."""

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import api_document

FOLDER = Path(__file__).parents[2] / "openapi"
Json = dict[str, Any]


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("breaking", FOLDER / "breaking.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BREAKING = _module()
NOW = json.loads(json.dumps(api_document()))


def breaks(old: Json, new: Json) -> list[str]:
    return list(BREAKING.Comparison(old, new).breaks())


def test_the_released_document_is_kept() -> None:
    released = json.loads((FOLDER / "released.json").read_text("utf-8"))
    found = breaks(released, NOW)
    assert [one for one in found if one not in BREAKING.ALLOWED] == []
    # what is allowed is still met, or it is no exception any more
    assert set(BREAKING.ALLOWED) <= set(found)


def test_a_document_breaks_nothing_of_itself() -> None:
    assert breaks(NOW, NOW) == []


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def parameter(document: Json, path: str, name: str) -> Json:
    listed: list[Json] = document["paths"][path]["get"]["parameters"]
    return next(item for item in listed if item["name"] == name)


PLANTED: dict[str, Callable[[Json], Any]] = {
    "an operation": lambda new: new["paths"]["/v1/runs/{run_id}"].pop("get"),
    "a parameter": lambda new: new["paths"]["/v1/runs"]["get"]["parameters"].pop(0),
    "a field of an answer": lambda new: schema(new, "Run")["properties"].pop("counts"),
    "a nested field of an answer": lambda new: schema(new, "Counts")["properties"].pop("staged"),
    "a promise": lambda new: schema(new, "Run")["required"].remove("status"),
    "null where there was none": lambda new: schema(new, "Run")["properties"].update(
        export_id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "another type": lambda new: schema(new, "Counts")["properties"].update(read={"type": "string"}),
    "a field of a request": lambda new: schema(new, "ExportCreate")["properties"].pop("sync_mode"),
    "a new required field": lambda new: schema(new, "ExportCreate")["required"].append("sync_mode"),
    "a value": lambda new: schema(new, "SyncMode")["enum"].remove("mirror"),
    "a bound": lambda new: schema(new, "ExportCreate")["properties"]["segment_ids"].update(
        maxItems=1
    ),
    "a pattern": lambda new: schema(new, "SegmentCreate")["properties"]["name"].update(
        pattern="^a$"
    ),
    "a kind of source": lambda new: schema(new, "SegmentCreate")["properties"]["source"][
        "oneOf"
    ].pop(0),
    "a status": lambda new: new["paths"]["/v1/exports"]["post"]["responses"].pop("201"),
    "a media type": lambda new: new["paths"]["/v1/segments/{segment_id}/members"]["put"][
        "requestBody"
    ]["content"].pop("text/csv"),
    "a status of a refusal": lambda new: new["paths"]["/v1/runs/{run_id}"]["get"]["responses"].pop(
        "404"
    ),
    "a shared answer's media type": lambda new: new["components"]["responses"]["NotFound"].pop(
        "content"
    ),
    "a header": lambda new: new["paths"]["/v1/exports"]["post"]["responses"]["201"]["headers"].pop(
        "Location"
    ),
    "a parameter that must be given": lambda new: new["paths"]["/v1/runs"]["get"][
        "parameters"
    ].append({"in": "query", "name": "day", "required": True, "schema": {"type": "string"}}),
    "a parameter's type": lambda new: parameter(new, "/v1/runs", "limit")["schema"].update(
        type="string"
    ),
    "a parameter's bound": lambda new: parameter(new, "/v1/runs", "limit")["schema"].update(
        maximum=10
    ),
    "a narrower type": lambda new: schema(new, "ExportCreate")["properties"].update(
        min_usable_ratio={"type": "integer"}
    ),
    "a wider type of an answer": lambda new: schema(new, "Counts")["properties"].update(
        read={"type": "number"}
    ),
    "a value of a query": lambda new: schema(new, "RunStatus")["enum"].remove("queued"),
    "no enumeration any more": lambda new: schema(new, "RunStatus").pop("enum"),
    "a moment": lambda new: schema(new, "Run")["properties"]["queued_at"].pop("format"),
    "an open operation": lambda new: new["paths"]["/livez"]["get"].update(security=[{"key": []}]),
    "a way in": lambda new: new["paths"]["/v1/me"]["get"]["security"].pop(0),
    "a webhook": lambda new: new["webhooks"].popitem(),
    "a field of a webhook's body": lambda new: schema(new, "RunEventData")["properties"].pop(
        "run_id"
    ),
    "the name of an operation": lambda new: new["paths"]["/v1/me"]["get"].update(operationId="me"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_break_is_found(what: str) -> None:
    new = copy.deepcopy(NOW)
    PLANTED[what](new)
    assert breaks(NOW, new)


def test_what_is_added_breaks_nothing() -> None:
    new = copy.deepcopy(NOW)
    new["paths"]["/v1/more"] = {"get": {"operationId": "more", "responses": {}}}
    schema(new, "Run")["properties"]["more"] = {"type": "string"}
    schema(new, "ExportCreate")["properties"]["more"] = {"type": "string"}
    schema(new, "SyncMode")["enum"].append("more")
    assert breaks(NOW, new) == []
