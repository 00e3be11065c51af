"""Pushed members: all of them or none, hashed on arrival, and the old ones until the new ones are kept."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import select, update

from app import clock
from app.db.models import AuditEvent, Run, SegmentUpload
from app.db.secrets import Vault
from app.db.session import Database
from app.exports.members.suppression import SuppressionList
from app.segments.erasure_of_pushed import erase_members
from app.segments.pushed import forget_replaced
from app.segments.pushes.body_stream import BodyStream
from app.settings import Settings
from app.snapshots import SnapshotStore
from tests.access.callers import acting_as
from tests.flows.exporting import Exporting, digest
from tests.flows.journey import expect

MEMBER = "Very.Private@Example.com"


def stored(settings: Settings) -> list[bytes]:
    """Every file below the snapshots."""
    return [path.read_bytes() for path in Path(settings.snapshots).rglob("*") if path.is_file()]


def folders(settings: Settings) -> set[str]:
    """Pushes that have files."""
    return {path.parent.name for path in Path(settings.snapshots).glob("segments/*/*/*")}


async def test_only_hashes_are_kept_and_refusals_are_counted(
    exporting: Exporting, settings: Settings, database: Database
) -> None:
    """Normalized by the segment's own country and date order; what is hashed already passes."""
    segment = await exporting.segment(
        {"kind": "upload", "default_country": "DE", "date_format": "DD/MM/YYYY"}
    )
    assert (segment["member_count"], segment["last_error"]) == (0, None)
    body = (
        "EMAIL,PHONE,DOB,COUNTRY,EXTERN_ID\n"
        f" {MEMBER},0151 23456789,03/04/1990,,c-1\n"
        f"{digest('hashed@example.com')},,,France,\n"
        "nonsense,12,,,\n"
    )
    pushed = await exporting.push(segment, body)
    assert pushed["member_count"] == 3
    assert pushed["refused_values"]["EMAIL"] == {"email_invalid": 1}
    assert sum(pushed["refused_values"]["PHONE"].values()) == 1
    assert "manifest" not in str(pushed)
    page = await expect(await exporting.api.get(f"/v1/segments/{segment['id']}/attributes"), 200)
    names = {item["name"]: item["suggested_key"] for item in page["items"]}
    assert set(names) >= {"EMAIL", "PHONE", "DOB", "COUNTRY", "EXTERN_ID"}
    assert all(key == name for name, key in names.items())

    mapping = {key: key for key in ("EMAIL", "PHONE", "DOB", "COUNTRY", "EXTERN_ID")}
    export = await exporting.export(segment, attributes=mapping)
    run = await exporting.run(export)
    assert run["skipped_reasons"] == {"email_missing": 1}
    held = exporting.sandbox.members(export["audience_id"])
    rows = [dict(zip(held["schema"], row, strict=True)) for row in held["rows"]]
    filled = sorted(({k: v for k, v in row.items() if v} for row in rows), key=len)
    assert filled == [
        {"EMAIL": digest("hashed@example.com"), "COUNTRY": digest("fr")},
        {
            "EMAIL": digest(MEMBER.lower()),
            "PHONE": digest("4915123456789"),
            "DOBY": digest("1990"),
            "DOBM": digest("04"),
            "DOBD": digest("03"),
            "COUNTRY": digest("de"),
            "EXTERN_ID": "c-1",
        },
    ]
    for data in stored(settings):
        for plain in (MEMBER, MEMBER.lower(), "23456789", "1990"):
            assert plain.encode() not in data
    async with database.transaction() as session:
        event = await session.scalar(
            select(AuditEvent).where(AuditEvent.action == "segment.members_replaced")
        )
    assert event is not None
    assert event.after is not None
    assert event.after["member_count"] == 3
    assert MEMBER.lower() not in str(event.after).lower()


async def test_a_file_and_a_pushed_segment_in_one_export(
    exporting: Exporting, segment_root: Path
) -> None:
    """The file follows the mapping, pushed members Meta's keys; who is in both is sent once."""
    (segment_root / "m.csv").write_text("mail,name\na@example.com,Mary\nb@example.com,Max\n")
    file = await exporting.segment({"kind": "file", "url": str(segment_root / "m.csv")})
    pushed = await exporting.segment({"kind": "upload"})
    await exporting.push(pushed, "FN,EMAIL\nmax,B@example.com\nZoë,c@example.com\n")
    export = await exporting.export(file, pushed, attributes={"EMAIL": "mail", "FN": "name"})
    run = await exporting.run(export)
    assert (run["counts"]["read"], run["counts"]["duplicates"]) == (4, 1)
    rows = exporting.sandbox.members(export["audience_id"])["rows"]
    assert sorted(map(tuple, rows)) == sorted(
        (digest(email), digest(name))
        for email, name in (
            ("a@example.com", "mary"),
            ("b@example.com", "max"),
            ("c@example.com", "zoë"),
        )
    )
    preview = await expect(await exporting.api.post(f"/v1/exports/{export['id']}/preview"), 200)
    assert preview["staged"] == 3

    await exporting.push(pushed, "EMAIL\nb@example.com\n")
    again = await exporting.run(export)
    assert (again["status"], again["error"]["code"]) == ("failed", "attribute-missing")
    problem = await expect(
        await exporting.api.patch(
            f"/v1/exports/{export['id']}", json={"attributes": {"FN": "name", "EMAIL": ["mail"]}}
        ),
        422,
    )
    assert (problem["code"], problem["segment_id"]) == ("attribute-missing", pushed["id"])


