"""JSON as bytes, the way every answer of the service is written."""

from typing import Any

import orjson
from pydantic import BaseModel


def encode(value: Any) -> bytes:
    """JSON in UTF-8; times as RFC 3339 in UTC with `Z`."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError
