"""`erasures`: people out of every managed audience, and kept out; for administrators."""

from typing import Annotated

import typer

from app.cli.api_client import document, segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_list, print_one

app = group("People who asked to be forgotten.")

ErasureId = Annotated[str, typer.Argument(help="era_…")]
_PATH = "/v1/erasures"


@app.command("list")
def list_(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List erasures, newest first; they name nobody."""
    with service() as api:
        items = api.items(_PATH, limit=limit)
    print_list(items, "id", "status", "people", "requested_at", "finished_at", as_json=as_json)


@app.command()
def show(erasure_id: ErasureId, *, as_json: AsJson = False) -> None:
    """Show what was done, where and when."""
    with service() as api:
        print_one(api.call("GET", f"{_PATH}/{segment_of_path(erasure_id)}"), as_json=as_json)


@app.command()
def create(
    file: Annotated[str, typer.Argument(help="JSON as the API takes it; - for standard input.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Forget people; read from a file, so that no identifier stands in the shell's history."""
    with service() as api:
        print_one(api.call("POST", _PATH, document(file)), as_json=as_json)


@app.command()
def lift(
    erasure_id: ErasureId,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Let the people be exported again; the record stays."""
    path = f"{_PATH}/{segment_of_path(erasure_id)}/lift"
    with service() as api:
        print_one(api.call("POST", path, {"reason": reason}), as_json=as_json)
