"""Segments: what they are named, what they hold, who uses them, and how they end."""

from pathlib import Path
from typing import Any

import httpx

from tests.access.callers import acting_as
from tests.flows.journey import expect, make_connection, make_export, make_segment
from tests.segments.files import GOOD, write_csv, write_ndjson, write_parquet


async def test_a_segment_is_looked_at_when_it_is_saved(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    (segment_root / "m.csv").write_text(GOOD)
    body = {
        "name": "Newsletter_2026",
        "source": {"kind": "file", "url": str(segment_root / "m.csv")},
    }
    answer = await api.post("/v1/segments", json=body)
    made = await expect(answer, 201)
    assert answer.headers["location"] == f"/v1/segments/{made['id']}"
    assert made["display_name"] == "Newsletter_2026"
    assert (made["state"], made["member_count"]) == ("active", 2)
    assert made["evaluated_at"].endswith("Z")
    assert made["source"] == body["source"]
    again = await api.get(answer.headers["location"])
    assert (await expect(again, 200)) == made
    assert again.headers["etag"] == answer.headers["etag"]


async def test_names_are_those_of_tables(api: httpx.AsyncClient, segment_root: Path) -> None:
    """A letter, then letters, digits and underscores; no name twice."""
    (segment_root / "m.csv").write_text(GOOD)
    source = {"kind": "file", "url": str(segment_root / "m.csv")}
    for name in ("", "1st", "_x", "a b", "a-b", "ä", "a\n", "a" * 101, None, 5):
        problem = await expect(
            await api.post("/v1/segments", json={"name": name, "source": source}), 422
        )
        assert [item["pointer"] for item in problem["errors"]] == ["/name"], name
    for name in ("a", "A_1", "a" * 100):
        await expect(await api.post("/v1/segments", json={"name": name, "source": source}), 201)
    taken = await expect(await api.post("/v1/segments", json={"name": "a", "source": source}), 409)
    assert taken["code"] == "segment-name-taken"
    assert len((await api.get("/v1/segments")).json()["items"]) == 3


async def test_sources_are_strict(api: httpx.AsyncClient, segment_root: Path) -> None:
    (segment_root / "m.csv").write_text(GOOD)
    url = str(segment_root / "m.csv")
    sources: list[Any] = [
        {"kind": "file"},
        {"kind": "ftp", "url": url},
        {"kind": "file", "url": url, "password": "x"},
        {"kind": "file", "url": url, "format": "xlsx"},
        {"kind": "file", "url": url, "delimiter": ";;"},
        {"kind": "postgres", "database": "crm"},
        {"kind": "postgres", "database": "crm", "table": "t", "query": "select 1"},
        {"kind": "file", "url": url, "encoding": "klingon"},
        {"kind": "file", "url": url, "delimiter": ",", "quote": ","},
        {"kind": "postgres", "database": "crm", "table": "t"},
        url,
        None,
    ]
    for source in sources:
        answer = await api.post("/v1/segments", json={"name": "s", "source": source})
        problem = await expect(answer, 422)
        assert problem["culprit"] == "user", source
    assert (await api.get("/v1/segments")).json()["items"] == []


async def test_attributes_come_with_the_keys_they_suggest(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """S50, S51: names and types as the source has them now, in its own order."""
    columns = {
        "customerProfileId": "EXTERN_ID",
        "primaryEmail": "EMAIL",
        "E-Mail": "EMAIL",
        "mobilePhone": "PHONE",
        "first_name": "FN",
        "Last Name": "LN",
        "gender": "GEN",
        "birthDate": "DOB",
        "city": "CT",
        "state": "ST",
        "postalCode": "ZIP",
        "countryOrRegion": "COUNTRY",
        "shoe_size": None,
    }
    file = segment_root / "m.csv"
    file.write_text(",".join(columns) + "\n" + ",".join("x" for _ in columns) + "\n")
    segment = await make_segment(api, str(file))
    path = f"/v1/segments/{segment['id']}/attributes"
    found = (await expect(await api.get(path), 200))["items"]
    assert [(item["name"], item["suggested_key"]) for item in found] == list(columns.items())
    assert {item["data_type"] for item in found} == {"string"}
    file.write_text("email,new\na@example.com,1\n")
    found = (await expect(await api.get(path), 200))["items"]
    assert [item["name"] for item in found] == ["email", "new"]


async def test_every_format_counts_its_members(api: httpx.AsyncClient, segment_root: Path) -> None:
    emails = [f"m{n}@example.com" for n in range(250)]
    write_csv(segment_root / "c.csv", emails)
    write_parquet(segment_root / "p.parquet", emails)
    write_ndjson(segment_root / "n.ndjson", emails)
    (segment_root / "f").mkdir()
    write_csv(segment_root / "f" / "1.csv", emails[:100])
    write_csv(segment_root / "f" / "2.csv", emails[100:])
    (segment_root / "s.txt").write_text("id;email\n" + "".join(f"1;{e}\n" for e in emails))
    (segment_root / "w.csv").write_bytes(
        ("email,name\n" + "".join(f"{e},Müller\n" for e in emails)).encode("cp1252")
    )
    (segment_root / "q.csv").write_text("email,note\n" + "".join(f'{e},"\n' for e in emails))
    sources: list[dict[str, Any]] = [
        {"url": "c.csv"},
        {"url": "p.parquet"},
        {"url": "n.ndjson"},
        {"url": "f"},
        {"url": "f/*.csv"},
        {"url": "s.txt", "format": "csv", "delimiter": ";"},
        {"url": "w.csv", "encoding": "windows-1252"},
        {"url": "q.csv", "quote": None},
    ]
    for number, source in enumerate(sources):
        source["url"] = str(segment_root / source["url"])
        made = await make_segment(api, name=f"s{number}", **source)
        assert (source, made["member_count"]) == (source, 250)
        attributes = await api.get(f"/v1/segments/{made['id']}/attributes")
        names = [item["name"] for item in (await expect(attributes, 200))["items"]]
        assert "email" in names


async def test_changes_to_a_segment(api: httpx.AsyncClient, segment_root: Path) -> None:
    """A merge patch: absent keeps; only the display name may be cleared."""
    write_csv(segment_root / "m.csv", ["a@example.com"])
    write_csv(segment_root / "n.csv", ["a@example.com", "b@example.com"])
    made = await make_segment(api, str(segment_root / "m.csv"))
    path = f"/v1/segments/{made['id']}"
    renamed = await expect(await api.patch(path, json={"display_name": "Readers"}), 200)
    changing = {"display_name", "updated_at", "version"}
    assert {name for name in made if made[name] != renamed[name]} == changing
    cleared = await expect(await api.patch(path, json={"display_name": None}), 200)
    assert cleared["display_name"] == made["name"]
    moved = {"source": {"kind": "file", "url": str(segment_root / "n.csv")}}
    assert (await expect(await api.patch(path, json=moved), 200))["member_count"] == 2
    off = await expect(await api.patch(path, json={"state": "inactive"}), 200)
    assert off["state"] == "inactive"
    for body in ({"source": None}, {"state": None}, {"state": "deleted"}, {"name": "other"}):
        await expect(await api.patch(path, json=body), 422)
    gone = {"source": {"kind": "file", "url": str(segment_root / "gone.csv")}}
    assert (await expect(await api.patch(path, json=gone), 422))["code"] == "source-not-found"
    assert (await api.get(path)).json() == off


async def test_a_segment_in_use_stays(api: httpx.AsyncClient, segment_root: Path) -> None:
    """L76: the exports that send it can be looked up, and are named when it is to go."""
    (segment_root / "m.csv").write_text(GOOD)
    connection = await make_connection(api)
    used = await make_segment(api, str(segment_root / "m.csv"), "used")
    other = await make_segment(api, str(segment_root / "m.csv"), "other")
    export = await make_export(api, connection, used, other)
    path = f"/v1/segments/{used['id']}"
    named = [{"id": export["id"], "display_name": export["display_name"]}]
    assert (await expect(await api.get(f"{path}/exports"), 200))["items"] == named
    problem = await expect(await api.delete(path), 409)
    assert (problem["code"], problem["exports"]) == ("segment-in-use", named)
    body = {"segment_ids": [other["id"]]}
    await expect(await api.patch(f"/v1/exports/{export['id']}", json=body), 200)
    assert (await expect(await api.get(f"{path}/exports"), 200))["items"] == []
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (segment_root / "m.csv").read_text() == GOOD


async def test_reading_files_is_for_administrators(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    (segment_root / "m.csv").write_text(GOOD)
    body = {"name": "s", "source": {"kind": "file", "url": str(segment_root / "m.csv")}}
    async with acting_as(api, "contributor") as contributor:
        assert (await contributor.post("/v1/segments", json=body)).status_code == 403
        made = await expect(await api.post("/v1/segments", json=body), 201)
        path = f"/v1/segments/{made['id']}"
        assert (await contributor.patch(path, json={"display_name": "x"})).status_code == 403
        assert (await contributor.delete(path)).status_code == 403
        assert (await contributor.get(path)).json() == made
        assert (await contributor.get(f"{path}/attributes")).status_code == 200
