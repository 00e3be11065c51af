"""`consent`: the text that a connection's maker agrees to."""

import typer

from app.cli.api_client import service
from app.cli.output import AsJson, print_json, print_text


def consent(*, as_json: AsJson = False) -> None:
    """Show the data-privacy text and its version."""
    with service() as api:
        found = api.call("GET", "/v1/consent")
    if as_json:
        print_json(found)
        return
    print_text(found["text"])
    typer.echo(f"\nversion: {found['version']}\n{found['privacy_statement_url']}")
