"""A connection made by answering questions, in the order of the seed's steps (S20-S38)."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from app.cli.api_client import Service
from app.cli.output import print_text
from app.errors import ConfigurationError

_NEW = "a new audience"


def connect(api: Service) -> dict[str, Any]:
    """Ask for each part and save it as it is given: leaving in the middle leaves a draft.

    Raises `ConfigurationError` where nobody can be asked, `ServiceProblem`, `ServiceUnreachable`.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError("Nobody can be asked here: give a JSON file, or - for its text.")
    name = typer.prompt("Display name (what it is for)")
    shared = typer.confirm("May contributors use it?", default=False)
    body: dict[str, Any] = {
        "display_name": name,
        "shared_with": ["administrator", *(["contributor"] if shared else [])],
        "access_token": typer.prompt("Access token of Meta (not shown)", hide_input=True),
    }
    connection = api.call("POST", "/v1/connections", body)
    path = f"/v1/connections/{connection['id']}"
    accounts = [item for item in _all(api, f"{path}/ad-accounts") if item.get("selectable", True)]
    account = _chosen("Ad account", accounts)
    api.call("PATCH", path, {"ad_account_id": account["id"]})
    audiences = [item for item in _all(api, f"{path}/audiences") if item["selectable"]]
    audience = _chosen("Audience", [*audiences, {"id": "", "name": _NEW}])
    target = {"id": audience["id"]} if audience["id"] else {"name": typer.prompt("Its name")}
    consent = api.call("GET", "/v1/consent")
    typer.echo()
    print_text(consent["text"])
    typer.echo(f"{consent['privacy_statement_url']}\n")
    typer.confirm("I agree", abort=True)
    agreed = {"accepted": True, "version": consent["version"]}
    found: dict[str, Any] = api.call("PATCH", path, {"audience": target, "consent": agreed})
    return found


def _all(api: Service, path: str) -> list[dict[str, Any]]:
    # such a list has no pages: all of it is in one answer
    items: list[dict[str, Any]] = api.call("GET", path)["items"]
    return items


def _chosen(what: str, items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The item somebody names by its number."""
    if not items:
        raise ConfigurationError(f"{what}: there is none to choose from with this token.")
    for place, item in enumerate(items, 1):
        typer.echo(f"{place:>4}  {item['name']}  {item['id']}")
    while True:
        number: int = typer.prompt(what, type=int, default=1)
        if 1 <= number <= len(items):
            return items[number - 1]
        typer.echo(f"Give a number from 1 to {len(items)}.")
