"""What `serve` says to people once it is ready: its address, its pages, and a link that signs them in once.

On stderr and not in the log: a log is copied to other places, and the link opens the door until it is
used or its hour is over.
"""

import asyncio

import typer
from fastapi import FastAPI

from app.access.caller_names import BOOTSTRAP_NAME
from app.access.callers import Caller, Role
from app.access.session_routes import link_address
from app.errors import AppError, Unavailable
from app.health import ready

_LOOK_SECONDS = 0.2


async def welcome_when_ready(app: FastAPI) -> None:
    """Wait until `readyz` is 200, which it is once a worker has reported, and say so."""
    while True:
        try:
            await ready(app.state)
        except Unavailable:
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            break
    await welcome(app)


async def welcome(app: FastAPI) -> None:
    """Print where the API and the console are; with a bootstrap key also its administrator's sign-in link."""
    settings = app.state.settings
    typer.echo(f"API: {settings.public_url} (its pages: {settings.public_url}/docs)", err=True)
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