async def test_before_the_first_push_there_is_nobody(exporting: Exporting) -> None:
    segment = await exporting.segment({"kind": "upload"})
    export = await exporting.export(segment, attributes={"EMAIL": "EMAIL"})
    run = await exporting.run(export)
    assert (run["status"], run["error"]["code"]) == ("skipped", "segment-inactive")  # L75
    await exporting.push(segment, "EMAIL\n")
    run = await exporting.run(export)
    assert (run["status"], run["error"]["code"]) == ("skipped", "segment-empty")


def _parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


BIG = 17 << 20
REFUSED: list[tuple[str, bytes, int, str]] = [
    ("text/csv", f"EMAIL\n{MEMBER},x\n".encode(), 422, "csv-report-lines"),
    ("text/csv", f"{MEMBER}\n{MEMBER}\n".encode(), 422, "header-missing"),
    ("text/csv", f"EMAIL,mail\nx,{MEMBER}\n".encode(), 422, "attribute-unknown"),
    ("text/csv", b"", 422, "source-empty"),
    ("text/csv", b"EMAIL\n" + b"x" * (5 << 20), 422, "csv-line-too-long"),
    ("text/csv", f"EMAIL\n{MEMBER}\n".encode() + b"\0\n" * 11, 422, "csv-nul-byte"),
    ("text/csv", "EMAIL,FN\na@example.com,Дмитрий\n".encode("koi8-r"), 422, "csv-wrong-encoding"),
    ("text/csv", gzip.compress(b"EMAIL\n" + b"x@y\n" * 9_999)[:-20], 422, "compression-broken"),
    ("text/csv; charset=klingon", b"EMAIL\n", 422, "source-invalid"),
    ("text/csv", b"EXTERN_ID\n" + b"x" * 2000 + b"\n", 422, "value-unusable"),
    ("application/x-ndjson", b'{"EMAIL":\n', 422, "ndjson-bad-line"),
    ("application/x-ndjson", b'{"mail": "a@example.com"}\n', 422, "attribute-unknown"),
    ("application/vnd.apache.parquet", b"PAR1" + b"\0" * 90, 422, "parquet-broken"),
    ("application/vnd.apache.parquet", b"\0" * BIG, 413, "parquet-too-large"),
    ("text/csv", gzip.compress(b"EMAIL\n" + b"x@example.com\n" * 5_000_000, 1), 413, "content-too-large"),
    ("application/json", b"[]", 415, "unsupported-media-type"),
    ("", b"EMAIL\n", 415, "unsupported-media-type"),
]  # fmt: skip


async def _streamed(data: bytes) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)]


