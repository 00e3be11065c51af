"""`segments`: named sets of members and where they are read from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from app.cli.api_client import document, segment_of_path, service
from app.cli.command_groups import group
from app.cli.output import AsJson, Limit, print_list, print_one
from app.errors import ConfigurationError

app = group("Segments of members.")

_PIECE = 1 << 18
_MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "ndjson": "application/x-ndjson",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}

SegmentId = Annotated[str, typer.Argument(help="seg_…")]
File = Annotated[str, typer.Argument(help="JSON as the API takes it; - for standard input.")]


def _path(segment_id: str) -> str:
    return f"/v1/segments/{segment_of_path(segment_id)}"


@app.command("list")
def list_(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List segments, newest first."""
    with service() as api:
        items = api.items("/v1/segments", limit=limit)
    columns = ("id", "name", "state", "member_count", "evaluated_at", "last_error.code")
    print_list(items, *columns, as_json=as_json)


@app.command()
def show(segment_id: SegmentId, *, as_json: AsJson = False) -> None:
    """Show a segment."""
    with service() as api:
        print_one(api.call("GET", _path(segment_id)), as_json=as_json)


@app.command()
def create(file: File, *, as_json: AsJson = False) -> None:
    """Make a segment from a JSON file."""
    with service() as api:
        print_one(api.call("POST", "/v1/segments", document(file)), as_json=as_json)


@app.command()
def update(segment_id: SegmentId, file: File, *, as_json: AsJson = False) -> None:
    """Change a segment by a JSON merge patch."""
    with service() as api:
        print_one(api.call("PATCH", _path(segment_id), document(file)), as_json=as_json)


@app.command()
def delete(segment_id: SegmentId) -> None:
    """Forget a segment; its source is not touched."""
    with service() as api:
        api.call("DELETE", _path(segment_id))


@app.command()
def push(
    segment_id: SegmentId,
    file: Annotated[str, typer.Argument(help="CSV, NDJSON or Parquet; - for standard input.")],
    kind: Annotated[
        str | None, typer.Option("--format", help="csv, ndjson or parquet; by the name, if absent.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Push a segment's members, all of them, in place of the old ones; streamed, hashed on arrival."""
    media_type = _media_type(file, kind)
    with service() as api, _bytes_of(file) as content:
        headers = {"Content-Type": media_type}
        found = api.call("PUT", f"{_path(segment_id)}/members", headers=headers, content=content)
        print_one(found, as_json=as_json)


def _media_type(file: str, kind: str | None) -> str:
    """By the format that was named, or the file's name. Raises `ConfigurationError`."""
    found = kind or Path(file.lower().removesuffix(".gz")).suffix.removeprefix(".")
    if found not in _MEDIA_TYPES:
        raise ConfigurationError(f"Name the format of {file}: --format csv, ndjson or parquet.")
    return _MEDIA_TYPES[found]


@contextmanager
def _bytes_of(file: str) -> Iterator[Iterator[bytes]]:
    """The file's bytes, piece by piece. Raises `ConfigurationError` if it cannot be read."""
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
            yield iter(lambda: source.read(_PIECE), b"")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None


@app.command()
def refresh(segment_id: SegmentId, *, as_json: AsJson = False) -> None:
    """Read the count and the attributes again."""
    with service() as api:
        print_one(api.call("POST", f"{_path(segment_id)}/refresh"), as_json=as_json)


@app.command()
def attributes(segment_id: SegmentId, *, as_json: AsJson = False) -> None:
    """List the members' attributes, with the key that each name suggests."""
    with service() as api:
        items = api.call("GET", f"{_path(segment_id)}/attributes")["items"]
    print_list(items, "name", "data_type", "suggested_key", as_json=as_json)


@app.command()
def history(segment_id: SegmentId, limit: Limit = 20, *, as_json: AsJson = False) -> None:
    """List the segment's counts over time, newest first."""
    with service() as api:
        items = api.items(f"{_path(segment_id)}/evaluations", limit=limit)
    print_list(items, "at", "member_count", "error.message", "error.code", as_json=as_json)


@app.command()
def exports(segment_id: SegmentId, *, as_json: AsJson = False) -> None:
    """List the exports that send the segment."""
    with service() as api:
        items = api.call("GET", f"{_path(segment_id)}/exports")["items"]
    print_list(items, "id", "display_name", as_json=as_json)
