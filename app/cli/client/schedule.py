"""`schedule`: when every export in mode `system` runs; for administrators."""

from typing import Annotated, Any

import typer

from app.cli.api_client import service
from app.cli.command_groups import group
from app.cli.output import AsJson, print_one

app = group("The refresh schedule of the system.")

_PATH = "/v1/schedule"


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show the schedule and when it runs next."""
    with service() as api:
        print_one(api.call("GET", _PATH), as_json=as_json)


@app.command("set")
def set_(
    time: Annotated[list[str], typer.Option(help="HH:MM; repeat for up to four.")],
    zone: Annotated[str, typer.Option(help="Of the IANA database, such as Europe/Oslo.")],
    day: Annotated[
        list[str] | None, typer.Option(help="monday …; repeat for several. Daily, if absent.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Switch the schedule on, at these times."""
    body: dict[str, Any] = {"enabled": True, "time_zone": zone, "times": time}
    body |= {"frequency": "weekly", "days": day} if day else {"frequency": "daily"}
    with service() as api:
        print_one(api.call("PUT", _PATH, body), as_json=as_json)


@app.command()
def off(*, as_json: AsJson = False) -> None:
    """Switch the schedule off; runs on demand go on."""
    with service() as api:
        found = api.call("GET", _PATH)
        if found["enabled"]:
            kept = {name: found[name] for name in ("frequency", "days", "time_zone", "times")}
            found = api.call("PUT", _PATH, {**kept, "enabled": False})
        print_one(found, as_json=as_json)
