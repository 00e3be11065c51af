"""`hash`: the service's own rules applied to files on the machine where the members must stay."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.output import AsJson


def hash_members(
    members: Annotated[str, typer.Argument(metavar="INPUT", help="A file, folder or pattern.")],
    output: Annotated[Path, typer.Argument(help="A folder that is not there yet, or is empty.")],
    attributes: Annotated[
        list[str],
        typer.Option(help="KEY=column, such as EMAIL=mail; repeat it, or separate by commas."),
    ],
    key_identifier: Annotated[
        Literal["email", "name_and_address", "phone"] | None,
        typer.Option(help="What a row must have; by the mapped keys, if absent."),
    ] = None,
    default_country: Annotated[str | None, typer.Option(help="ISO alpha-2.")] = None,
    date_format: Annotated[str | None, typer.Option(help="Such as DD/MM/YYYY.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA name, for columns of instants.")] = "UTC",
    consent: Annotated[
        str | None, typer.Option(help="column=value; members without it are left out.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hash members outside of the service: Parquet in, hashed Parquet and its tally out.

    A segment takes OUTPUT as a source of kind file with "hashed": true.
    """
    from app.cli.hashed_files import asked_for, hash_files  # noqa: PLC0415 - see the package

    plan = asked_for(attributes, key_identifier, default_country, date_format, time_zone, consent)
    hash_files(members, output, plan, as_json=as_json)
