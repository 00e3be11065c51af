"""`runs`: executions of exports, started, followed and canceled; exit statuses tell scripts how it ended.

0 succeeded · 1 refused or unreachable · 2 usage · 3 run failed · 4 skipped · 5 timed out · 6 canceled
"""

from typing import Annotated, Any

import typer

from app.cli.api_client import Service, ServiceProblem, segment_of_path, service
from app.cli.client.follow_run import TimeIsUp, follow
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_json, print_list, print_one, say

app = group(
    "Runs of exports. Exit status: 0 succeeded, 1 refused or unreachable, 2 usage, 3 run failed, "
    "4 skipped, 5 timed out, 6 canceled."
)

RunId = Annotated[str, typer.Argument(help="run_…")]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for a service that went away.")
]
Timeout = Annotated[
    float | None,
    typer.Option(min=0, help="Seconds to follow it at most; then exit status 5. The run goes on."),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Read and compare, also where nothing has changed for a mirror."),
]
STATUSES = {"failed": 3, "skipped": 4, "canceled": 6}
_TIMED_OUT, _INTERRUPTED = 5, 130


def _path(run_id: str) -> str:
    return f"/v1/runs/{segment_of_path(run_id)}"


@app.command("list")
def list_(
    limit: Limit = 50,
    export: Annotated[str | None, typer.Option(help="exp_…")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Repeat for several.")] = None,
    trigger: Annotated[str | None, typer.Option(help="on_demand or scheduled.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    params = {"export_id": export, "status": status or None, "trigger": trigger}
    with service() as api:
        items = api.items("/v1/runs", limit=limit, params=params)
    columns = (
        *("id", "status", "export.display_name", "counts.staged", "error.code", "queued_at"),
        *("finished_at", "trigger", "counts.added", "counts.removed", "export_id"),
    )
    print_list(items, *columns, as_json=as_json)


@app.command()
def show(run_id: RunId, *, as_json: AsJson = False) -> None:
    """Show a run: where it stands, its numbers, and why it ended as it did."""
    with service() as api:
        print_one(api.call("GET", _path(run_id)), as_json=as_json)


@app.command()
def start(
    export_id: Annotated[str, typer.Argument(help="exp_…")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="If a run is active already, take that one.")
    ] = False,
    timeout: Timeout = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Asked twice with the same key, it is one run.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Run an export. --timeout follows it, as --watch does."""
    with service() as api:
        run = _started(api, export_id, idempotency_key, attach=attach, force=force)
        if watch or timeout is not None:
            _watch(api, run["id"], patience=120, timeout=timeout, as_json=as_json)
        else:
            print_one(run, as_json=as_json)


@app.command("start-all")
def start_all(*, force: Force = False, as_json: AsJson = False) -> None:
    """Run all exports whose schedule is on."""
    with service() as api:
        found = api.call("POST", "/v1/exports/runs", {"force": True} if force else None)
    if as_json:
        print_json(found)
        return
    print_list(found["started"], "id", "status", "export.display_name", "export_id", as_json=False)
    if found["not_started"]:
        columns = ("export_id", "code", "detail", "display_name")
        say("not started:")
        print_list(found["not_started"], *columns, as_json=False)


@app.command()
def watch(
    run_id: RunId, patience: Patience = 120, timeout: Timeout = None, *, as_json: AsJson = False
) -> None:
    """Follow a run to its end, with its rate and the time left; outlasts a restart of the API."""
    with service() as api:
        _watch(api, run_id, patience=patience, timeout=timeout, as_json=as_json)


@app.command()
def cancel(run_id: RunId, *, as_json: AsJson = False) -> None:
    """Stop a run; what was sent stays sent."""
    with service() as api:
        print_one(api.call("POST", f"{_path(run_id)}/cancel"), as_json=as_json)


@app.command()
def batches(run_id: RunId, limit: Limit = 1000, *, as_json: AsJson = False) -> None:
    """List the run's uploads and what Meta answered."""
    with service() as api:
        items = api.items(f"{_path(run_id)}/batches", limit=limit)
    columns = (
        *("sequence", "operation", "rows", "received", "invalid", "refused", "attempts"),
        *("finished_at", "trace_id"),
    )
    print_list(items, *columns, as_json=as_json)


def _started(
    api: Service, export_id: str, idempotency_key: str | None, *, attach: bool, force: bool
) -> dict[str, Any]:
    """The run that was asked for, or with `attach` the one that is active already."""
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
    try:
        started: dict[str, Any] = api.call(
            "POST",
            f"/v1/exports/{segment_of_path(export_id)}/runs",
            {"force": True} if force else None,
            headers=headers,
        )
    except ServiceProblem as problem:
        active = problem.document.get("run_id")
        if problem.code != "run-already-active" or not active:
            raise
        if not attach:
            problem.detail += f"\n  active: {active} (--attach takes it)"
            raise
        started = api.call("GET", _path(active))
    return started


def _watch(
    api: Service, run_id: str, *, patience: float, timeout: float | None, as_json: bool
) -> None:
    """Show the run until it ends, and exit with what its end means."""
    from app.cli.client.progress_bar import RunProgress  # noqa: PLC0415 - see printing
    from app.cli.tables import console  # noqa: PLC0415

    run: dict[str, Any] | None = None
    try:
        # what is shown on the way is no output: that is the run as it ended
        with RunProgress(console(stderr=True)) as progress:
            for run in follow(api, run_id, patience=patience, timeout=timeout):
                progress.show(run)
    except TimeIsUp:
        _goes_on("The time is up, and the run goes on.", run_id)
        raise typer.Exit(_TIMED_OUT) from None
    except KeyboardInterrupt:
        _goes_on("The run goes on.", run_id)
        raise typer.Exit(_INTERRUPTED) from None
    if run is None:
        run = api.call("GET", _path(run_id))
    print_one(run, as_json=as_json)
    raise typer.Exit(STATUSES.get(run["status"], 0))


def _goes_on(said: str, run_id: str) -> None:
    say(f"{said} To follow it again: audience-export runs watch {run_id}")
