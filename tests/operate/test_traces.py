"""One trace from the request to the last batch, across the queue; nothing where it is not configured."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from app import clock
from app.composition import graph_client, webhook_sender
from app.db.models import Export
from app.db.session import Database
from app.erasures.due import perform_due
from app.erasures.execution import Erasing
from app.observability import tracing
from app.observability.logs import configure_logging
from app.queue import QueueNotifier
from app.schedules.due import start_due
from app.settings import Settings, SettingsError, read_settings
from app.snapshots import SnapshotStore
from app.webhooks.delivery import deliver_due
from tests.flows.journey import expect, get_run, make_connection, make_export, make_segment
from tests.operate.lines import documented
from tests.segments.files import write_csv

CALLERS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

Span = dict[str, Any]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Where spans of this process go for the time of a test."""
    path = tmp_path / "traces.jsonl"
    tracing.configure_tracing(process="test", version="0", file=path)
    yield path
    tracing.stop_tracing()


def spans(file: Path) -> list[Span]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def ancestors(span: Span, by_id: dict[str, Span]) -> list[str]:
    """The names above a span, nearest first."""
    names = []
    while (parent := by_id.get(str(span["parent_id"]).removeprefix("0x"))) is not None:
        names.append(parent["name"])
        span = parent
    return names


async def test_a_request_and_its_run_are_one_trace(
    settings: Settings, api: httpx.AsyncClient, work: Any, segment_root: Path, tmp_path: Path
) -> None:
    write_csv(segment_root / "some.csv", ["ada@example.com", "bob@example.com"])
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "some.csv"))
    export = await make_export(api, connection, segment)
    file = tmp_path / "traces.jsonl"
    traced = settings.model_copy(update={"traces_file": file})
    tracing.configure_tracing(process="api", version="0", file=file)
    run = await expect(
        await api.post(f"/v1/exports/{export['id']}/runs", headers={"traceparent": CALLERS}), 202
    )
    await work(traced)
    assert (await get_run(api, run))["status"] == "succeeded"
    found = [item for item in spans(file) if item["context"]["trace_id"].endswith(CALLERS[3:35])]
    by_id = {item["context"]["span_id"].removeprefix("0x"): item for item in found}
    request = next(item for item in found if item["name"] == "POST /v1/exports/{export_id}/runs")
    assert request["parent_id"].endswith(CALLERS[36:52])
    assert request["attributes"]["http.response.status_code"] == 202
    upload = next(item for item in found if item["name"] == "graph POST users")
    assert ancestors(upload, by_id) == ["batch", "deliver", "run", request["name"]]
    names = {item["name"] for item in found}
    assert {"validate", "stage", "finish", "INSERT runs"} <= names
    insert = next(item for item in found if item["name"] == "INSERT run_batches")
    assert "run" in ancestors(insert, by_id)
    job = next(item for item in found if item["name"] == "run")
    assert job["attributes"]["run_id"] == run["id"]
    assert job["attributes"]["outcome"] == "succeeded"
    assert job["resource"]["attributes"]["service.name"] == "audience-export-worker"
    # Meta hears nothing of it unless somebody wants that
    text = file.read_text()
    assert "example.com" not in text
    for item in found:
        assert item["attributes"].keys() <= tracing.ATTRIBUTES, item
        assert item["events"] == []


def of_trace(file: Path, parent: str) -> list[Span]:
    """What belongs to the trace that a traceparent names."""
    return [item for item in spans(file) if item["context"]["trace_id"].endswith(parent[3:35])]


async def test_runs_that_nobody_asked_for_alone_are_one_trace_each_way(
    settings: Settings,
    api: httpx.AsyncClient,
    work: Any,
    database: Database,
    segment_root: Path,
    file: Path,
) -> None:
    """Of all exports at once, and by the clock; what webhooks are told is in the run's trace."""
    write_csv(segment_root / "some.csv", ["ada@example.com"])
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "some.csv"))
    clocked = {"mode": "custom", "cron": "* * * * *"}
    export = await make_export(api, connection, segment, schedule=clocked)
    hook = {"url": "https://hooks.invalid/x", "events": ["run.finished"]}
    await expect(await api.post("/v1/webhooks", json=hook), 201)
    asked = await api.post("/v1/exports/runs", headers={"traceparent": CALLERS})
    (run,) = (await expect(asked, 202))["started"]
    traced = settings.model_copy(update={"traces_file": file})
    await work(traced)
    # the worker took the spans of this process with it
    tracing.configure_tracing(process="api", version="0", file=file)
    sender = webhook_sender(settings)
    await deliver_due(database, api.app.state.vault, sender)  # type: ignore[attr-defined]
    found = of_trace(file, CALLERS)
    by_id = {item["context"]["span_id"].removeprefix("0x"): item for item in found}
    (told,) = [item for item in found if item["name"] == "webhook"]
    assert ancestors(told, by_id) == ["finish", "run", "POST /v1/exports/runs"]
    assert told["attributes"]["operation"] == "run.finished"
    # a minute later the clock starts another one
    async with database.transaction() as session:
        past = clock.now() - timedelta(minutes=2)
        await session.execute(update(Export).values(schedule_checked_at=past))
    notifier = QueueNotifier(settings.redis_url.get_secret_value())
    (started,) = await start_due(database, notifier) or ()
    await notifier.close()
    assert started != run["id"]
    await work(traced)
    job = next(
        item
        for item in spans(file)
        if item["name"] == "run" and item["attributes"]["run_id"] == started
    )
    mine = {item["context"]["span_id"].removeprefix("0x"): item for item in spans(file)}
    assert ancestors(job, mine) == ["schedule"]
    assert job["context"]["trace_id"] != told["context"]["trace_id"]
    assert export["id"] == mine[job["parent_id"].removeprefix("0x")]["attributes"]["export_id"]
    await sender.aclose()


