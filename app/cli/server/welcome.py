"""What `serve` says to people once it answers: where the console is, and a link that signs them in once.

On stderr and not in the log: a log is copied to other places, and the link opens the door until it is
used or its hour is over.
"""

import typer
from fastapi import FastAPI

from app.access.caller_names import BOOTSTRAP_NAME
from app.access.callers import Caller, Role
from app.access.session_routes import link_address
from app.errors import AppError


async def welcome(app: FastAPI) -> None:
    """Print the console's address; with a bootstrap key also a sign-in link of its administrator."""
    settings = app.state.settings
    if not settings.console:
        return
    typer.echo(f"Console: {settings.public_url}/", err=True)
    if not settings.bootstrap_api_key.get_secret_value():
        return
    administrator = Caller("bootstrap", Role.ADMINISTRATOR, BOOTSTRAP_NAME)
    try:
        ticket, _ = await app.state.sessions.make_link(administrator)
    except AppError as error:
        typer.echo(f"No sign-in link could be made: {error.detail}", err=True)
        return
    link = link_address(settings.public_url, ticket)
    typer.echo(f"Sign in, once and within an hour:\n  {link}", err=True)
