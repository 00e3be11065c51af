"""Somebody who asks to be forgotten is gone from Meta and from our files, and stays away."""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from app import clock
from app.db.models import Base, ExportBaseline, Run, Suppression
from app.db.session import Database
from app.erasures.cleanup import clean_up
from app.erasures.due import perform_due
from app.erasures.execution import GIVE_UP_AFTER, Erasing
from app.exports.members.suppression import SuppressionList, suppression_list
from app.ids import new_id
from app.settings import Settings
from app.snapshots import BatchReader, Manifest, SnapshotStore, plan_batches
from tests.flows.journey import (
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.webhooks.simulated import SimulatedClock

EMAIL, PHONE, CUSTOMER = "dora.leaver@example.com", "+14155550143", "customer-4711"
DEVICE = "6d92078a-8246-4ba4-ae5b-76104861e7dc"
PEOPLE = [{"EMAIL": f"  {EMAIL.upper()} ", "PHONE": ["(415) 555-0143"]}]


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


HERS = {digest(EMAIL), digest(PHONE.removeprefix("+"))}


def members(rows: Iterable[tuple[str, str]]) -> str:
    return "email,phone\n" + "".join(f"{email},{phone}\n" for email, phone in rows)


OTHERS = [(f"member{n}@example.com", f"+1415555{1000 + n}") for n in range(40)]


async def erase(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    whole = {"people": PEOPLE, "default_country": "US"} | body
    return await expect(await api.post("/v1/erasures", json=whole), 202)


async def lift(
    api: httpx.AsyncClient, erasure: dict[str, Any], reason: str = "asked for by mistake"
) -> dict[str, Any]:
    path = f"/v1/erasures/{erasure['id']}/lift"
    return await expect(await api.post(path, json={"reason": reason}), 200)


async def read(api: httpx.AsyncClient, erasure: dict[str, Any]) -> dict[str, Any]:
    return await expect(await api.get(f"/v1/erasures/{erasure['id']}"), 200)


async def run_to_end(api: httpx.AsyncClient, work: Any, export: Any) -> dict[str, Any]:
    run = await start_run(api, export)
    await work()
    run = await get_run(api, run)
    counts = run["counts"]
    assert run["status"].startswith("succeeded"), run
    total = counts["duplicates"] + counts["skipped"] + counts["staged"]
    assert counts["read"] + counts["expanded"] == total
    return run


def cells(sandbox: Any, audience_id: str) -> set[str]:
    return {cell for row in sandbox.members(audience_id)["rows"] for cell in row}


def staged_bytes(settings: Settings) -> bytes:
    """Everything below the folder of snapshots."""
    files = [path for path in Path(settings.snapshots).rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


async def three_exports(
    api: httpx.AsyncClient, folder: Path
) -> tuple[list[dict[str, Any]], list[str], Path]:
    """An adding one by e-mail, a mirror by both, and a mirror by phone in another ad account."""
    file = folder / "members.csv"
    file.write_text(members([*OTHERS, (EMAIL, PHONE)]))
    segment = await make_segment(api, str(file))
    first = await make_connection(api, display_name="one", audience={"name": "One"})
    second = await make_connection(api, display_name="two", audience={"name": "Two"})
    third = await make_connection(
        api, display_name="three", audience={"name": "Three"}, ad_account_id="act_1002"
    )
    both = {"EMAIL": "email", "PHONE": "phone"}
    exports = [
        await make_export(api, first, segment),
        await make_export(api, second, segment, attributes=both, sync_mode="mirror"),
        await make_export(
            api,
            third,
            segment,
            key_identifier="phone",
            attributes={"PHONE": "phone"},
            sync_mode="mirror",
        ),
    ]
    audiences = [connection["audience"]["id"] for connection in (first, second, third)]
    return exports, audiences, file


async def test_a_person_in_three_audiences(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    erasing: Erasing,
    sandbox: Any,
    settings: Settings,
    database: Database,
    segment_root: Path,
) -> None:
    exports, audiences, file = await three_exports(api, segment_root)
    for export, audience in zip(exports, audiences, strict=True):
        await run_to_end(api, work, export)
        assert HERS & cells(sandbox, audience)
    assert bytes.fromhex(digest(EMAIL)) in staged_bytes(settings)

    erasure = await erase(api)
    assert (erasure["status"], erasure["people"]) == ("queued", 1)
    assert erasure["ad_account_ids"] == ["act_1001", "act_1002"]
    assert await carry_out() == 1

    # gone from Meta, and nobody else with her
    for audience in audiences:
        assert not HERS & cells(sandbox, audience)
        assert sandbox.audience(audience)["members"] == len(OTHERS)
    # gone from our files, of which no old one is left
    kept = staged_bytes(settings)
    assert all(bytes.fromhex(item) not in kept for item in HERS)
    assert bytes.fromhex(digest(OTHERS[0][0])) in kept
    # the proof
    record = await read(api, erasure)
    assert record["status"] == "done"
    accounts = [entry for entry in record["results"] if entry["kind"] == "ad_account"]
    assert [entry["ad_account_id"] for entry in accounts] == ["act_1001", "act_1002"]
    for entry, own in zip(accounts, (audiences[:2], audiences[2:]), strict=True):
        assert entry["method"] == "usersofanyaudience"
        assert entry["requests"] == len(entry["trace_ids"]) == 2
        assert {item["audience_id"] for item in entry["audiences"]} == set(own)
        assert {item["outcome"] for item in entry["audiences"]} == {"removed"}
    snapshots = [entry for entry in record["results"] if entry["kind"] == "snapshot"]
    assert {entry["export_id"]: entry["rows"] for entry in snapshots} == {
        exports[1]["id"]: 1,
        exports[2]["id"]: 1,
    }

    # the next runs do not bring her back, and say so
    file.write_text(members([*OTHERS, ("new@example.com", "+14155559999"), (EMAIL, PHONE)]))
    for export, audience in zip(exports, audiences, strict=True):
        run = await run_to_end(api, work, export)
        assert (run["counts"]["suppressed"], run["skipped_reasons"]) == (1, {"suppressed": 1})
        assert run["status"] == "succeeded"  # nothing is wrong with that
        if export["sync_mode"] == "mirror":
            assert (run["counts"]["added"], run["counts"]["removed"]) == (1, 0)
        assert not HERS & cells(sandbox, audience)
        assert sandbox.audience(audience)["members"] == len(OTHERS) + 1
    assert all(bytes.fromhex(item) not in staged_bytes(settings) for item in HERS)
    preview = await expect(await api.post(f"/v1/exports/{exports[1]['id']}/preview"), 200)
    assert preview["skipped_reasons"] == {"suppressed": 1}

    # the mirrors' runs took their place: nothing of the rewritten rows is left to clean up
    assert await clean_up(erasing) == 0
    assert erasing.store.list("erasures") == []

    # lifted, she comes back with the next runs, and the record stays
    lifted = await lift(api, erasure)
    assert await lift(api, erasure, reason="another word") == lifted
    assert lifted["status"] == "lifted"
    async with database.transaction() as session:
        assert (await session.scalars(select(Suppression))).all() == []
    assert (await read(api, erasure))["lifted_at"] is not None
    for export, audience in zip(exports, audiences, strict=True):
        run = await run_to_end(api, work, export)
        assert run["counts"]["suppressed"] == 0
        assert HERS & cells(sandbox, audience)


async def test_nothing_plain_is_left_anywhere(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    sandbox: Any,
    settings: Settings,
    database: Database,
    segment_root: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    file = segment_root / "members.csv"
    file.write_text(
        "email,phone,customer,device\n"
        + "".join(f"m{n}@example.com,,c-{n},\n" for n in range(9))
        + f"{EMAIL},{PHONE},{CUSTOMER},{DEVICE}\n"
    )
    connection = await make_connection(api)
    mapped = {"EMAIL": "email", "PHONE": "phone", "EXTERN_ID": "customer", "MADID": "device"}
    export = await make_export(
        api, connection, await make_segment(api, str(file)), attributes=mapped, sync_mode="mirror"
    )
    await run_to_end(api, work, export)
    audience = connection["audience"]["id"]
    capfd.readouterr()
    # known by her customer number and her device only
    people = [{"EXTERN_ID": CUSTOMER}, {"MADID": DEVICE.upper()}]
    erasure = await erase(api, people=people, default_country=None)
    before = await everything(database)
    await carry_out()
    assert (await read(api, erasure))["status"] == "done"
    assert sandbox.audience(audience)["members"] == 9
    assert not {CUSTOMER, DEVICE, *HERS} & cells(sandbox, audience)
    await expect(await api.post("/v1/erasures", json={"people": [{"EMAIL": f"{EMAIL}@@@"}]}), 422)
    run = await run_to_end(api, work, export)
    assert run["counts"]["suppressed"] == 1
    assert sandbox.audience(audience)["members"] == 9

    out = "".join(capfd.readouterr()) + caplog.text
    after = await everything(database)
    page = (await api.get("/v1/erasures")).text + (await api.get("/v1/audit-events")).text
    files = staged_bytes(settings)
    for value in (EMAIL, PHONE, CUSTOMER, DEVICE, DEVICE.upper(), "415555"):
        assert value not in before + after
        assert value not in out
        assert value not in page
        assert value.encode() not in files
    async with database.transaction() as session:
        kept = (await session.execute(select(Suppression.key, Suppression.hash))).all()
    assert {(key, value.hex()) for key, value in kept} == {
        ("EXTERN_ID", digest(CUSTOMER)),
        ("MADID", digest(DEVICE)),
    }


async def everything(database: Database) -> str:
    """Every cell of every table, as text; bytes also decoded."""
    found = []
    async with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            for row in await session.execute(text(f"select * from {table.name}")):
                for cell in row:
                    found.append(str(cell))
                    if isinstance(cell, bytes):
                        found.append(cell.decode("latin-1"))
    return "\n".join(found)


async def test_where_meta_refuses_the_one_call_each_audience_is_asked(
    api: httpx.AsyncClient, work: Any, carry_out: Any, sandbox: Any, segment_root: Path
) -> None:
    exports, audiences, _ = await three_exports(api, segment_root)
    for export in exports:
        await run_to_end(api, work, export)
    refusal = {"kind": "error", "code": 100, "status": 400, "match": {"path": "usersofanyaudience"}}
    sandbox.control("POST", "faults", json=refusal)
    erasure = await erase(api, ad_account_ids=["act_1001"])
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "done", record
    entry = record["results"][0]
    assert (entry["method"], entry["requests"]) == ("users", 4)
    for audience in audiences[:2]:
        assert not HERS & cells(sandbox, audience)
    # the other ad account was not asked about; its mirror takes her out with its next run
    assert HERS & cells(sandbox, audiences[2])
    run = await run_to_end(api, work, exports[2])
    assert run["counts"]["removed"] == 1
    assert not HERS & cells(sandbox, audiences[2])


async def test_a_run_under_way_does_not_bring_her_back(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    sandbox: Any,
    settings: Settings,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    """Its rows were staged, and part of them perhaps sent, before the erasure was asked for."""
    exports, audiences, _ = await three_exports(api, segment_root)
    sandbox.control(
        "POST",
        "faults",
        json={
            "kind": "throttle-80003",
            "wait": 900,
            "times": 1,
            "match": {"path": f"{audiences[1]}/users", "method": "POST"},
        },
    )
    run = await start_run(api, exports[1])
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["throttled_until"] is not None) == ("queued", True)

    erasure = await erase(api)
    redis = api.app.state.notifier.redis  # type: ignore[attr-defined]
    await redis.flushall()  # what Meta said of the ad account's quota would hold up the erasure too
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "running"
    waiting = {entry["ad_account_id"]: entry["status"] for entry in record["results"]}
    assert waiting == {"act_1001": "waiting", "act_1002": "done"}
    early = await api.post(f"/v1/erasures/{erasure['id']}/lift", json={"reason": "a mistake"})
    assert (await expect(early, 409))["code"] == "erasure-active"
    await carry_out()  # not due yet

    time.advance(minutes=20)
    await api.app.state.notifier.notify(run["id"], 99)  # type: ignore[attr-defined]
    await work()
    assert (await get_run(api, run))["status"].startswith("succeeded")
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "done", record
    assert not HERS & cells(sandbox, audiences[1])
    assert all(bytes.fromhex(item) not in staged_bytes(settings) for item in HERS)
    run = await run_to_end(api, work, exports[1])
    assert (run["counts"]["added"], run["counts"]["suppressed"]) == (0, 1)


async def test_a_run_that_goes_on_holds_her_back(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    """What was staged with her is sent without her, and the numbers say so and still add up."""
    exports, audiences, _ = await three_exports(api, segment_root)
    notifier = api.app.state.notifier  # type: ignore[attr-defined]
    runs = []
    for export, audience in zip(exports, audiences, strict=True):
        match = {"path": f"{audience}/users", "method": "POST"}
        fault = {"kind": "throttle-80003", "wait": 900, "times": 1, "match": match}
        sandbox.control("POST", "faults", json=fault)
        runs.append(await start_run(api, export))
        await work()
        # two share an ad account, and the second is to be staged, too
        await notifier.redis.flushall()
    before = [await get_run(api, run) for run in runs]
    assert [run["counts"]["staged"] for run in before] == [len(OTHERS) + 1] * 3
    assert [run["status"] for run in before] == ["queued"] * 3
    await erase(api)
    sandbox.control("DELETE", "faults")
    time.advance(minutes=20)
    for run in runs:
        await notifier.notify(run["id"], 99)
    await work()
    for run, audience in zip(runs, audiences, strict=True):
        ended = await get_run(api, run)
        counts = ended["counts"]
        assert ended["status"] == "succeeded", ended
        assert ended["skipped_reasons"] == {"suppressed": 1}
        assert counts["suppressed"] == counts["skipped"] == 1
        assert counts["staged"] == counts["received"] == counts["added"] == len(OTHERS)
        assert counts["read"] == counts["skipped"] + counts["staged"]
        assert not HERS & cells(sandbox, audience)
        assert sandbox.audience(audience)["members"] == len(OTHERS)


async def test_what_interrupts_it_only_delays_it(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    erasing: Erasing,
    sandbox: Any,
    settings: Settings,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    """Meta is away, then the process dies in the middle: every step is repeated until it is done."""
    exports, audiences, _ = await three_exports(api, segment_root)
    for export in exports:
        await run_to_end(api, work, export)
    fault = {"kind": "error", "code": 200, "status": 403, "match": {"path": "act_1001/usersof"}}
    sandbox.control("POST", "faults", json=fault)
    for audience in audiences[:2]:
        fault = {
            "kind": "error",
            "code": 200,
            "status": 403,
            "match": {"path": f"{audience}/users"},
        }
        sandbox.control("POST", "faults", json=fault)
    erasure = await erase(api)
    await carry_out()
    record = await read(api, erasure)
    assert (record["status"], record["attempt"]) == ("running", 1)
    assert record["error"]["code"] == record["results"][0]["error"]["code"]
    assert record["results"][1]["status"] == "done"
    # nobody is forgotten by a mirror who is still at Meta
    assert bytes.fromhex(digest(EMAIL)) in staged_bytes(settings)
    assert await carry_out() == 0
    sandbox.control("DELETE", "faults")
    time.advance(minutes=2)

    slow = {"kind": "slow-before", "delay": 1.0, "times": 1, "match": {"path": "act_1001/usersof"}}
    sandbox.control("POST", "faults", json=slow)
    dying = asyncio.create_task(perform_due(erasing))
    await asyncio.sleep(0.4)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert (await read(api, erasure))["status"] == "running"
    assert await asyncio.gather(carry_out(), carry_out()) in ([0, 1], [1, 0])
    record = await read(api, erasure)
    assert (record["status"], record["error"]) == ("done", None)
    for audience in audiences:
        assert not HERS & cells(sandbox, audience)
    assert all(bytes.fromhex(item) not in staged_bytes(settings) for item in HERS)


async def test_it_gives_up_after_three_days_and_says_why(
    api: httpx.AsyncClient, carry_out: Any, sandbox: Any, time: SimulatedClock
) -> None:
    connection = await make_connection(api)
    sandbox.control("PATCH", f"tokens/{TOKEN}", json={"refused_with": 460})
    erasure = await erase(api)
    spent = time.ahead
    while (record := await read(api, erasure))["status"] in {"queued", "running"}:
        await carry_out()
        time.advance(hours=1)
        assert time.ahead - spent < GIVE_UP_AFTER * 2
    assert record["status"] == "failed"
    assert record["error"]["code"] in {"connection-missing", "token-rejected"}
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert shown["status"] == "reauthentication_required"
    # the list holds all the same
    problem = await api.post(
        "/v1/erasures", json={"people": PEOPLE, "ad_account_ids": ["act_1001"]}
    )
    assert (await expect(problem, 422))["type"].endswith(
        ("ad-account-unknown", "identifier-unusable")
    )


async def test_a_mirror_of_her_alone_is_empty_afterwards(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    sandbox: Any,
    database: Database,
    settings: Settings,
    segment_root: Path,
) -> None:
    file = segment_root / "members.csv"
    file.write_text(members([(EMAIL, PHONE)]))
    connection = await make_connection(api)
    export = await make_export(
        api, connection, await make_segment(api, str(file)), sync_mode="mirror"
    )
    await run_to_end(api, work, export)
    await erase(api)
    await carry_out()
    async with database.transaction() as session:
        baseline = await session.get_one(ExportBaseline, export["id"])
    assert baseline.delivered is not None
    assert Manifest.from_json(baseline.delivered).staged == 0
    assert sandbox.audience(connection["audience"]["id"])["members"] == 0
    file.write_text(members([(EMAIL, PHONE), OTHERS[0]]))
    run = await run_to_end(api, work, export)
    assert (run["counts"]["added"], run["counts"]["removed"]) == (1, 0)


async def test_the_rewritten_rows_are_the_others_exactly(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    erasing: Erasing,
    database: Database,
    settings: Settings,
    segment_root: Path,
) -> None:
    exports, _, _ = await three_exports(api, segment_root)
    await run_to_end(api, work, exports[1])
    store = SnapshotStore.open(settings.snapshots)

    async def rows() -> set[tuple[bytes, ...]]:
        async with database.transaction() as session:
            baseline = await session.get_one(ExportBaseline, exports[1]["id"])
            assert baseline.delivered is not None
            manifest = Manifest.from_json(baseline.delivered)
        reader = BatchReader(store, manifest)
        return {row for batch in plan_batches(manifest) for row in reader.read(batch).rows()}

    before = await rows()
    await erase(api)
    await carry_out()
    hers = tuple(bytes.fromhex(digest(value)) for value in (EMAIL, PHONE.removeprefix("+")))
    assert before - await rows() == {hers}
    assert await rows() - before == set()
    # what a mirror remembers is kept, and goes when the mirror does
    assert await clean_up(erasing) == 0
    await expect(await api.delete(f"/v1/exports/{exports[1]['id']}"), 204)
    assert await clean_up(erasing) == 1
    assert bytes.fromhex(digest(OTHERS[0][0])) not in staged_bytes(settings)


async def test_removal_from_an_audience_still_removes_people_on_the_list(
    api: httpx.AsyncClient, work: Any, carry_out: Any, sandbox: Any, segment_root: Path
) -> None:
    """A run that takes people out must not spare those who want to be out."""
    await make_connection(api)
    await erase(api)
    await carry_out()
    file = segment_root / "members.csv"
    file.write_text(members([(EMAIL, PHONE), OTHERS[0]]))
    connection = await make_connection(api, display_name="later", audience={"name": "Later"})
    export = await make_export(
        api, connection, await make_segment(api, str(file)), sync_mode="remove"
    )
    run = await run_to_end(api, work, export)
    assert (run["counts"]["removed"], run["counts"]["suppressed"]) == (2, 0)


async def test_what_cannot_be_used_is_named_by_its_place_only(
    api: httpx.AsyncClient, database: Database
) -> None:
    await make_connection(api)
    people = [
        {"EMAIL": "right@example.com"},
        {"EMAIL": "wrong-address"},
        {"PHONE": ["+14155550143", "0170 1234567"]},
        {"MADID": "no-device"},
    ]
    problem = await expect(await api.post("/v1/erasures", json={"people": people}), 422)
    assert problem["type"].endswith("identifier-unusable")
    assert {(item["pointer"], item["code"]) for item in problem["errors"]} == {
        ("/people/1/EMAIL/0", "email_invalid"),
        ("/people/2/PHONE/1", "phone_without_country"),
        ("/people/3/MADID/0", "madid_invalid"),
    }
    assert "wrong-address" not in str(problem)
    for body in (
        {"people": []},
        {"people": [{}]},
        {"people": [{"EMAIL": ""}]},
        {"people": [{"NAME": "x"}]},
        {"people": [{"EMAIL": "a@example.com"}] * 1001},
        {"people": [{"EMAIL": "a@example.com"}], "default_country": "XX"},
        {"people": [{"EMAIL": "a@example.com"}], "ad_account_ids": ["act_1002"]},
    ):
        await expect(await api.post("/v1/erasures", json=body), 422)
    async with database.transaction() as session:
        assert (await session.scalars(select(Suppression))).all() == []


async def test_an_erasure_is_lifted_by_name_and_with_a_reason_and_never_by_deleting_its_record(
    api: httpx.AsyncClient, carry_out: Any, database: Database
) -> None:
    """L20, L74: DELETE once let the people come back while the record still read done."""
    await make_connection(api)
    erasure = await erase(api)
    await carry_out()
    refused = await expect(await api.delete(f"/v1/erasures/{erasure['id']}"), 409)
    assert refused["code"] == "erasure-not-deletable"
    assert f"POST /v1/erasures/{erasure['id']}/lift" in refused["detail"]
    await expect(await api.delete("/v1/erasures/era_0"), 404)
    async with database.transaction() as session:
        assert await suppression_list(session)
    assert (await read(api, erasure))["status"] == "done"
    for body in ({}, {"reason": ""}, {"reason": " "}):
        await expect(await api.post(f"/v1/erasures/{erasure['id']}/lift", json=body), 422)

    lifted = await lift(api, erasure, reason="asked for by mistake, ticket 4711")
    assert (lifted["status"], lifted["lifted_by"]) == ("lifted", "bootstrap")
    assert lifted["lift_reason"] == "asked for by mistake, ticket 4711"
    assert lifted["results"], "the record of what was done stays"
    async with database.transaction() as session:
        assert not await suppression_list(session)
    events = await expect(await api.get("/v1/audit-events"), 200)
    (event,) = [item for item in events["items"] if item["action"] == "erasure.lifted"]
    assert event["before"] == {"status": "done"}
    assert event["after"] == {"status": "lifted", "reason": "asked for by mistake, ticket 4711"}


async def test_the_same_person_in_two_erasures_stays_out_until_both_are_lifted(
    api: httpx.AsyncClient, carry_out: Any, database: Database
) -> None:
    await make_connection(api)
    first, second = await erase(api), await erase(api)
    assert await carry_out() == 2

    async def listed() -> SuppressionList:
        async with database.transaction() as session:
            return await suppression_list(session)

    assert {key: len(column) for key, column in (await listed()).hashes.items()} == {
        "EMAIL": 1,
        "PHONE": 1,
    }
    await lift(api, first)
    assert await listed()
    await lift(api, second)
    assert not await listed()


async def test_pushed_members_are_forgotten_too(
    api: httpx.AsyncClient, carry_out: Any, settings: Settings
) -> None:
    """What was pushed to us is kept as hashes; those of an erased person go from there as well."""
    await make_connection(api)
    segment = await expect(
        await api.post("/v1/segments", json={"name": "pushed", "source": {"kind": "upload"}}), 201
    )
    lines = "EMAIL\n" + "".join(f"{address}\n" for address in (EMAIL, "stays@example.com"))
    pushed = await api.put(
        f"/v1/segments/{segment['id']}/members",
        content=lines.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert (await expect(pushed, 200))["member_count"] == 2
    erasure = await erase(api)
    assert await carry_out() == 1
    record = await read(api, erasure)
    assert record["status"] == "done", record
    assert [entry["rows"] for entry in record["results"] if entry["kind"] == "pushed_members"] == [
        1
    ]
    left = await expect(await api.get(f"/v1/segments/{segment['id']}"), 200)
    assert left["member_count"] == 1


async def test_an_erasure_is_done_when_no_file_holds_the_person_any_more(
    api: httpx.AsyncClient,
    carry_out: Any,
    settings: Settings,
    database: Database,
) -> None:
    """Before: `done` was said while the replaced push lay on the disk for a day."""
    hashed = hashlib.sha256(EMAIL.encode()).digest()
    folder = Path(settings.snapshots)

    def on_disk() -> int:
        return sum(hashed in path.read_bytes() for path in folder.rglob("*") if path.is_file())

    await make_connection(api)
    made = await api.post("/v1/segments", json={"name": "pushed", "source": {"kind": "upload"}})
    segment = await expect(made, 201)
    for others in ("a@example.com", "b@example.com"):
        pushed = await api.put(
            f"/v1/segments/{segment['id']}/members",
            content=f"EMAIL\n{EMAIL}\n{others}\n".encode(),
            headers={"Content-Type": "text/csv"},
        )
        await expect(pushed, 200)
    assert on_disk() == 2  # the current push, and the one it replaced
    # a run is staging the members it found a moment ago
    async with database.transaction() as session:
        spec = {"segment_ids": [segment["id"]]}
        started = clock.now() - timedelta(seconds=5)
        session.add(a_run(spec=spec, status="running", phase="staging", started_at=started))
    erasure = await erase(api)
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "running"
    (entry,) = [one for one in record["results"] if one["kind"] == "pushed_members"]
    assert (entry["status"], entry["rows"]) == ("pending", 1)
    assert entry["left"] == {"replaced_pushes": 2}
    async with database.transaction() as session:
        await session.execute(text("update runs set status = 'succeeded', phase = null"))
        await session.execute(text("update erasures set lease_until = now()"))
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "done"
    (entry,) = [one for one in record["results"] if one["kind"] == "pushed_members"]
    assert (entry["status"], entry["rows"], entry["left"]) == ("done", 1, {"replaced_pushes": 0})
    assert on_disk() == 0


def a_run(**values: Any) -> Run:
    """A run of an export that is gone."""
    now = clock.now()
    return Run(
        id=new_id("run"),
        export_id=new_id("exp"),
        trigger="on_demand",
        requested_by="test",
        queued_at=now,
        due_at=now,
        **values,
    )
