"""version ↔ ETag, and If-Match → 412, for the resources that people edit."""

from typing import Annotated

from fastapi import Header, Response

from app.errors import BadRequest, VersionMismatch

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="the ETag last seen; a newer version answers 412",
        max_length=100,
    ),
]


def set_etag(response: Response, version: int) -> None:
    """Tell the caller which version this is."""
    response.headers["ETag"] = f'"{version}"'


def check_version(if_match: str | None, version: int) -> None:
    """Raises `VersionMismatch` when the caller saw another version, `BadRequest` for a broken tag."""
    if if_match is None or if_match.strip() == "*":
        return
    # a GET adds a digest to the version; a change is refused by the version alone
    tags = [
        tag.strip().removeprefix("W/").strip('"').partition("-")[0] for tag in if_match.split(",")
    ]
    if not all(tag.isdigit() for tag in tags):
        raise BadRequest("If-Match must hold the ETag of the resource.", code="bad-etag")
    if str(version) not in tags:
        raise VersionMismatch
