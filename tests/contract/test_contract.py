"""The OpenAPI document keeps its word, whoever calls and whatever is sent.

Cases are generated from the document, valid ones and broken ones, for ids that exist and ids that do
not; each is sent as every role. No answer is a 5xx or of an undocumented status, bodies are of their
schema, and whatever is no success is a problem document. How long an answer takes is asked in test_fuzz.py.
"""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import LONG, api_document
from tests.contract.conftest import Served

CASES = 300 if LONG else 3
ROLES = ("nobody", "viewer", "contributor", "administrator")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "culprit", "request_id"}

# headers that an answer has wherever the document says so
HELD = {"X-Request-ID", "ETag", "Location", "Retry-After", "WWW-Authenticate"}
DOCUMENT = api_document()
SHARED = DOCUMENT["components"]["responses"]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()
}


def order(name: str) -> tuple[bool, str]:
    """What removes comes last, so that there is something to work on before."""
    return OPERATIONS[name].method.upper() == "DELETE", name


@pytest.mark.parametrize("name", sorted(OPERATIONS, key=order))
def test_operation(name: str, served: Served, counted: Counter[str]) -> None:
    operation = OPERATIONS[name]
    words = [parameter.name for parameter in operation.path_parameters]
    known = {word: served.ids[word] for word in words}
    kinds: list[st.SearchStrategy[Any]] = [
        operation.as_strategy(generation_mode=mode, **fixed)
        for mode in GenerationMode
        for fixed in ({"path_parameters": known}, {})[not words :]
    ]

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(kinds))
    def run(case: Any) -> None:
        for role in ROLES:
            send(case, role, served, counted)

    run()


def send(case: Any, role: str, served: Served, counted: Counter[str]) -> None:
    """One case as one role."""
    credential = served.credentials[role]
    headers = {
        name: value
        for name, value in dict(case.headers or {}).items()
        if name.lower() != "authorization"
    }
    case.headers = headers | (
        {} if credential is None else {"Authorization": f"Bearer {credential}"}
    )
    # a session's cookie is tried elsewhere; a generated one is no HTTP
    case.cookies = {}
    answer = case.call(base_url=served.url, session=served.http, timeout=30, allow_redirects=False)
    counted[role] += 1
    # each event of a stream is of its schema, the stream is not
    kinds = answer.headers.get("content-type", [])
    streams = any(value.startswith("text/event-stream") for value in kinds)
    case.validate_response(answer, checks=CHECKS[:-1] if streams else CHECKS)
    documented = case.operation.definition.raw["responses"]
    promised = documented.get(str(answer.status_code), {})
    promised = SHARED.get(promised.get("$ref", "").rpartition("/")[2], promised)
    # what is refused before there is a request has no id
    early = answer.status_code in {400, 408, 431, 503}
    held = HELD - ({"X-Request-ID"} if early else set())
    for name in held & set(promised.get("headers", {})):
        assert name.lower() in answer.headers, name
    if answer.status_code < 400:
        assert str(answer.status_code) in documented, answer.status_code
        return
    kinds = {value.partition(";")[0] for value in answer.headers["content-type"]}
    assert kinds == {"application/problem+json"}, (answer.status_code, kinds)
    problem = answer.json()
    schema = promised["content"]["application/problem+json"]["schema"]
    named = schema.get("$ref", "").rpartition("/")[2]
    schema = DOCUMENT["components"]["schemas"].get(named, schema)
    codes = schema["allOf"][1]["properties"]["code"]
    assert problem["code"] in codes["enum"], problem["code"]
    assert set(problem) >= PROBLEM
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