async def test_an_erasure_is_one_trace_to_its_last_call(
    api: httpx.AsyncClient, file: Path, settings: Settings
) -> None:
    await make_connection(api)
    person = {"people": [{"EMAIL": "ada@example.com"}]}
    asked = await api.post("/v1/erasures", json=person, headers={"traceparent": CALLERS})
    erasure = await expect(asked, 202)
    state = api.app.state  # type: ignore[attr-defined]
    store = SnapshotStore.open(settings.snapshots, sealing=state.vault)
    configure_logging(level="INFO")
    with capture_logs() as lines:
        assert await perform_due(Erasing(state.database, state.graph, state.vault, store)) == 1
    found = of_trace(file, CALLERS)
    by_id = {item["context"]["span_id"].removeprefix("0x"): item for item in found}
    call = next(item for item in found if item["name"] == "graph DELETE usersofanyaudience")
    assert ancestors(call, by_id) == ["erasure", "POST /v1/erasures"]
    job = next(item for item in found if item["name"] == "erasure")
    assert job["attributes"]["erasure_id"] == erasure["id"]
    assert job["attributes"]["outcome"] == "done"
    assert "example.com" not in json.dumps(found)
    (line,) = [line for line in lines if line["event"] == "erasure.worked"]
    wanted = {"outcome": "done", "people": 1, "requests": 1, "attempt": 1}
    assert line.items() >= wanted.items()
    assert line.keys() - {"event", "log_level"} <= documented("`erasure.worked`")


async def test_meta_gets_the_trace_only_when_asked(
    settings: Settings, database: Database, sandbox: Any, file: Path
) -> None:
    """By the headers that leave: off by default."""
    for wanted in (False, True):
        changed = settings.model_copy(update={"traces_to_meta": wanted})
        notifier = QueueNotifier(changed.redis_url.get_secret_value())
        client, sent = graph_client(changed, notifier, database), list[bool]()
        wire = client._wire
        original = wire.send

        async def send(*words: Any, headers: Any, **more: Any) -> Any:
            sent.append("traceparent" in headers)  # noqa: B023
            return await original(*words, headers=headers, **more)  # noqa: B023

        wire.send = send  # type: ignore[method-assign]
        with tracing.span("run"):
            await client.for_token("sandbox-user-token").me()
        await client.aclose()
        await notifier.close()
        assert sent == [wanted]


def test_a_failure_is_told_by_its_class(file: Path) -> None:
    with pytest.raises(ValueError, match="ada"), tracing.span("run", run_id="run_1"):
        raise ValueError("ada@example.com")
    (found,) = spans(file)
    assert found["status"] == {"status_code": "ERROR", "description": "ValueError"}
    assert "ada" not in json.dumps(found)


def test_attributes_that_are_not_on_the_list_are_refused(file: Path) -> None:
    with pytest.raises(AssertionError), tracing.span("run", email="ada@example.com"):
        pass


@pytest.mark.parametrize(
    "wrong", ["", "x", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", CALLERS + "-x"]
)
def test_a_parent_that_is_none_begins_a_trace(file: Path, wrong: str) -> None:
    with tracing.span("run", parent=wrong):
        assert (tracing.traceparent() or "")[3:35] not in {"", "0" * 32, CALLERS[3:35]}


def test_off_is_nothing() -> None:
    with tracing.span("run", parent=CALLERS) as traced:
        traced.set(outcome="succeeded")
        assert tracing.traceparent() is None
        assert tracing.trace_ids() == {}
        assert tracing.child("SELECT runs") is None


def test_without_the_extra_it_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="audience-export\\[otel\\]"):
        read_settings(traces_endpoint="http://127.0.0.1:4318/v1/traces")
