"""`sandbox`: the local Graph API, for trying things out without Meta."""

import runpy
import sys
from typing import Annotated

import typer


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run a local Graph API that keeps state in memory and refuses what Meta refuses."""
    sys.argv = ["sandbox", "--port", str(port), "--host", host]
    runpy.run_module("sandbox", run_name="__main__", alter_sys=True)
