"""Every way a file can be bad, on saving and between saving and the run: said plainly, nothing sent."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.segments.files import BAD, GOOD, MEMBER, write_csv, write_ndjson, write_parquet


def says_what_where_and_what_to_do(detail: str, name: str) -> bool:
    """At least two sentences, the file named (unless whether it is there is nobody's business)."""
    return detail.count(". ") >= 1 or (name in detail and detail.endswith("."))


async def test_a_bad_file_is_refused_on_saving(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    """L53: the answer names the file, the line where there is one, and the remedy; never a value."""
    for name, (spoil, code) in BAD.items():
        spoil(segment_root / name)
        body = {"name": "bad", "source": {"kind": "file", "url": str(segment_root / name)}}
        answer = await api.post("/v1/segments", json=body)
        problem = await expect(answer, 422)
        assert (name, problem["code"]) == (name, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert says_what_where_and_what_to_do(problem["detail"], name), problem["detail"]
        if code != "source-not-allowed":
            assert name in problem["detail"]
        assert "very.private" not in answer.text
    assert (await api.get("/v1/segments")).json()["items"] == []
    assert sandbox.requests() == []


async def test_nothing_outside_the_roots_exists(
    api: httpx.AsyncClient, tmp_path: Path, segment_root: Path
) -> None:
    """By `..`, by a link, by another scheme: the same answer whether or not something is there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "there.csv").write_text(GOOD)
    (segment_root / "folder").symlink_to(outside)
    (segment_root / "loop").symlink_to(segment_root / "loop")
    beside = Path(f"{segment_root}-beside")
    beside.mkdir()  # noqa: ASYNC240
    (beside / "there.csv").write_text(GOOD)
    urls = [
        str(outside / "there.csv"),
        str(outside / "missing.csv"),
        str(segment_root / ".." / "outside" / "there.csv"),
        "../outside/there.csv",
        str(segment_root / "folder" / "there.csv"),
        str(segment_root / "folder"),
        str(segment_root / "folder" / "*.csv"),
        str(beside / "there.csv"),
        "/etc/passwd",
        "file:///etc/passwd",
        "file://elsewhere/etc/passwd",
        "s3://bucket/members.csv",
        "http://127.0.0.1/members.csv",
    ]
    answers = set()
    for url in urls:
        body = {"name": "out", "source": {"kind": "file", "url": url}}
        problem = await expect(await api.post("/v1/segments", json=body), 422)
        assert problem["code"] in {"source-not-allowed", "source-not-found"}, url
        if problem["code"] == "source-not-found":
            assert url.startswith("../") or "*" in url, url
        answers.add((problem["code"], problem["detail"] if "allowed" in problem["code"] else ""))
        assert str(outside) not in problem["detail"]
    assert len([code for code, _ in answers if code == "source-not-allowed"]) == 1


async def test_a_file_that_goes_bad_ends_the_run(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path, tmp_path: Path
) -> None:
    """A run that cannot read its members says what and where, and has sent nothing.

    L66: it is skipped where the file is not to be had, and failed where its content is broken.
    """
    connection = await make_connection(api)
    runs = {}
    for number, name in enumerate(BAD):
        file = segment_root / name
        writer = {"parquet": write_parquet, "ndjson": write_ndjson}.get(file.suffix[1:], write_csv)
        writer(file, ["a@example.com", "b@example.com"])
        segment = await make_segment(api, str(file), f"s{number}")
        export = await make_export(api, connection, segment)
        file.unlink()
        BAD[name][0](file)
        runs[name] = await start_run(api, export)
    await work()
    for name, queued in runs.items():
        run = await get_run(api, queued)
        error = run["error"]
        away = error["code"] in {"source-not-found", "source-empty", "source-unreadable"}
        assert (name, run["status"]) == (name, "skipped" if away else "failed")
        assert (name, error["code"]) == (name, BAD[name][1])
        assert error["culprit"] == "user"
        assert says_what_where_and_what_to_do(error["message"], name), error["message"]
        assert "very.private" not in str(run)
        assert run["counts"]["staged"] == run["counts"]["received"] == 0
        batches = await api.get(f"/v1/runs/{queued['id']}/batches")
        assert batches.json()["items"] == []
    assert sandbox.requests("/users") == []
    assert sandbox.audience(connection["audience"]["id"])["members"] == 0
    left = [path for path in (tmp_path / "snapshots").rglob("*") if path.is_file()]
    assert left == []
    events = await api.get("/v1/audit-events", params={"limit": 200})
    assert MEMBER not in events.text


async def test_a_mapped_column_that_is_gone(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S50, L53: refused on saving the export, and again by the run if it went missing since."""
    file = segment_root / "m.csv"
    file.write_text(GOOD)
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    body = {
        "display_name": "n",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": ["email", "second_email"]},
        "segment_ids": [segment["id"]],
    }
    problem = await expect(await api.post("/v1/exports", json=body), 422)
    assert problem["code"] == "attribute-missing"
    assert problem["attributes"] == ["second_email"]
    assert problem["segment_id"] == segment["id"]
    export = await make_export(api, connection, segment)
    file.write_text("id,mail\n1,a@example.com\n")
    run = await start_run(api, export)
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["error"]["code"]) == ("failed", "attribute-missing")
    assert "m.csv" in run["error"]["message"]
    assert "email" in run["error"]["message"]
    assert sandbox.requests("/users") == []
    file.write_text(GOOD)
    mended = await start_run(api, export)
    await work()
    assert (await get_run(api, mended))["status"] == "succeeded"


async def test_one_bad_file_among_good_ones_sends_nothing(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """All or nothing: the first segment's members wait until the last one's were read."""
    write_csv(segment_root / "good.csv", [f"m{n}@example.com" for n in range(3000)])
    write_csv(segment_root / "late.csv", [f"n{n}@example.com" for n in range(3000)])
    connection = await make_connection(api)
    segments = [
        await make_segment(api, str(segment_root / f"{name}.csv"), name)
        for name in ("good", "late")
    ]
    run = await start_run(api, await make_export(api, connection, *segments))
    with (segment_root / "late.csv").open("a") as late:
        late.write("one,two\n" * 11)
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["error"]["code"]) == ("failed", "csv-ragged-rows")
    assert "late.csv, line 3002" in run["error"]["message"]
    assert sandbox.requests("/users") == []


async def test_an_export_of_a_vanished_file_can_still_be_tidied_up(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    file = segment_root / "m.csv"
    file.write_text(GOOD)
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    export = await make_export(api, connection, segment)
    file.unlink()
    path = f"/v1/exports/{export['id']}"
    body = {"display_name": "Off", "enabled": False}
    assert (await expect(await api.patch(path, json=body), 200))["status"] == "disabled"
    remapped = await api.patch(path, json={"attributes": {"EMAIL": "id"}})
    assert (await expect(remapped, 422))["code"] == "source-not-found"
    named = await api.patch(f"/v1/segments/{segment['id']}", json={"display_name": "Gone"})
    assert (await expect(named, 200))["display_name"] == "Gone"
    attributes = await api.get(f"/v1/segments/{segment['id']}/attributes")
    assert (await expect(attributes, 422))["code"] == "source-not-found"
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(f"/v1/segments/{segment['id']}")).status_code == 204


async def test_text_stays_text(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """`0150` is a postal code and an id, not the number 150."""
    file = segment_root / "m.csv"
    file.write_text("id,fn,ln,zip\n0150,Kari,Nordmann,0150\n007,James,Bond,0123\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    attributes = (await api.get(f"/v1/segments/{segment['id']}/attributes")).json()["items"]
    assert {item["data_type"] for item in attributes} == {"string"}
    export = await make_export(
        api,
        connection,
        segment,
        key_identifier="name_and_address",
        attributes={"FN": "fn", "LN": "ln", "ZIP": "zip", "EXTERN_ID": "id"},
        default_country="NO",
    )
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"
    held = sandbox.members(connection["audience"]["id"])
    rows = pl.DataFrame(held["rows"], schema=held["schema"], orient="row")
    assert set(rows["EXTERN_ID"]) == {"0150", "007"}
    assert set(rows["ZIP"]) == {sha256(code).hexdigest() for code in (b"0150", b"0123")}
