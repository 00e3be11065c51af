"""`api-keys`: who may call the API; for administrators. (`keys` is about encryption.)"""

from typing import Annotated

import typer

from app.cli.api_client import segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_list, print_one

app = group("API keys of callers.")


@app.command("list")
def list_(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List keys in force, newest first; never the keys themselves."""
    with service() as api:
        items = api.items("/v1/api-keys", limit=limit)
    columns = ("id", "display_name", "role", "last4", "expires_at", "last_used_at")
    print_list(items, *columns, as_json=as_json)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[str, typer.Option(help="administrator, contributor or viewer.")] = "viewer",
    expires_at: Annotated[str | None, typer.Option(help="RFC 3339; never, if absent.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key; this is the only time it is shown."""
    body = {"display_name": name, "role": role, "expires_at": expires_at}
    with service() as api:
        print_one(api.call("POST", "/v1/api-keys", body), as_json=as_json)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="key_…")]) -> None:
    """Refuse a key from now on."""
    with service() as api:
        api.call("DELETE", f"/v1/api-keys/{segment_of_path(key_id)}")