async def test_a_refused_body_changes_nothing(
    exporting: Exporting, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Each with its own code, without a value; the old members stay and no file is left behind."""
    segment = await exporting.segment({"kind": "upload"})
    await exporting.push(segment, "EMAIL\nold@example.com\n")
    before = folders(settings)
    assert len(before) == 1
    for content_type, body, status, code in REFUSED:
        for content in (body, _streamed(body)):
            answer = await exporting.api.put(
                f"/v1/segments/{segment['id']}/members",
                content=content,
                headers={"Content-Type": content_type},
            )
            problem = await expect(answer, status)
            assert problem["code"] == code or problem["code"].endswith(f"-{code}"), code
            assert MEMBER.lower() not in answer.text.lower()
            assert "example.com" not in answer.text
    assert folders(settings) == before
    now = await expect(await exporting.api.get(f"/v1/segments/{segment['id']}"), 200)
    assert now["member_count"] == 1
    assert MEMBER not in caplog.text


class Held:
    """A body whose rest comes when the test says so."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.parts[0]
        self.begun.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        for part in self.parts[1:]:
            yield part


async def _claimed(database: Database, segment: dict[str, Any]) -> str:
    """The push that is being received."""
    while True:
        async with database.transaction() as session:
            found: str | None = await session.scalar(
                select(SegmentUpload.id).where(
                    SegmentUpload.segment_id == segment["id"], SegmentUpload.status == "receiving"
                )
            )
        if found is not None:
            return found
        await asyncio.sleep(0.01)


async def test_one_push_at_a_time_and_a_run_waits_for_it(
    exporting: Exporting, settings: Settings, database: Database
) -> None:
    segment = await exporting.segment({"kind": "upload"})
    await exporting.push(segment, "EMAIL\nold@example.com\n")
    export = await exporting.export(segment, attributes={"EMAIL": "EMAIL"})
    body = Held(b"EMAIL\nnew@example.com\n", b"newer@example.com\n")
    first = asyncio.create_task(exporting.push(segment, aiter(body)))
    await body.begun.wait()
    await _claimed(database, segment)
    problem = await exporting.push(segment, "EMAIL\nother@example.com\n", status=409)
    assert problem["code"] == "upload-in-progress"
    run = await exporting.run(export)  # while the new ones are on their way (L40)
    assert (run["status"], run["waiting"]["reason"]) == ("queued", "push-under-way")
    body.go_on.set()
    assert (await first)["member_count"] == 2
    await expect(await exporting.api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    run = await exporting.run(export)
    assert run["status"] == "succeeded"
    assert exporting.sandbox.audience(export["audience_id"])["members"] == 2

    # the old files go minutes later, unless a run is reading them; the new ones stay
    store = SnapshotStore.open(settings.snapshots)
    assert await forget_replaced(database, store) == 0
    assert len(folders(settings)) == 2
    async with database.transaction() as session:
        await session.execute(
            update(SegmentUpload)
            .where(SegmentUpload.status == "replaced")
            .values(replaced_at=clock.now() - timedelta(minutes=11))
        )

    async def is_now(status: str, phase: str | None) -> None:
        began = clock.now() - timedelta(hours=1)
        async with database.transaction() as session:
            await session.execute(
                update(Run)
                .where(Run.id == run["id"])
                .values(status=status, phase=phase, started_at=began)
            )

    await is_now("running", "staging")
    assert await forget_replaced(database, store) == 0
    await is_now("succeeded", None)
    assert await forget_replaced(database, store) == 1
    assert len(folders(settings)) == 1
    run = await exporting.run(export)
    assert (run["status"], run["counts"]["read"]) == ("succeeded", 2)


async def test_an_interrupted_push_leaves_the_old_members(
    exporting: Exporting, settings: Settings, database: Database
) -> None:
    """The sender goes away in the middle; a process that dies is found by its lease."""
    segment = await exporting.segment({"kind": "upload"})
    await exporting.push(segment, "EMAIL\nold@example.com\n")
    address = f"/v1/segments/{segment['id']}/members"
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"EMAIL\nnew@example.com\n", "more_body": True},
        {"type": "http.disconnect"},
    ]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    headers = {"authorization": exporting.api.headers["Authorization"], "content-type": "text/csv"}
    scope = {
        "type": "http", "http_version": "1.1", "method": "PUT", "path": address,
        "raw_path": address.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
    }  # fmt: skip
    await exporting.api.app(scope, receive, send)  # type: ignore[attr-defined]
    assert said[0]["status"] == 400
    assert b"upload-interrupted" in said[1]["body"]
    assert len(folders(settings)) == 1
    now = await expect(await exporting.api.get(f"/v1/segments/{segment['id']}"), 200)
    assert now["member_count"] == 1

    # a row of a process that died: it holds the others off until its lease ends
    async with database.transaction() as session:
        session.add(
            SegmentUpload(
                id="upl_dead",
                segment_id=segment["id"],
                status="receiving",
                lease_until=clock.now() + timedelta(seconds=30),
                created_at=clock.now(),
                created_by="somebody",
            )
        )
    await exporting.push(segment, "EMAIL\nnew@example.com\n", status=409)
    async with database.transaction() as session:
        await session.execute(
            update(SegmentUpload)
            .where(SegmentUpload.id == "upl_dead")
            .values(lease_until=clock.now() - timedelta(seconds=1))
        )
    await exporting.push(segment, "EMAIL\na@example.com\nb@example.com\n")
    now = await expect(await exporting.api.get(f"/v1/segments/{segment['id']}"), 200)
    assert now["member_count"] == 2


async def test_a_segment_that_goes_away_meanwhile(
    exporting: Exporting, settings: Settings, database: Database
) -> None:
    segment = await exporting.segment({"kind": "upload"})
    body = Held(b"EMAIL\nnew@example.com\n", b"newer@example.com\n")
    first = asyncio.create_task(exporting.push(segment, aiter(body), status=409))
    await body.begun.wait()
    await _claimed(database, segment)
    await expect(await exporting.api.delete(f"/v1/segments/{segment['id']}"), 204)
    body.go_on.set()
    assert (await first)["code"] == "upload-superseded"
    assert folders(settings) == set()


