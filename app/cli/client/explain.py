"""`explain`: one member in, every step out; what is typed stays out of the shell's history."""

import sys
from typing import Annotated, Any

import typer

from app.cli.api_client import document, service
from app.cli.output import AsJson, print_json, print_list
from app.errors import ConfigurationError


def explain(
    file: Annotated[
        str | None,
        typer.Argument(help="A member as JSON, such as {'EMAIL': …}; - for standard input."),
    ] = None,
    default_country: Annotated[str | None, typer.Option(help="ISO alpha-2.")] = None,
    date_format: Annotated[str | None, typer.Option(help="Such as DD/MM/YYYY.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what becomes of one member's values, rule by rule; nothing is kept or sent."""
    member = _asked() if file is None else document(file)
    body: dict[str, Any] = {"member": member}
    if default_country is not None:
        body["default_country"] = default_country
    if date_format is not None:
        body["date_format"] = date_format
    with service() as api:
        found = api.call("POST", "/v1/identifiers/explain", body)
    if as_json:
        print_json(found)
        return
    for item in found["keys"]:
        typer.secho(item["key"], bold=True)
        if item.get("steps"):
            print_list(item["steps"], "rule", "text", as_json=False)
        typer.echo(
            f"  refused: {item['reason']}" if item.get("reason") else f"  {item.get('hash')}"
        )


def _asked() -> dict[str, str]:
    """KEY=value lines, typed until an empty one."""
    if not sys.stdin.isatty():
        raise ConfigurationError("Give a file, or - for standard input.")
    typer.echo("One KEY=value a line, such as EMAIL=somebody@example.com; an empty line ends.")
    found: dict[str, str] = {}
    while line := input("> ").strip():
        key, mark, value = line.partition("=")
        if not mark:
            typer.echo("  write it as KEY=value")
            continue
        found[key.strip().upper()] = value
    return found
