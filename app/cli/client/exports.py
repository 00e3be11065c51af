"""`exports`: which segments go to which audience."""

from typing import Annotated

import typer

from app.cli.api_client import document, segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_json, print_list, print_one

app = group("Exports of segments to audiences.")

ExportId = Annotated[str, typer.Argument(help="exp_…")]
File = Annotated[str, typer.Argument(help="JSON as the API takes it; - for standard input.")]


def _path(export_id: str) -> str:
    return f"/v1/exports/{segment_of_path(export_id)}"


@app.command("list")
def list_(
    limit: Limit = 50,
    search: Annotated[
        str | None, typer.Option(help="In the export's, the connection's or the type's name.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List exports, newest first."""
    with service() as api:
        items = api.items("/v1/exports", limit=limit, params={"q": search})
    columns = ("id", "display_name", "status", "last_run.status", "next_run_at", "schedule.mode")
    print_list(items, *columns, as_json=as_json)


@app.command()
def show(export_id: ExportId, *, as_json: AsJson = False) -> None:
    """Show an export."""
    with service() as api:
        print_one(api.call("GET", _path(export_id)), as_json=as_json)


@app.command()
def create(file: File, *, as_json: AsJson = False) -> None:
    """Make an export from a JSON file; it does not run."""
    with service() as api:
        print_one(api.call("POST", "/v1/exports", document(file)), as_json=as_json)


@app.command()
def update(export_id: ExportId, file: File, *, as_json: AsJson = False) -> None:
    """Change an export by a JSON merge patch."""
    with service() as api:
        print_one(api.call("PATCH", _path(export_id), document(file)), as_json=as_json)


@app.command()
def delete(export_id: ExportId) -> None:
    """Forget an export; its runs stay in the history and its audience at Meta."""
    with service() as api:
        api.call("DELETE", _path(export_id))


@app.command()
def duplicate(
    export_id: ExportId,
    name: Annotated[str | None, typer.Option(help="Of the copy.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a new export with the same values."""
    with service() as api:
        found = api.call("POST", f"{_path(export_id)}/duplicate", {"display_name": name})
        print_one(found, as_json=as_json)


@app.command()
def preview(export_id: ExportId, *, as_json: AsJson = False) -> None:
    """Count what a run would send, key by key, without sending."""
    with service() as api:
        found = api.call("POST", f"{_path(export_id)}/preview")
    if as_json:
        print_json(found)
        return
    print_list(found.pop("keys"), "key", "filled", "fill_rate", "valid", "refused", as_json=False)
    print_one(found, as_json=False)


@app.command()
def statistics(export_id: ExportId, limit: Limit = 20, *, as_json: AsJson = False) -> None:
    """Show how the export's runs went, and what each added and removed."""
    with service() as api:
        found = api.call("GET", f"{_path(export_id)}/statistics", params={"limit": min(limit, 500)})
    if as_json:
        print_json(found)
        return
    columns = (
        "run_id",
        "status",
        "finished_at",
        "staged",
        "added",
        "removed",
        "skipped",
        "invalid",
    )
    print_list(found.pop("history"), *columns, as_json=False)
    print_one(found, as_json=False)
