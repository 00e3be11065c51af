"""`webhooks`: addresses that are told of events; for administrators."""

from typing import Annotated

import typer

from app.cli.api_client import segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_list, print_one

app = group("Addresses that are told of events.")

WebhookId = Annotated[str, typer.Argument(help="whk_…")]
_PATH = "/v1/webhooks"


def _path(webhook_id: str) -> str:
    return f"{_PATH}/{segment_of_path(webhook_id)}"


@app.command("list")
def list_(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List webhooks, newest first."""
    with service() as api:
        items = api.items(_PATH, limit=limit)
    print_list(items, "id", "url", "enabled", "events", as_json=as_json)


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="https://…")],
    event: Annotated[list[str], typer.Option(help="Such as run.finished; repeat for several.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have events sent to an address; this is the only time the secret is shown."""
    with service() as api:
        print_one(api.call("POST", _PATH, {"url": url, "events": event}), as_json=as_json)


@app.command()
def delete(webhook_id: WebhookId) -> None:
    """Forget a webhook and what was still to be sent to it."""
    with service() as api:
        api.call("DELETE", _path(webhook_id))


@app.command("test")
def try_(webhook_id: WebhookId, *, as_json: AsJson = False) -> None:
    """Send an event of type webhook.test."""
    with service() as api:
        print_one(api.call("POST", f"{_path(webhook_id)}/test"), as_json=as_json)


@app.command()
def rotate(webhook_id: WebhookId, *, as_json: AsJson = False) -> None:
    """Make a new secret, shown once; for 24 hours messages are signed with both."""
    with service() as api:
        print_one(api.call("POST", f"{_path(webhook_id)}/rotate"), as_json=as_json)


@app.command()
def deliveries(webhook_id: WebhookId, limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List what was sent in the last 30 days, and what is still to be sent."""
    with service() as api:
        items = api.items(f"{_path(webhook_id)}/deliveries", limit=limit)
    columns = ("id", "event_type", "status", "attempts", "created_at", "last_error")
    print_list(items, *columns, as_json=as_json)


@app.command()
def resend(
    webhook_id: WebhookId,
    delivery_id: Annotated[str, typer.Argument(help="whd_…")],
    *,
    as_json: AsJson = False,
) -> None:
    """Send one delivery again, also one that was accepted."""
    path = f"{_path(webhook_id)}/deliveries/{segment_of_path(delivery_id)}/resend"
    with service() as api:
        print_one(api.call("POST", path), as_json=as_json)


@app.command()
def recover(
    webhook_id: WebhookId,
    since: Annotated[str, typer.Argument(help="RFC 3339, such as 2026-11-23T14:00:00Z.")],
    *,
    delivered: Annotated[
        bool, typer.Option("--delivered", help="Also what the receiver has accepted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send again what was missed since a moment."""
    body = {"since": since, "delivered": delivered}
    with service() as api:
        print_one(api.call("POST", f"{_path(webhook_id)}/recover", body), as_json=as_json)
