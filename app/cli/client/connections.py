"""`connections`: the ad accounts that exports may fill; for administrators."""

from typing import Annotated

import typer

from app.cli.api_client import document, segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_json, print_list, print_one

app = group("Connections to ad accounts.")

ConnectionId = Annotated[str, typer.Argument(help="con_…")]
File = Annotated[str, typer.Argument(help="JSON as the API takes it; - for standard input.")]


@app.command("list")
def list_(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List connections, newest first."""
    with service() as api:
        items = api.items("/v1/connections", limit=limit)
    columns = ("id", "display_name", "status", "ad_account.id", "audience.name", "shared_with")
    print_list(items, *columns, as_json=as_json)


@app.command()
def show(connection_id: ConnectionId, *, as_json: AsJson = False) -> None:
    """Show a connection."""
    with service() as api:
        print_one(
            api.call("GET", f"/v1/connections/{segment_of_path(connection_id)}"), as_json=as_json
        )


@app.command()
def create(
    file: Annotated[
        str | None, typer.Argument(help="JSON as the API takes it; - for standard input.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a connection, asking for each part, or from a JSON file.

    A token that is typed or stands in a file stays out of the shell's history.
    """
    with service() as api:
        if file is None:
            from app.cli.client.connection_wizard import connect  # noqa: PLC0415 - asks, so it may take its time

            print_one(connect(api), as_json=as_json)
        else:
            print_one(api.call("POST", "/v1/connections", document(file)), as_json=as_json)


@app.command()
def update(connection_id: ConnectionId, file: File, *, as_json: AsJson = False) -> None:
    """Change a connection by a JSON merge patch."""
    path = f"/v1/connections/{segment_of_path(connection_id)}"
    with service() as api:
        print_one(api.call("PATCH", path, document(file)), as_json=as_json)


@app.command()
def check(connection_id: ConnectionId, *, as_json: AsJson = False) -> None:
    """Run every check now; exit status 1 if one of them fails."""
    with service() as api:
        found = api.call("POST", f"/v1/connections/{segment_of_path(connection_id)}/check")
    if as_json:
        print_json(found)
    else:
        print_list(found["checks"], "name", "ok", "code", "detail", as_json=False)
    if not found["ok"]:
        raise typer.Exit(1)


@app.command()
def delete(
    connection_id: ConnectionId,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Detach its exports first.")] = False,
) -> None:
    """Forget a connection and its token; the audience stays at Meta."""
    path = f"/v1/connections/{segment_of_path(connection_id)}"
    with service() as api:
        api.call("DELETE", path, params={"detach": "true" if detach else None})
