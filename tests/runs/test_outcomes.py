"""What a run delivers, and why some deliver nothing: by the audience, the counts and the calls."""

import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db.session import Database
from app.settings import Settings
from tests.flows.journey import (
    ACCOUNT,
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.segments.files import write_csv, write_ndjson, write_parquet

CUSTOMER_LIST = "23850000000000001"


def digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def adds_up(run: dict[str, Any]) -> bool:
    counts = run["counts"]
    rows = counts["read"] + counts["expanded"]
    accounted = counts["duplicates"] + counts["skipped"] + counts["staged"]
    return bool(rows == accounted and counts["skipped"] == sum(run["skipped_reasons"].values()))


async def run_to_the_end(
    api: httpx.AsyncClient, work: Any, export: dict[str, Any], settings: Settings | None = None
) -> dict[str, Any]:
    run = await start_run(api, export)
    await work(settings)
    return await get_run(api, run)


def held(sandbox: Any, audience_id: str) -> set[str]:
    if not sandbox.audience(audience_id)["members"]:
        return set()
    members = sandbox.members(audience_id)
    place = members["schema"].index("EMAIL")
    return {row[place] for row in members["rows"]}


async def test_every_format_gives_the_same_audience(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S3, S47, S57: where the members are read from changes nothing."""
    emails = [f"Member{n % 400}@Example{n % 3}.com " for n in range(900)]
    emails += ["not an address", "", "x@localhost"]
    files = [
        write_csv(segment_root / "c.csv", emails),
        write_parquet(segment_root / "p.parquet", emails),
        write_ndjson(segment_root / "n.ndjson", emails),
    ]
    expected = {digest(item.strip().lower()) for item in emails[:900]}
    seen = []
    for number, file in enumerate(files):
        connection = await make_connection(api, audience={"name": file.name})
        segment = await make_segment(api, str(file), f"s{number}")
        run = await run_to_the_end(api, work, await make_export(api, connection, segment))
        assert run["status"] == "succeeded_with_warnings"
        assert adds_up(run)
        assert held(sandbox, connection["audience"]["id"]) == expected
        # a blank line of a CSV is no member; an empty text of the other formats is one
        counts = {**run["counts"], "read": 0, "skipped": 0}
        seen.append(counts)
    assert seen[0] == seen[1] == seen[2]


async def test_whoever_is_in_several_segments_is_sent_once(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S2, S13, S56: the segments together are one list of distinct rows."""
    ranges = [range(600), range(400, 900), range(850, 1000), range(600)]
    connection = await make_connection(api)
    segments = [
        await make_segment(
            api,
            str(write_csv(segment_root / f"{n}.csv", [f"m{i}@example.com" for i in members])),
            f"s{n}",
        )
        for n, members in enumerate(ranges)
    ]
    run = await run_to_the_end(api, work, await make_export(api, connection, *segments))
    counts = run["counts"]
    assert run["status"] == "succeeded"
    assert counts["read"] == sum(len(members) for members in ranges)
    assert counts["staged"] == counts["received"] == counts["added"] == 1000
    assert counts["duplicates"] == counts["read"] - 1000
    assert adds_up(run)
    wanted = {digest(f"m{i}@example.com") for i in range(1000)}
    assert held(sandbox, connection["audience"]["id"]) == wanted


def a_member(dice: random.Random) -> tuple[str, str, str]:
    def address() -> str:
        number = dice.randrange(120)
        return dice.choice(
            [
                f"m{number}@example.com",
                f" M{number}@Example.COM",
                f"m{number}@localhost",
                f"m{number}.example.com",
                f"m {number}@example.com",
                digest(f"m{number}@example.com"),
                "",
            ]
        )

    phone = dice.choice(["+4930123456", "030/123456", "12", "", "+1 650 555 1212"])
    return address(), address(), phone


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_counts_add_up_whatever_the_file_holds(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path, seed: int
) -> None:
    """L49: read + expanded = duplicates + skipped + staged, and what was staged is what arrived."""
    dice = random.Random(seed)
    members = [a_member(dice) for _ in range(dice.randrange(200, 2000))]
    file = segment_root / "m.csv"
    file.write_text("email,other,phone\n" + "".join(",".join(row) + "\n" for row in members))
    segment = await make_segment(api, str(file))
    mappings: list[dict[str, Any]] = [
        {"attributes": {"EMAIL": "email"}},
        {"attributes": {"EMAIL": ["email", "other"]}},
        {
            "attributes": {"EMAIL": ["email", "other"], "PHONE": "phone"},
            "default_country": "DE",
        },
        {"key_identifier": "phone", "attributes": {"PHONE": "phone"}, "default_country": "DE"},
    ]
    for number, mapping in enumerate(mappings):
        connection = await make_connection(api, audience={"name": f"{seed} {number}"})
        run = await run_to_the_end(
            api, work, await make_export(api, connection, segment, **mapping)
        )
        counts = run["counts"]
        assert adds_up(run), run
        assert counts["read"] == len(members)
        assert counts["staged"] == counts["received"] == counts["added"] > 0
        assert counts["removed"] == 0
        assert counts["batches_done"] == counts["batches_total"]
        assert (counts["expanded"] > 0) == isinstance(mapping["attributes"].get("EMAIL"), list)
        assert sandbox.audience(connection["audience"]["id"])["members"] == counts["staged"]
        assert run["status"] == "succeeded_with_warnings"
        assert digest("") not in str(sandbox.members(connection["audience"]["id"])["rows"])


async def test_a_file_of_nothing_usable_sends_nothing(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """L49: every member is explained, none is sent, and the run fails."""
    file = write_csv(segment_root / "m.csv", ["nobody", "nowhere", "no@one"])
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    run = await run_to_the_end(api, work, await make_export(api, connection, segment))
    assert (run["status"], run["error"]["code"]) == ("failed", "nothing-usable")
    assert (run["counts"]["skipped"], run["counts"]["staged"]) == (3, 0)
    assert run["skipped_reasons"] == {"email_invalid": 3}
    assert sandbox.requests("/users") == []


async def test_runs_that_are_skipped_say_why(
    api: httpx.AsyncClient,
    sandbox: Any,
    work: Any,
    segment_root: Path,
    make_settings: Callable[..., Settings],
    database: Database,
    tmp_path: Path,
) -> None:
    """S9, S13, L32, L50, L67, L75: not truncated, not half-sent; skipped with a reason."""
    connection = await make_connection(api)
    emails = [f"m{n}@example.com" for n in range(12)]
    full = await make_segment(api, str(write_csv(segment_root / "f.csv", emails)), "full")
    twice = write_csv(segment_root / "t.csv", emails[:10] * 3)
    repeated = await make_segment(api, str(twice), "repeated")
    hollow = await make_segment(api, str(write_csv(segment_root / "h.csv", [])), "hollow")
    off = await make_segment(api, str(segment_root / "f.csv"), "off")
    await api.patch(f"/v1/segments/{off['id']}", json={"state": "inactive"})
    ten = make_settings(max_members_per_export=10)

    async def outcome(*segments: dict[str, Any]) -> tuple[str, str | None]:
        run = await run_to_the_end(api, work, await make_export(api, connection, *segments), ten)
        assert run["finished_at"] is not None
        assert run["counts"]["received"] == 0 or run["status"] == "succeeded"
        if run["error"] is not None:
            assert run["error"]["culprit"] == "user"
            assert len(run["error"]["message"]) > 20
        return run["status"], None if run["error"] is None else run["error"]["code"]

    assert await outcome(full) == ("skipped", "too-many-members")
    assert await outcome(hollow) == ("skipped", "segment-empty")
    assert await outcome(off) == ("skipped", "segment-inactive")
    assert await outcome(repeated, off) == ("skipped", "segment-inactive")
    assert sandbox.requests("/users") == []
    # the limit is on distinct members: 30 rows of 10 people pass
    assert await outcome(repeated, hollow) == ("succeeded", None)

    sandbox.control("DELETE", "requests")
    gone = await make_export(api, connection, repeated)
    run = await start_run(api, gone)
    async with database.transaction() as session:
        # as if the export had been removed just as a worker took the run
        await session.execute(text("delete from exports where id = :id"), {"id": gone["id"]})
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["error"]["code"]) == ("skipped", "export-removed")
    removed = await make_export(api, connection, repeated)
    run = await start_run(api, removed)
    assert (await api.delete(f"/v1/exports/{removed['id']}")).status_code == 204
    await work()
    # what was asked for is over, its history stays (S67)
    assert (await get_run(api, run))["status"] == "canceled"
    assert sandbox.requests("/users") == []
    assert [path for path in (tmp_path / "snapshots").rglob("*") if path.is_file()] == []


async def test_what_changed_at_meta_since_saving_fails_before_the_first_row(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S7, S27, S35, C5, C12, C16: nothing is half-uploaded, and each cause has its own code."""
    segment = await make_segment(
        api, str(write_csv(segment_root / "m.csv", [f"m{n}@example.com" for n in range(50)]))
    )
    connection = await make_connection(api, audience={"id": CUSTOMER_LIST})
    export = await make_export(api, connection, segment)
    audience, account = f"audiences/{CUSTOMER_LIST}", f"ad-accounts/{ACCOUNT}"
    cases: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
        (audience, {"subtype": "WEBSITE"}, {"subtype": "CUSTOM"}, "audience-not-customer-list"),
        (audience, {"subtype": "LOOKALIKE"}, {"subtype": "CUSTOM"}, "audience-not-customer-list"),
        (audience, {"operation_status": 471}, {"operation_status": 200}, "audience-flagged"),
        (audience, {"can_edit": False}, {"can_edit": True}, "audience-not-editable"),
        (account, {"account_status": 2}, {"account_status": 1}, "ad-account-inactive"),
        (account, {"tos_accepted": False}, {"tos_accepted": True}, "terms-not-accepted"),
        (account, {"role": None}, {"role": "ADMIN"}, "ad-account-unavailable"),
        (f"tokens/{TOKEN}", {"scopes": ["ads_read"]}, {"scopes": ["ads_management"]}, "permission-missing"),
    ]  # fmt: skip
    for what, broken, mended, code in cases:
        sandbox.control("PATCH", what, json=broken)
        run = await run_to_the_end(api, work, export)
        assert (code, run["status"], run["error"]["code"]) == (code, "failed", code)
        assert run["error"]["culprit"] == "user"
        assert run["counts"]["batches_done"] == 0
        sandbox.control("PATCH", what, json=mended)
    assert sandbox.requests("/users") == []
    assert (await api.get(f"/v1/connections/{connection['id']}")).json()["status"] == "ready"
    run = await run_to_the_end(api, work, export)
    assert run["status"] == "succeeded"
    sandbox.control("DELETE", audience)
    sandbox.control("DELETE", "requests")
    run = await run_to_the_end(api, work, export)
    assert (run["status"], run["error"]["code"]) == ("failed", "audience-gone")
    assert sandbox.requests("/users") == []


async def test_a_dead_token_is_renewed_in_place(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """C1, C11, L17: the run fails, the connection says so, the same export runs after a new token."""
    segment = await make_segment(
        api, str(write_csv(segment_root / "m.csv", [f"m{n}@example.com" for n in range(50)]))
    )
    connection = await make_connection(api)
    export = await make_export(api, connection, segment)
    sandbox.control("PATCH", f"tokens/{TOKEN}", json={"refused_with": 463})
    run = await run_to_the_end(api, work, export)
    assert (run["status"], run["error"]["code"]) == ("failed", "token-rejected")
    assert run["error"]["culprit"] == "user"
    assert TOKEN not in str(run)
    path = f"/v1/connections/{connection['id']}"
    assert (await api.get(path)).json()["status"] == "reauthentication_required"
    body = {"access_token": "sandbox-system-token"}
    renewed = await expect(await api.patch(path, json=body), 200)
    assert renewed["status"] == "ready"
    assert renewed["audience"] == connection["audience"]
    assert (await api.get(f"/v1/exports/{export['id']}")).json()["version"] == export["version"]
    assert (await run_to_the_end(api, work, export))["status"] == "succeeded"
    assert sandbox.audience(connection["audience"]["id"])["members"] == 50


async def test_a_connection_that_lacks_something_runs_nothing(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S38, S61: no transfer before consent, and none after it was taken back."""
    segment = await make_segment(api, str(write_csv(segment_root / "m.csv", ["a@example.com"])))
    connection = await make_connection(api)
    export = await make_export(api, connection, segment)
    path = f"/v1/connections/{connection['id']}"
    await expect(await api.patch(path, json={"consent": None}), 200)
    refused = await expect(await api.post(f"/v1/exports/{export['id']}/runs"), 409)
    assert refused["code"] == "connection-draft"
    assert "consent" in refused["detail"]
    await work()
    assert sandbox.requests("/users") == []


async def test_a_mirror_follows_its_connection_to_another_audience(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S31: the new audience gets everybody, not the difference to what the old one holds."""
    segment = await make_segment(
        api, str(write_csv(segment_root / "m.csv", [f"m{n}@example.com" for n in range(40)]))
    )
    connection = await make_connection(api)
    export = await make_export(api, connection, segment, sync_mode="mirror")
    assert (await run_to_the_end(api, work, export))["status"] == "succeeded"
    path = f"/v1/connections/{connection['id']}"
    moved = await expect(await api.patch(path, json={"audience": {"id": CUSTOMER_LIST}}), 200)
    assert moved["audience"]["id"] == CUSTOMER_LIST
    assert (await run_to_the_end(api, work, export))["status"] == "succeeded"
    assert sandbox.audience(CUSTOMER_LIST)["members"] == 40
