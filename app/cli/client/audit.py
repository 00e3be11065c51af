"""`audit`: who changed what; for administrators."""

from typing import Annotated

import typer

from app.cli.api_client import service
from app.cli.output import AsJson, Limit, print_list


def audit(
    limit: Limit = 50,
    actor: Annotated[str | None, typer.Option(help="An id, such as key_…")] = None,
    action: Annotated[str | None, typer.Option(help="Such as connection.created.")] = None,
    resource: Annotated[str | None, typer.Option(help="An id, such as exp_…")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List who changed what, newest first."""
    params = {"actor": actor, "action": action, "resource_id": resource}
    with service() as api:
        items = api.items("/v1/audit-events", limit=limit, params=params)
    print_list(items, "at", "action", "actor_name", "resource_id", "actor", as_json=as_json)
