"""The numbers of /metrics are those of the runs, in a form that Prometheus takes, for whom it concerns."""

import asyncio
import hashlib
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Counter

from app import clock
from app.cli.server.child_processes import make_api, make_worker
from app.connections.account_health.account_blocks import note_block
from app.db.deployment_metrics import Figures
from app.db.session import Database
from app.erasures.due import perform_due
from app.erasures.execution import Erasing
from app.errors import AppError
from app.observability import metrics
from app.observability.metrics import Accounts, account_hash
from app.observability.metrics_port import metrics_port
from app.runs.queueing.wait_reasons import WaitReason
from app.settings import Settings
from tests.access.deployments import deployed
from tests.conftest import free_port
from tests.flows.journey import (
    ACCOUNT,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.operate.reading import Change, samples, value
from tests.segments.files import write_csv

ROWS = ["ada@example.com", "ADA@example.com ", "bob@example.com", "nobody", '""']


async def scrape(api: httpx.AsyncClient) -> str:
    answer = await api.get("/metrics")
    assert answer.status_code == 200
    return answer.text


async def moved(
    api: httpx.AsyncClient, work: Any, export: dict[str, Any]
) -> tuple[Change, dict[str, Any], str]:
    """How far a run of the export moved the counters: by what it says of itself. And the page afterwards."""
    before = await scrape(api)
    run = await start_run(api, export)
    await work()
    run = await get_run(api, run)
    after = await scrape(api)
    change, counts = Change(before, after), run["counts"]
    assert change("members_read_total") == counts["read"]
    assert change("members_expanded_total") == counts["expanded"]
    assert change("members_duplicates_total") == counts["duplicates"]
    assert change("members_staged_total") == counts["staged"]
    assert change("members_sent_total", operation="add") == counts["added"]
    assert change("members_sent_total", operation="remove") == counts["removed"]
    assert change("members_refused_total") == counts["refused"]
    assert counts["added"] + counts["removed"] + counts["refused"] == counts["staged"]
    assert change("batches_total") == counts["batches_done"]
    for reason, number in run["skipped_reasons"].items():
        assert change("members_skipped_total", reason=reason) == number
    assert change("members_skipped_total") == counts["skipped"]
    assert change("runs_ended_total", status=run["status"], culprit="none", code="none") == 1
    assert change("runs_ended_total") == 1
    assert change("run_seconds_count", status=run["status"]) == 1
    return change, counts, after


async def test_a_run_moves_the_counters_by_its_counts(
    api: httpx.AsyncClient, work: Any, sandbox: Any, segment_root: Path
) -> None:
    """Read, skipped, staged, sent, refused, by how much the run says, and its end once."""
    write_csv(segment_root / "five.csv", ROWS)
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "five.csv"))
    change, counts, page = await moved(api, work, await make_export(api, connection, segment))
    assert (counts["staged"], counts["refused"]) == (2, 0)
    assert change("graph_calls_total", edge="users", status="200", code="none") == 1
    assert change("graph_call_seconds_count") == change("graph_calls_total") > 1
    now = samples(page)
    quota = value(now, "audience_export_graph_quota_used_ratio", ad_account=account_hash("1001"))
    assert 0 <= quota < 1
    # by its hash only
    assert ACCOUNT.removeprefix("act_") not in {text for _, has in now for _, text in has}
    assert value(now, "audience_export_hash_engine_info", engine="stringzilla") == 1


async def test_members_that_meta_refuses_are_counted_as_refused_and_as_nothing_else(
    api: httpx.AsyncClient, work: Any, sandbox: Any, segment_root: Path
) -> None:
    """One row for its content (100), and a whole removal that leaves too few (200/1870047)."""
    write_csv(segment_root / "five.csv", ROWS)
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "five.csv"))
    bob = hashlib.sha256(b"bob@example.com").hexdigest()
    content = {"code": 100, "when_row_hash": bob, "match": {"method": "POST"}}
    size = {"code": 200, "subcode": 1870047, "status": 403, "match": {"method": "DELETE"}}
    for fault in (content, size):
        sandbox.control("POST", "faults", json={"kind": "error", **fault})
    export = await make_export(api, connection, segment)
    change, counts, _ = await moved(api, work, export)
    assert (counts["added"], counts["refused"]) == (1, 1)
    # both rows, then each by itself
    assert change("graph_calls_total", edge="users", status="200", code="none") == 1
    assert change("graph_calls_total", edge="users", code="payload-rejected") == 2
    leavers = await make_export(
        api, connection, segment, sync_mode="remove", display_name="Leavers"
    )
    change, counts, _ = await moved(api, work, leavers)
    assert (counts["removed"], counts["refused"]) == (0, 2)
    assert change("members_refused_total") == 2


