"""`config`: the configuration of a deployment, out and in; for administrators."""

from typing import Annotated

import typer

from app.cli.api_client import document, service
from app.cli.command_groups import group
from app.cli.output import AsJson, print_json, print_list

app = group("The configuration, to be kept or read into another deployment.")


@app.command("export")
def export() -> None:
    """Print connections (without tokens), segments, exports and the schedule as JSON."""
    with service() as api:
        print_json(api.call("GET", "/v1/configuration"))


@app.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(help="What `config export` printed; - for standard input.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be made, and make nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make what is not here yet: connections as drafts to sign in, exports disabled."""
    asked = {"dry_run": "true" if dry_run else None}
    with service() as api:
        found = api.call("POST", "/v1/configuration", document(file), params=asked)
    print_list(found["items"], "kind", "name", "action", "id", "to_do", as_json=as_json)
