"""`runs`: executions of exports, started, followed and canceled; exit statuses tell scripts how it ended.

0 it went well · 1 a problem · 2 wrong usage · 3 the run failed · 4 it was skipped · 5 it was canceled
"""

from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.following import follow
from app.cli.printing import AsJson, Limit, console, print_json, print_list, print_one
from app.cli.progress import RunProgress
from app.cli.service import Service, segment_of_path, service

app = typer.Typer(
    help="Runs of exports. Exit status: 0 good, 1 problem, 2 usage, 3 run failed, 4 run skipped, "
    "5 run canceled.",
    no_args_is_help=True,
)

RunId = Annotated[str, typer.Argument(help="run_…")]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for a service that went away.")
]
STATUSES = {"failed": 3, "skipped": 4, "canceled": 5}
_INTERRUPTED = 130


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
        *("id", "export_id", "trigger", "status", "queued_at", "finished_at"),
        *("counts.staged", "counts.added", "counts.removed", "error.code"),
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
    as_json: AsJson = False,
) -> None:
    """Run an export."""
    with service() as api:
        run = api.call("POST", f"/v1/exports/{segment_of_path(export_id)}/runs")
        if watch:
            _watch(api, run["id"], patience=120, as_json=as_json)
        else:
            print_one(run, as_json=as_json)


@app.command("start-all")
def start_all(*, as_json: AsJson = False) -> None:
    """Run all exports whose schedule is on."""
    with service() as api:
        found = api.call("POST", "/v1/exports/runs")
    if as_json:
        print_json(found)
        return
    print_list(found["started"], "id", "export_id", "status", as_json=False)
    if found["not_started"]:
        columns = ("export_id", "display_name", "code", "detail")
        console().print("\nnot started:")
        print_list(found["not_started"], *columns, as_json=False)


@app.command()
def watch(run_id: RunId, patience: Patience = 120, *, as_json: AsJson = False) -> None:
    """Follow a run to its end, with its rate and the time left; outlasts a restart of the API."""
    with service() as api:
        _watch(api, run_id, patience=patience, as_json=as_json)


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


def _watch(api: Service, run_id: str, *, patience: float, as_json: bool) -> None:
    """Show the run until it ends, and exit with what its end means."""
    run: dict[str, Any] | None = None
    try:
        # what is shown on the way is no output: that is the run as it ended
        with RunProgress(console(stderr=True)) as progress:
            for run in follow(api, run_id, patience=patience):
                progress.show(run)
    except KeyboardInterrupt:
        told = f"The run goes on. To follow it again: audience-export runs watch {run_id}"
        console(stderr=True).print(Text(told))
        raise typer.Exit(_INTERRUPTED) from None
    if run is None:
        run = api.call("GET", _path(run_id))
    print_one(run, as_json=as_json)
    raise typer.Exit(STATUSES.get(run["status"], 0))
