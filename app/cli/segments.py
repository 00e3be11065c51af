"""`segments`: named sets of members and where they are read from."""

from typing import Annotated

import typer

from app.cli.printing import AsJson, Limit, print_list, print_one
from app.cli.service import document, segment_of_path, service

app = typer.Typer(help="Segments of members.", no_args_is_help=True)

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
    print_list(items, "at", "member_count", "error.code", "error.message", as_json=as_json)


@app.command()
def exports(segment_id: SegmentId, *, as_json: AsJson = False) -> None:
    """List the exports that send the segment."""
    with service() as api:
        items = api.call("GET", f"{_path(segment_id)}/exports")["items"]
    print_list(items, "id", "display_name", as_json=as_json)
