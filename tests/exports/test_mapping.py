"""What an export may map, checked when it is saved."""

from pathlib import Path
from typing import Any

import httpx
import polars as pl
from deltalake import write_deltalake

from tests.flows.journey import expect, make_connection, make_export, make_segment

HEADER = "email,email2,phone,fn,ln,zip,ct,st,country,dob,gen,id,optin"


async def parts(
    api: httpx.AsyncClient, segment_root: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    (segment_root / "m.csv").write_text(f"{HEADER}\n{',' * HEADER.count(',')}\n")
    return await make_connection(api), await make_segment(api, str(segment_root / "m.csv"))


def body_of(connection: dict[str, Any], segment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "display_name": "Newsletter to Meta",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
    } | changes


NAME = {"FN": "fn", "LN": "ln"}


async def test_each_key_identifier_needs_its_attributes(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    """S46, S49: what tells a person apart must be mapped; one answer names all that is missing."""
    connection, segment = await parts(api, segment_root)
    cases: list[tuple[str, dict[str, str], str | None, set[str]]] = [
        ("email", {"PHONE": "phone"}, None, {"EMAIL"}),
        ("phone", {"EMAIL": "email"}, None, {"PHONE"}),
        ("name_and_address", {"EMAIL": "email"}, None, {"FN", "LN", "ZIP", "COUNTRY"}),
        ("name_and_address", NAME | {"ZIP": "zip"}, None, {"COUNTRY"}),
        ("name_and_address", NAME, "DE", {"ZIP"}),
        ("name_and_address", {"FN": "fn", "CT": "ct"}, "DE", {"LN"}),
        ("email", {"EMAIL": "email"}, None, set()),
        ("phone", {"PHONE": "phone"}, None, set()),
        ("name_and_address", NAME | {"ZIP": "zip"}, "DE", set()),
        ("name_and_address", NAME | {"CT": "ct", "COUNTRY": "country"}, None, set()),
    ]
    for identifier, attributes, country, missing in cases:
        body = body_of(
            connection,
            segment,
            key_identifier=identifier,
            attributes=attributes,
            default_country=country,
        )
        answer = await api.post("/v1/exports", json=body)
        if not missing:
            await expect(answer, 201)
            continue
        problem = await expect(answer, 422)
        assert problem["code"] == "attribute-required"
        pointers = {item["pointer"] for item in problem["errors"]}
        assert pointers == {f"/attributes/{key}" for key in missing}, (identifier, attributes)
    assert sandbox.requests("/users") == []


async def test_bodies_are_strict(api: httpx.AsyncClient, sandbox: Any, segment_root: Path) -> None:
    """S39, S43, S48, S54, S56: unknown keys, lists where one is meant, nothing where one is needed."""
    connection, segment = await parts(api, segment_root)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"display_name": " "}, "/display_name"),
        ({"key_identifier": "shoe_size"}, "/key_identifier"),
        ({"attributes": {"EMAIL": "email", "SHOE": "id"}}, "/attributes"),
        ({"attributes": {"EMAIL": "email", "email": "id"}}, "/attributes"),
        ({"attributes": {"EMAIL": "email", "FN": ["fn", "ln"]}}, "/attributes"),
        ({"attributes": {"EMAIL": ["email", "email"]}}, "/attributes"),
        ({"attributes": {}}, "/attributes"),
        ({"segment_ids": []}, "/segment_ids"),
        ({"sync_mode": "upsert"}, "/sync_mode"),
        ({"default_country": "de"}, "/default_country"),
        ({"default_country": "XX"}, "/default_country"),
        ({"date_format": "DD/DD/DD"}, "/date_format"),
        ({"date_format": "day/month/year"}, "/date_format"),
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"time_zone": None}, "/time_zone"),
        ({"min_usable_ratio": 1.5}, "/min_usable_ratio"),
        ({"enabled": "yes"}, "/enabled"),
        ({"status": "active"}, "/status"),
        ({"ldu": {"states": ["ca"]}}, "/attributes/ST"),
    ]
    for changes, pointer in cases:
        answer = await api.post("/v1/exports", json=body_of(connection, segment, **changes))
        problem = await expect(answer, 422)
        found = [str(item["pointer"]) for item in problem["errors"]]
        assert any(item == pointer or item.startswith(pointer + "/") for item in found), changes
    for changes, code in [
        ({"connection_id": "con_" + "0" * 32}, "connection-unknown"),
        ({"connection_id": segment["id"]}, "connection-unknown"),
        ({"segment_ids": [segment["id"], "seg_" + "0" * 32]}, "segment-unknown"),
        ({"segment_ids": [connection["id"]]}, "segment-unknown"),
        ({"segment_ids": ["seg_\u0000"]}, "segment-unknown"),
        ({"attributes": {"EMAIL": "mail"}}, "attribute-missing"),
        ({"consent": {"attribute": "opt_in", "equals": "yes"}}, "attribute-missing"),
        ({"consent": {"attribute": "optin", "equals": "\u0000"}}, "validation-failed"),
        ({"audience": {"id": "23850000000000003"}}, "audience-not-customer-list"),
        ({"audience": {"id": "23850000000002001"}}, "audience-in-other-account"),
    ]:
        answer = await api.post("/v1/exports", json=body_of(connection, segment, **changes))
        assert (changes, (await expect(answer, 422))["code"]) == (changes, code)
    assert (await api.get("/v1/exports")).json()["items"] == []