async def test_people_can_be_erased_from_pushed_members(
    exporting: Exporting, settings: Settings, database: Database
) -> None:
    """Rewritten without them, the others in their order; who is not there leaves nothing to write."""
    segment = await exporting.segment({"kind": "upload"})
    people = [f"m{number}@example.com" for number in range(5)]
    body = "EMAIL,EXTERN_ID\n" + "".join(f"{email},{email[:2]}\n" for email in people)
    await exporting.push(segment, body)
    other = await exporting.segment({"kind": "upload"})
    await exporting.push(other, "PHONE\n+49 151 23456789\n")
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    store = SnapshotStore.open(settings.snapshots, sealing=vault)
    hashes = pl.Series([bytes.fromhex(digest(email)) for email in (people[1], "no@body.com")])
    listed = SuppressionList({"EMAIL": hashes})
    before = folders(settings)
    failures: list[BaseException] = []
    for gone in (1, 0):
        assert gone == await erase_members(database, store, listed.without, failed=failures.append)
    assert failures == []
    assert len(folders(settings) - before) == 1
    now = await expect(await exporting.api.get(f"/v1/segments/{segment['id']}"), 200)
    assert now["member_count"] == 4
    mapping = {"EMAIL": "EMAIL", "EXTERN_ID": "EXTERN_ID"}
    export = await exporting.export(segment, attributes=mapping)
    await exporting.run(export)
    held = {(row["EMAIL"], row["EXTERN_ID"]) for row in exporting.members(export)}
    assert held == {(digest(email), email[:2]) for email in people if email != people[1]}


async def test_who_may_push_and_into_what(
    exporting: Exporting, segment_root: Path, api: httpx.AsyncClient
) -> None:
    """Contributors make and fill segments of kind upload, and no other; viewers look."""
    async with acting_as(api, "contributor") as contributor, acting_as(api, "viewer") as viewer:
        source = {"kind": "upload", "default_country": "AT"}
        made = await contributor.post("/v1/segments", json={"name": "mine", "source": source})
        segment = await expect(made, 201)
        assert segment["source"] == source
        headers = {"Content-Type": "text/csv"}
        address = f"/v1/segments/{segment['id']}/members"
        for caller, status in ((viewer, 403), (contributor, 200)):
            answer = await caller.put(address, content="EMAIL\na@example.com\n", headers=headers)
            await expect(answer, status)
        stale = headers | {"If-Match": f'"{segment["version"]}"'}
        await expect(await contributor.put(address, content="EMAIL\n", headers=stale), 412)
        (segment_root / "m.csv").write_text("email\na@example.com\n")
        file = await exporting.segment({"kind": "file", "url": str(segment_root / "m.csv")})
        problem = await exporting.push(file, "EMAIL\n", status=409)
        assert problem["code"] == "segment-not-pushed"
        await exporting.push({"id": "seg_" + "0" * 32}, "EMAIL\n", status=404)
        for wrong in ({"default_country": "XX"}, {"date_format": "DD DD"}):
            body = {"name": "wrong", "source": {"kind": "upload"} | wrong}
            await expect(await api.post("/v1/segments", json=body), 422)
        changed = {"source": {"kind": "upload"}, "display_name": "Mine"}
        kept = await expect(
            await contributor.patch(f"/v1/segments/{segment['id']}", json=changed), 200
        )
        assert (kept["member_count"], kept["source"]) == (1, {"kind": "upload"})
        moved = {"source": {"kind": "file", "url": str(segment_root / "m.csv")}}
        await expect(await contributor.patch(f"/v1/segments/{segment['id']}", json=moved), 403)
        await expect(await api.patch(f"/v1/segments/{segment['id']}", json=moved), 200)
        back = await expect(
            await api.patch(f"/v1/segments/{segment['id']}", json={"source": {"kind": "upload"}}),
            200,
        )
        assert back["member_count"] == 0


async def test_a_sender_waits_while_nobody_reads() -> None:
    """A few pieces ahead, whatever the body's size; and the reader hears how it ended."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 18
            yield b"x" * (1 << 18)

    stream = BodyStream(asyncio.get_running_loop())
    pump = asyncio.create_task(stream.pump(endless()))
    await asyncio.sleep(0.1)
    assert taken <= 8 << 20
    await asyncio.to_thread(stream.read, 10 << 20)
    await asyncio.sleep(0.1)
    assert taken <= 18 << 20
    pump.cancel()
    stream.fail(ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(stream.read, 100 << 20)