async def test_what_goes_wrong_is_counted_by_code_and_culprit(
    api: httpx.AsyncClient, work: Any, sandbox: Any, segment_root: Path
) -> None:
    """A source that is away, a token that is refused, a run canceled before it began."""
    path = segment_root / "away.csv"
    write_csv(path, ROWS)
    connection = await make_connection(api)
    segment = await make_segment(api, str(path))
    export = await make_export(api, connection, segment)
    before = await scrape(api)
    path.unlink()
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "skipped"
    waiting = await start_run(api, export)
    state = samples(await scrape(api))
    await expect(await api.post(f"/v1/runs/{waiting['id']}/cancel"), 200)
    change = Change(before, await scrape(api))
    assert change("source_errors_total", kind="file", code="source-not-found") == 1
    assert change("runs_ended_total", status="skipped", code="source-not-found") == 1
    assert change("runs_ended_total", status="canceled") == 1
    assert value(state, "audience_export_connections", status="ready") == 1
    assert value(state, "audience_export_database_up") == 1


async def test_the_state_of_the_deployment(api: httpx.AsyncClient, segment_root: Path) -> None:
    """Queue, workers, connections: from the database, whichever process is asked."""
    write_csv(segment_root / "some.csv", ROWS)
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "some.csv"))
    await start_run(api, await make_export(api, connection, segment))
    state = samples(await scrape(api))
    assert value(state, "audience_export_runs", status="queued") == 1
    assert value(state, "audience_export_queue_depth") == 1
    assert value(state, "audience_export_queue_oldest_seconds") >= 0
    assert value(state, "audience_export_workers") == 0
    assert value(state, "audience_export_database_pool_connections_max") > 0


async def test_what_waits_and_who_asked_to_be_forgotten(
    api: httpx.AsyncClient, work: Any, sandbox: Any, segment_root: Path
) -> None:
    """A run that Meta's limits hold up, an erasure before and after it is carried out, a push."""
    write_csv(segment_root / "some.csv", ROWS)
    connection = await make_connection(api, ad_account_id="act_1105")
    segment = await make_segment(api, str(segment_root / "some.csv"))
    await start_run(api, await make_export(api, connection, segment))
    rule = {"kind": "throttle-80003", "wait": 600, "match": {"path": ".*/users$"}}
    sandbox.control("POST", "faults", json=rule)
    before = await scrape(api)
    await work()
    person = {"people": [{"EMAIL": "ada@example.com"}]}
    await expect(await api.post("/v1/erasures", json=person), 202)
    body = {"name": "pushed", "display_name": "Pushed", "source": {"kind": "upload"}}
    pushed = await expect(await api.post("/v1/segments", json=body), 201)
    put = f"/v1/segments/{pushed['id']}/members"
    csv = {"Content-Type": "text/csv"}
    refused = await api.put(put, content=b"NAME\nx\n", headers=csv)
    assert refused.status_code == 422
    received = await expect(await api.put(put, content=b"EMAIL\na@x.com\n", headers=csv), 200)
    state = api.app.state  # type: ignore[attr-defined]
    state.figures = Figures(state.database)  # what was seen two seconds ago is told again
    text = await scrape(api)
    now, change = samples(text), Change(before, text)
    assert value(now, "audience_export_runs_waiting", reason="throttled") == 1
    assert value(now, "audience_export_runs_waiting") == 1
    assert change("runs_parked_total", reason="throttled") == 1
    assert change("runs_ended_total") == 0
    assert value(now, "audience_export_erasures", status="queued") == 1
    assert 0 <= value(now, "audience_export_erasure_oldest_seconds") < 600
    assert change("members_pushed_total") == received["member_count"] == 1
    told = {dict(has)["reason"] for name, has in now if name == "audience_export_runs_waiting"}
    assert told == set(WaitReason)
    await perform_due(Erasing(state.database, state.graph, state.vault, state.uploads.store))
    state.figures = Figures(state.database)
    text = await scrape(api)
    # the same limits hold it up
    assert value(samples(text), "audience_export_erasures", status="running") == 1
    change = Change(before, text)
    assert change("erasure_attempts_total", outcome="retrying", code="meta-throttled") == 1


