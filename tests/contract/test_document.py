"""The document is one that generators, linters and people can work with: rules for the whole of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.codes import CODES, of_operation
from app.http.openapi.description import TAGS
from app.http.openapi.document import operations, walk
from app.main import create_app
from app.settings import Settings
from tests.conftest import api_document

ROOT = Path(__file__).parents[2]
DOCUMENT = api_document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, operation) for method, operation in operations(DOCUMENT)
}
OPEN = {
    "begin_oidc_sign_in", "confirm_facebook_sign_in", "create_session", "finish_facebook_sign_in",
    "finish_oidc_sign_in", "get_problem_type", "get_sign_in", "list_problem_types", "livez", "metrics",
    "readyz",
}  # fmt: skip


def texts() -> Iterator[str]:
    found: list[str] = []

    def note(node: dict[str, Any]) -> None:
        found.extend(
            node[key]
            for key in ("summary", "description", "title")
            if isinstance(node.get(key), str)
        )

    walk(DOCUMENT, note)
    yield from found


def test_moments_are_date_times() -> None:
    for name, schema in SCHEMAS.items():
        for field, value in schema.get("properties", {}).items():
            if re.search(r"(_at|_until|^at|^since|^until)$", field):
                inner = next(
                    (one for one in value.get("anyOf", [value]) if one != {"type": "null"}), value
                )
                assert inner.get("format") == "date-time", (name, field)


def test_no_schema_has_a_free_object() -> None:
    free = {
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, value in schema.get("properties", {}).items()
        for one in value.get("anyOf", [value])
        if one.get("type") == "object" and one.get("additionalProperties") is True
    }
    assert free == set()


def test_maps_say_what_their_values_are() -> None:
    """Metadata of requests was a free object to every generator."""
    loose: list[Any] = []

    def note(node: dict[str, Any]) -> None:
        if node.get("type") == "object" and not {"properties", "additionalProperties"} & set(node):
            loose.append(node)

    walk(DOCUMENT["components"], note)
    assert loose == []
    metadata = SCHEMAS["ExportCreate"]["properties"]["metadata"]
    assert metadata["additionalProperties"] == {"type": "string", "maxLength": 500}


def test_no_list_ends_in_a_null_alone() -> None:
    """A cursor that is always null is a text or null, as in every list: a type of null breaks generators."""
    for name, schema in SCHEMAS.items():
        for field, value in schema.get("properties", {}).items():
            assert value.get("type") != "null", (name, field)


def test_the_audit_trail_names_all_that_is_recorded() -> None:
    """Each `record(session, caller, "what.was_done", …)` of the source, and nothing else."""
    recorded = set()
    for folder in ("app", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Name(id="record"), args=[_, _, ast.Constant(value=said), *_]
                    ):
                        recorded.add(said)
                    case ast.Call(func=ast.Name(id="record"), args=[_, _, ast.JoinedStr(), *_]):
                        assert path.name == "execution.py"
                        recorded |= {"erasure.done", "erasure.failed"}
    assert set(SCHEMAS["AuditEventAction"]["enum"]) == recorded


def test_parameters_are_never_null_and_nothing_is_required_by_a_default() -> None:
    for name, (_, operation) in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", []), (
                name,
                parameter["name"],
            )
    for name in (
        "ExportCreate",
        "ConnectionCreate",
        "SegmentCreate",
        "WebhookCreate",
        "RefreshScheduleUpdate",
    ):
        for field, value in SCHEMAS[name]["properties"].items():
            assert "default" not in value, (name, field)


def test_names_are_those_that_programs_call() -> None:
    for name, schema in SCHEMAS.items():
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*|Body_confirm_facebook_sign_in", name), name
        assert name.lower() not in schema.get("properties", {}), name
    assert {"RunPage", "ExportStatus", "ConnectionStatus", "DeliveryStatus"} <= set(SCHEMAS)


def test_texts_have_no_numbers_of_requirements() -> None:
    assert not [text for text in texts() if re.search(r"\b[SL][0-9]{1,2}[a-z]?\b", text)]


def test_tags_tell_the_story_and_summaries_are_sentences() -> None:
    names = [tag["name"] for tag in TAGS]
    assert (names[0], names[-1]) == ("connections", "operations")
    for name, (_, operation) in OPERATIONS.items():
        assert set(operation["tags"]) <= set(names), name
        assert operation["summary"].endswith((".", "?")), name
    assert DOCUMENT["info"]["license"]["identifier"] == "Apache-2.0"
    assert DOCUMENT["servers"]


def test_every_operation_says_who_may_call_it() -> None:
    assert {name for name, (_, one) in OPERATIONS.items() if one["security"] == []} == OPEN
    configured = create_app(
        Settings(oidc_issuer="https://id.example.com", oidc_audience="x")
    ).openapi()
    schemes = configured["components"]["securitySchemes"]
    assert (
        schemes["oidc"]["openIdConnectUrl"]
        == "https://id.example.com/.well-known/openid-configuration"
    )
    assert {one["type"] for one in schemes.values()} == {"http", "apiKey", "openIdConnect"}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_refusals_are_listed_with_their_codes(name: str) -> None:
    method, operation = OPERATIONS[name]
    assert {"400", "422", "500", "503", "504", "default"} <= set(operation["responses"])
    if operation["security"]:
        assert {"401", "403", "429"} <= set(operation["responses"])
    for code in of_operation(name):
        assert CODES[code].status, code
    if method == "get" and "application/json" in operation["responses"].get("200", {}).get(
        "content", {}
    ):
        assert "304" in operation["responses"]
        assert "ETag" in operation["responses"]["200"]["headers"]


def test_the_example_of_a_refusal_is_one_of_this_operation_and_status() -> None:
    """What a page or a mock server shows: of a code that is listed there, on a path of that operation."""
    validator = Draft202012Validator(
        {"$ref": "#/components/schemas/Problem", "components": DOCUMENT["components"]}
    )
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                content = resolved(answer).get("content", {}).get("application/problem+json")
                if content is None:
                    continue
                where, shown = (operation["operationId"], status), content["example"]
                row = CODES[shown["code"]]
                validator.validate(shown)
                assert str(shown["status"]) in {status, "500" if status == "default" else ""}, where
                assert (shown["status"], shown["title"]) == (row.status, row.title), where
                assert shown["type"] == f"/problems/{row.code}", where
                listed = resolved(content["schema"]).get("allOf", [{}])[-1].get("properties", {})
                assert row.code in listed.get("code", {}).get("enum", [row.code]), where
                assert on_path(shown["instance"], path), where


def resolved(item: dict[str, Any]) -> dict[str, Any]:
    found: Any = item
    while "$ref" in found:
        _, _, kind, name = found["$ref"].split("/")
        found = DOCUMENT["components"][kind][name]
    return dict(found)


def on_path(instance: str, path: str) -> bool:
    """Whether a request of this path can be that instance, whose end may be left open by `…`."""
    parts, wanted = instance.split("/"), path.split("/")
    if parts[-1] == "…":
        parts, wanted = parts[:-1], wanted[: len(parts) - 1]
    return len(parts) == len(wanted) and all(
        want.startswith("{") or part == want for part, want in zip(parts, wanted, strict=True)
    )


def test_the_table_of_operations_names_operations() -> None:
    from app.codes import _OPERATIONS  # noqa: PLC0415

    assert set(_OPERATIONS) <= set(OPERATIONS)


def test_headers_are_documented() -> None:
    _, made = OPERATIONS["create_export"]
    assert "Idempotency-Key" in {one["name"] for one in made["parameters"]}
    assert {"ETag", "Location", "Idempotency-Replayed", "X-Request-ID"} <= set(
        made["responses"]["201"]["headers"]
    )
    _, changed = OPERATIONS["update_export"]
    assert "Idempotency-Key is ignored" in changed["description"]
    responses = DOCUMENT["components"]["responses"]
    assert "Retry-After" in responses["TooManyRequests"]["headers"]
    _, followed = OPERATIONS["follow_run"]
    schema = followed["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Run"}