async def test_an_attribute_must_be_in_every_segment(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """S49, S50, S56: the answer names the segment and what it lacks."""
    connection, first = await parts(api, segment_root)
    (segment_root / "other.csv").write_text("email\na@example.com\n")
    second = await make_segment(api, str(segment_root / "other.csv"), "other")
    body = body_of(
        connection,
        first,
        segment_ids=[first["id"], second["id"]],
        attributes={"EMAIL": "email", "FN": "fn", "PHONE": ["phone"]},
    )
    problem = await expect(await api.post("/v1/exports", json=body), 422)
    assert problem["code"] == "attribute-missing"
    assert problem["segment_id"] == second["id"]
    assert sorted(problem["attributes"]) == ["fn", "phone"]
    assert [item["pointer"] for item in problem["errors"]] == [
        "/attributes/FN",
        "/attributes/PHONE",
    ]
    assert "other" in problem["detail"]


async def test_what_is_no_text_by_its_type_cannot_be_mapped(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """Structs and lists of them; a list of texts may be several e-mails."""
    frame = pl.DataFrame({
        "one": [{"address": "a@example.com"}],
        "many": [[{"address": "a@example.com"}]],
        "email": [["a@example.com", "b@example.com"]],
        "fn": ["Ann"],
    })  # fmt: skip
    frame.write_parquet(segment_root / "m.parquet")
    write_deltalake(segment_root / "table", frame)
    connection = await make_connection(api)
    for kind, file in (("file", "m.parquet"), ("delta", "table")):
        segment = await make_segment(api, str(segment_root / file), kind, kind=kind)
        for column in ("one", "many"):
            mapping = {"EMAIL": ["email", column], "FN": "fn"}
            body = body_of(connection, segment, attributes=mapping)
            problem = await expect(await api.post("/v1/exports", json=body), 422)
            assert problem["code"] == "attribute-type-unsupported"
            assert problem["attributes"] == [column]
            (found,) = problem["errors"]
            assert (found["pointer"], found["code"]) == ("/attributes/EMAIL", problem["code"])
            body = body_of(connection, segment, attributes={"EMAIL": "email", "FN": column})
            problem = await expect(await api.post("/v1/exports", json=body), 422)
            assert [item["pointer"] for item in problem["errors"]] == ["/attributes/FN"]
        await expect(await api.post("/v1/exports", json=body_of(connection, segment)), 201)


async def test_an_export_is_what_was_saved(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    """S46-S58: everything that may be configured, read back; and saving sends nothing."""
    connection, segment = await parts(api, segment_root)
    given = {
        "display_name": "Everything",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {
            "EMAIL": ["email", "email2"],
            "PHONE": "phone",
            "FN": "fn",
            "LN": "ln",
            "GEN": "gen",
            "DOB": "dob",
            "ST": "st",
            "CT": "ct",
            "ZIP": "zip",
            "COUNTRY": "country",
            "EXTERN_ID": "id",
        },
        "segment_ids": [segment["id"]],
        "sync_mode": "add",
        "default_country": "US",
        "date_format": "MM/DD/YY",
        "time_zone": "Europe/Berlin",
        "consent": {"attribute": "optin", "equals": "yes"},
        "ldu": {"states": ["ca"], "country": "us"},
        "min_usable_ratio": 0.5,
        "enabled": True,
    }
    answer = await api.post("/v1/exports", json=given | {"audience": {"id": "23850000000000012"}})
    made = await expect(answer, 201)
    assert {name: made[name] for name in given} == given
    assert made["audience"]["id"] == "23850000000000012"
    assert (made["status"], made["your_permission"], made["last_run"]) == ("active", "edit", None)
    assert made["schedule"]["mode"] == "system"
    assert made["warnings"] == []
    path = answer.headers["location"]
    assert (await api.get(path)).json() == made
    changed = await expect(await api.patch(path, json={"default_country": None}), 200)
    assert changed["default_country"] is None
    assert {name for name in made if made[name] != changed[name]} == {
        "default_country",
        "updated_at",
        "version",
    }
    for field in ("display_name", "connection_id", "key_identifier", "attributes", "segment_ids",
                  "sync_mode", "time_zone", "schedule", "enabled"):  # fmt: skip
        await expect(await api.patch(path, json={field: None}), 422)
    cleared = {"audience": None, "consent": None, "ldu": None, "date_format": None}
    after = await expect(await api.patch(path, json=cleared), 200)
    assert {name: after[name] for name in cleared} == cleared
    assert sandbox.requests("/users") == []


async def test_a_change_is_checked_as_a_whole(api: httpx.AsyncClient, segment_root: Path) -> None:
    """A patch that fits by itself may not fit the rest; then nothing is changed."""
    connection, segment = await parts(api, segment_root)
    made = await make_export(api, connection, segment)
    path = f"/v1/exports/{made['id']}"
    for changes, code in [
        ({"key_identifier": "phone"}, "attribute-required"),
        ({"attributes": {"FN": "fn"}}, "attribute-required"),
        ({"display_name": "x", "attributes": {"EMAIL": "mail"}}, "attribute-missing"),
        ({"audience": {"id": "23850000000000007"}}, "audience-flagged"),
    ]:
        assert (await expect(await api.patch(path, json=changes), 422))["code"] == code
    assert (await api.get(path)).json() == made
    both = {"key_identifier": "phone", "attributes": {"PHONE": "phone"}}
    assert (await expect(await api.patch(path, json=both), 200))["key_identifier"] == "phone"
    etag = (await api.get(path)).headers["etag"]
    await expect(await api.patch(path, json={"display_name": "A"}, headers={"If-Match": etag}), 200)
    stale = await api.patch(path, json={"display_name": "B"}, headers={"If-Match": etag})
    assert (await expect(stale, 412))["code"] == "version-mismatch"
    assert (await api.delete(path, headers={"If-Match": etag})).status_code == 412