@pytest.mark.parametrize("minutes", [5, -5])
async def test_a_block_counts_until_its_time_is_over(
    api: httpx.AsyncClient, database: Database, segment_root: Path, minutes: int
) -> None:
    """In the number that wakes somebody, in what is called broken, and on the connection."""
    write_csv(segment_root / "some.csv", ROWS)
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "some.csv"))
    await make_export(api, connection, segment)
    error, until = AppError("Meta blocks it."), clock.now() + timedelta(minutes=minutes)
    async with database.transaction() as session:
        await note_block(session, ACCOUNT, error, until=until)
    state = samples(await scrape(api))
    broken = (await expect(await api.get("/v1/overview"), 200))["broken"]
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert value(state, "audience_export_connections_blocked") == (minutes > 0)
    assert [item["code"] for item in broken] == ["account-blocked"] * (minutes > 0)
    assert (shown["blocked"] is not None) == (minutes > 0)


def test_names_and_labels_are_bounded() -> None:
    """Counters end in _total, times are seconds, and no label is what a caller may choose freely."""
    chosen = {
        "export_id",
        "run_id",
        "connection_id",
        "audience_id",
        "path",
        "url",
        "email",
        "token",
    }
    for found in vars(metrics).values():
        if not hasattr(found, "_labelnames"):
            continue
        name = found._name + ("_total" if isinstance(found, Counter) else "")
        assert name.startswith("audience_export_")
        assert not set(found._labelnames) & chosen, name
        assert not name.endswith(("_ms", "_milliseconds", "_minutes", "_percent")), name


def test_accounts_are_hashed_or_plain_or_left_out_and_never_too_many() -> None:
    hashed = Accounts("hashed")
    labels = {hashed.label(f"act_{number}") for number in range(500)}
    assert len(labels) == 201
    assert "others" in labels
    assert Accounts("plain").label("act_7") == "7"
    assert Accounts("off").label("act_7") is None


@pytest.fixture
async def port() -> Any:
    number = free_port()
    async with metrics_port("127.0.0.1", number, ""):
        yield number


async def test_the_worker_answers_on_its_own_port(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        page = await client.get("/metrics")
        assert page.status_code == 200
        assert "audience_export_members_read_total" in page.text
        assert page.headers["content-type"].startswith("text/plain")
        assert (await client.head("/metrics")).content == b""
        assert (await client.get("/livez")).text == "ok\n"
        assert (await client.get("/v1/runs")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        # a proxy on this machine passes on what comes from anywhere
        assert (await client.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"})).is_error
        assert (await client.get("/metrics", headers={"X": "y" * 20_000})).status_code == 400


async def test_the_worker_asks_for_the_key() -> None:
    number = free_port()
    async with (
        metrics_port("127.0.0.1", number, "a key"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{number}") as client,
    ):
        assert (await client.get("/metrics")).status_code == 401
        wrong = {"Authorization": "Bearer another"}
        assert (await client.get("/metrics", headers=wrong)).status_code == 401
        right = {"Authorization": "Bearer a key"}
        assert (await client.get("/metrics", headers=right)).status_code == 200
        assert (await client.get("/livez")).status_code == 200


async def test_an_api_process_has_a_port_of_its_own_with_the_state(
    make_settings: Callable[..., Settings],
) -> None:
    """Of several on one port a scrape meets any; each has the next port, as workers have."""
    number = free_port()
    settings = make_settings(api_metrics_port=number)
    async with deployed(settings), httpx.AsyncClient() as client:
        page = (await client.get(f"http://127.0.0.1:{number}/metrics")).text
    assert value(samples(page), "audience_export_database_up") == 1
    assert "audience_export_runs_ended_total" in page
    with socket.socket() as listener:
        second = make_api(2, listener, settings)
    assert second._env is not None
    assert second._env["API_METRICS_PORT"] == str(number + 1)
    assert make_worker(3, settings)._env is None


async def test_a_port_that_is_taken_costs_no_run(port: int) -> None:
    async with metrics_port("127.0.0.1", port, ""):
        await asyncio.sleep(0)
