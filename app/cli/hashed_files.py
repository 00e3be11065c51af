"""Members hashed from files into files, with their tally; a segment takes them as they are."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

from app.cli.output import print_json, say
from app.counted_nouns import count_of
from app.errors import ConfigurationError
from app.identifiers import (
    Consent,
    HashTally,
    IdentifierPlan,
    KeyIdentifier,
    check_plan,
    identify,
)
from app.sources import SourceAccess, open_source

_ROWS_PER_FILE = 1_000_000
_TALLY = "_tally.json"


def hash_files(members: str, output: Path, plan: IdentifierPlan, *, as_json: bool) -> None:
    """Hash a file, folder or pattern into a folder that is not there yet, or is empty.

    Raises `ConfigurationError`, and as the source does.
    """
    place = Path(members).absolute()
    fixed = next((up for up in (place, *place.parents) if up.exists()), place)
    root = fixed if fixed.is_dir() else fixed.parent
    source = open_source({"kind": "file", "url": str(place)}, SourceAccess((root,)))
    total = source.count()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigurationError("OUTPUT is not empty; name a folder that is not there yet.")
    output.mkdir(parents=True, exist_ok=True)
    tally = HashTally()
    console = Console(stderr=True)
    bar = _bar(console) if console.is_terminal else None
    with bar or nullcontext():
        task = None if bar is None else bar.add_task("hashing", total=total)
        number, held, rows = 0, [], 0
        for frame in source.chunks(plan.columns()):
            found = identify(frame, plan)
            tally.add(found)
            held.append(found.rows)
            rows += found.rows.height
            if rows >= _ROWS_PER_FILE:
                number, held, rows = _write(output, number, held), [], 0
            if bar is not None and task is not None:
                bar.advance(task, frame.height)
        if rows or not number:
            _write(output, number, held or [_nobody(plan)])
    # last, so that it stands beside rows that are whole
    (output / _TALLY).write_text(json.dumps(tally.to_json(), indent=2) + "\n")
    if as_json:
        print_json(tally.to_json())
        return
    say(f"{count_of(tally.read, 'member')} read, {count_of(tally.rows, 'row')} hashed.")
    for reason, count in tally.skipped.most_common():
        say(f"  skipped: {reason} {count:,}")


def asked_for(
    attributes: Iterable[str],
    key_identifier: str | None,
    default_country: str | None,
    date_format: str | None,
    time_zone: str,
    consent: str | None,
) -> IdentifierPlan:
    """The plan that the words of a command say. Raises `ConfigurationError`."""
    mapped: dict[str, tuple[str, ...]] = {}
    for entry in (part for text in attributes for part in text.split(",") if part.strip()):
        key, mark, column = entry.strip().partition("=")
        if not mark or not column:
            raise ConfigurationError("Write --attributes as KEY=column, such as EMAIL=mail.")
        mapped[key.upper()] = (*mapped.get(key.upper(), ()), column)
    if key_identifier is not None:
        identifier = KeyIdentifier(key_identifier)
    else:
        identifier = next(
            (item for item in (KeyIdentifier.EMAIL, KeyIdentifier.PHONE) if item.upper() in mapped),
            KeyIdentifier.NAME_AND_ADDRESS,
        )
    asked = None
    if consent is not None:
        column, mark, value = consent.partition("=")
        if not mark:
            raise ConfigurationError("Write --consent as column=value.")
        asked = Consent(attribute=column, equals=value)
    plan = IdentifierPlan(
        identifier,
        mapped,
        default_country=default_country,
        date_format=date_format,
        time_zone=time_zone,
        consent=asked,
    )
    if problems := check_plan(plan):
        raise ConfigurationError(" ".join(problem.detail for problem in problems))
    return plan


def _write(output: Path, number: int, frames: list[pl.DataFrame]) -> int:
    pl.concat(frames).write_parquet(output / f"part-{number:05d}.parquet")
    return number + 1


def _nobody(plan: IdentifierPlan) -> pl.DataFrame:
    empty: dict[str, Any] = {name: [] for name in plan.columns()}
    return identify(pl.DataFrame(empty, schema=dict.fromkeys(empty, pl.String)), plan).rows


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        console=console,
    )
