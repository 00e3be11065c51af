"""`demo`: the main job end to end on this machine, without Meta, and nothing left behind."""

from typing import Annotated

import typer

from app.cli.environment import is_image
from app.cli.server.signals import StopRequested, StopSignals
from app.errors import ConfigurationError


def demo(
    members: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many.")] = 100_000,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the API; 0: any free.")] = 0,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C.")] = False,
) -> None:
    """Export a generated segment to a local Graph API, from an empty folder to the last count."""
    if is_image():
        raise ConfigurationError("The demo needs the embedded servers, and the image has none.")
    from app.cli.demo.story import Story  # noqa: PLC0415 - see the package

    stop = StopSignals()
    story = Story(members, port, stop)
    with stop.installed():
        try:
            story.tell(keep=keep)
        except StopRequested:
            if not story.is_told:
                raise typer.Exit(130) from None
