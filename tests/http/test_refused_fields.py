"""A refusal that one field is about says so, whoever found it out: forms show it there."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.codes import CODES
from app.errors import Conflict, SourceError, Unprocessable
from app.http import refused_field as fields
from tests.flows.journey import expect, make_connection, make_export, make_segment

SCHEMAS = json.loads(
    (Path(__file__).parents[2] / "openapi" / "openapi.json").read_text(encoding="utf-8")
)["components"]["schemas"]


def test_every_code_and_every_field_exists() -> None:
    """So that neither a renamed code nor a renamed field is forgotten here."""
    assert [code for code in fields._FIELDS if code not in CODES] == []
    for begin in fields._BY_BEGINNING:
        assert any(code.startswith(begin) for code in CODES), begin
    sent = {name for schema in SCHEMAS.values() for name in schema.get("properties", {})}
    named = [fields._SOURCE, *fields._FIELDS.values(), *fields._BY_BEGINNING.values()]
    parts = {part for each in named for pointer in each for part in pointer.split("/")[1:]}
    assert sorted(parts - sent) == []


@pytest.mark.parametrize(
    ("error", "body", "pointer"),
    [
        (SourceError(code="query-failed"), {"source": {"query": "x", "database": "y"}}, "/source/query"),
        (SourceError(code="csv-ragged-rows"), {"source": {"url": "x"}}, "/source/url"),
        (SourceError(code="account-may-write"), {"source": {"url": "", "database": ""}}, "/source/database"),
        (SourceError(code="source-not-found"), {"segment_ids": ["x"]}, "/segment_ids"),
        (SourceError(code="source-not-found"), None, None),
        (SourceError(code="source-not-found"), {"source": "x"}, None),
        (Unprocessable(code="token-rejected"), {"access_token": "x", "ad_account_id": "y"}, "/access_token"),
        (Unprocessable(code="token-rejected"), {"connection_id": "x"}, "/connection_id"),
        (Conflict(code="audience-already-targeted"), {"audience": {"id": "1"}}, "/audience"),
        (Unprocessable("expires_at must be in the future."), {"expires_at": "x"}, "/expires_at"),
        (Unprocessable("days: a weekly schedule has one."), {"days": []}, "/days"),
        (Unprocessable("state cannot be null."), {"state": None}, "/state"),
        (Unprocessable("A text holds a character."), {"a": 1}, None),
        (Conflict("Something."), {"audience": {}}, None),
    ],
)  # fmt: skip
def test_the_field_is_the_first_that_was_sent(error: Any, body: Any, pointer: str | None) -> None:
    assert fields.refused_field(error, body) == pointer


async def test_answers_say_it(api: httpx.AsyncClient, segment_root: Path) -> None:
    """Found out by the database, by the source, by Meta, by the host's name: each at its field."""
    file = segment_root / "members.csv"
    file.write_text("email\nanna@example.com\n")
    source = {"kind": "file", "url": str(file)}
    segment = await make_segment(api, str(file))
    connection = await make_connection(api)
    export = await make_export(api, connection, segment)
    nowhere = {"kind": "postgres", "database": "nowhere", "table": "x"}
    daily = {"enabled": True, "frequency": "daily", "time_zone": "UTC", "times": ["04:00"]}
    past = "2020-01-01T00:00:00Z"
    missing = {"kind": "file", "url": str(segment_root / "missing.csv")}
    for method, path, body, pointer in (
        ("POST", "/v1/segments", {"name": segment["name"], "source": source}, "/name"),
        ("POST", "/v1/segments", {"name": "other", "source": nowhere}, "/source/database"),
        ("PATCH", f"/v1/segments/{segment['id']}", {"source": missing}, "/source/url"),
        ("PATCH", f"/v1/segments/{segment['id']}", {"state": None}, "/state"),
        ("PATCH", f"/v1/exports/{export['id']}", {"segment_ids": ["seg_x"]}, "/segment_ids"),
        ("PATCH", f"/v1/exports/{export['id']}", {"connection_id": "con_x"}, "/connection_id"),
        ("PATCH", f"/v1/connections/{connection['id']}", {"ad_account_id": "act_9"}, "/ad_account_id"),
        ("PUT", "/v1/schedule", {**daily, "frequency": "weekly", "days": []}, "/days"),
        ("POST", "/v1/webhooks", {"url": "https://10.0.0.1/x", "events": ["run.failed"]}, "/url"),
        ("POST", "/v1/api-keys", {"display_name": "x", "role": "viewer", "expires_at": past}, "/expires_at"),
    ):  # fmt: skip
        answer = await api.request(method, path, json=body)
        problem = answer.json()
        assert answer.status_code in {409, 422}, problem
        (error,) = problem["errors"]
        assert error["pointer"] == pointer, problem
        assert error["detail"] == problem["detail"] or problem["code"] == "validation-failed"
    # what is not about one field says nothing of fields
    gone = await expect(await api.post(f"/v1/segments/{segment['id']}/refresh"), 200)
    assert gone["id"] == segment["id"]
    file.unlink()
    refused = await api.post(f"/v1/segments/{segment['id']}/refresh")
    assert (refused.status_code, "errors" in refused.json()) == (422, False)
