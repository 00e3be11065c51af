"""Reads `payload` as Meta does: shape and schema are refused whole, bad cells row by row.

Rules: reference "Custom Audience Users" and the guide "Customer File Custom Audiences"
(developers.facebook.com/docs/marketing-api). A 10,000-row batch is handled column by column; a cell
is looked at alone only in a column that holds something wrong.
"""

import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from sandbox.conventions.errors import data_mismatch, invalid_parameter, unknown_error
from sandbox.membership import checksum
from sandbox.membership.checksum import Words

MAX_ROWS: Final = 10_000
MAX_SAMPLES: Final = 100
EMPTY_EXTERN_ID: Final = "empty external ID"
"""The one reason Meta has been recorded to give; the others are this sandbox's wording."""
NOT_A_HASH: Final = "incorrect hashing"
NOT_A_VALUE: Final = "invalid value"
NO_IDENTIFIER: Final = "no identifier"

HASHED: Final = frozenset(
    "EMAIL PHONE GEN DOBY DOBM DOBD LN FN FI CT ST ZIP COUNTRY F5FIRST F5LAST".split()  # noqa: SIM905
)
PLAIN: Final = frozenset(("EXTERN_ID", "MADID", "APPUID", "PAGEUID", "UID"))
VALUE_KEY: Final = "LOOKALIKE_VALUE"
LDU: Final = "DATA_PROCESSING_OPTIONS"
LDU_COUNTRY: Final = "DATA_PROCESSING_OPTIONS_COUNTRY"
LDU_STATE: Final = "DATA_PROCESSING_OPTIONS_STATE"
_NOT_IDENTIFIERS: Final = frozenset((VALUE_KEY, LDU, LDU_COUNTRY, LDU_STATE))
LIST_KEYS: Final = HASHED | PLAIN | _NOT_IDENTIFIERS
STRING_SCHEMAS: Final = {
    "EMAIL_SHA256": "EMAIL",
    "PHONE_SHA256": "PHONE",
    "MOBILE_ADVERTISER_ID": "MADID",
    "UID": "UID",
    "EMAIL": "EMAIL",
    "PHONE": "PHONE",
    "EXTERN_ID": "EXTERN_ID",
}
"""Single-key schemas and the key their cells are kept under."""

_HEX = re.compile(r"[0-9a-f]{64}")
_EMPTY_HASH: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(slots=True)
class Batch:
    """One request's rows: what was received, what was refused, and the good rows' values."""

    keys: tuple[str, ...]
    sub_type: str
    received: int
    rows: list[Any]
    values: list[Words]
    samples: dict[str, str] = field(default_factory=dict)
    empty_hashes: int = 0
    """Cells holding the hash of an empty string: never an error at Meta, always one in a client."""

    @property
    def invalid(self) -> int:
        return self.received - len(self.rows)


def decoded(value: Any, name: str) -> dict[str, Any]:
    """A parameter that is an object, or the JSON text of one."""
    if isinstance(value, (str, bytes)):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    if not isinstance(value, dict):
        raise invalid_parameter(f"Param {name} must be an object")
    return value


def read_batch(payload: dict[str, Any], *, value_based: bool, removing: bool) -> Batch:
    """Check the payload and turn its rows into values.

    Raises: GraphError 100 for schema and shape, 1/99 for more than 10,000 rows.
    """
    schema, data = payload.get("schema"), payload.get("data")
    if schema is None or not isinstance(data, list) or not data:
        raise data_mismatch()
    if len(data) > MAX_ROWS:
        raise unknown_error()
    if isinstance(schema, str):
        keys, sub_type = _single_key(schema), "HASHES_OR_USER_IDS"
        if not isinstance(data[0], list):
            data = [[cell] for cell in data]
    else:
        keys, sub_type = _list_keys(schema), "MULTI_HASHES"
    _check_companions(keys, payload)
    if value_based and not removing and VALUE_KEY not in keys:
        raise invalid_parameter("Value-Based Custom Audience requires LOOKALIKE_VALUE attribute.")
    if VALUE_KEY in keys and not value_based:
        raise invalid_parameter("LOOKALIKE_VALUE is only supported by value-based audiences")
    if set(map(type, data)) != {list} or set(map(len, data)) != {len(keys)}:
        raise data_mismatch()
    return _judge(keys, sub_type, data)


def _judge(keys: tuple[str, ...], sub_type: str, data: list[Any]) -> Batch:
    flat = list(chain.from_iterable(data))
    reasons: dict[int, str] = {}
    values = [_column(key, flat[at :: len(keys)], reasons) for at, key in enumerate(keys)]
    identifiers = [values[at] for at, key in enumerate(keys) if key not in _NOT_IDENTIFIERS]
    filled = np.zeros(len(data), dtype=np.bool_)
    for column in identifiers:
        filled |= column != 0
    for row in np.flatnonzero(~filled).tolist():
        reasons.setdefault(row, NO_IDENTIFIER)
    batch = Batch(keys, sub_type, len(data), data, values)
    batch.empty_hashes = sum(
        int((column == _value_of_empty_hash(key)).sum())
        for key, column in zip(keys, values, strict=True)
        if key in HASHED
    )
    if reasons:
        for row in sorted(reasons)[:MAX_SAMPLES]:
            batch.samples[orjson.dumps(data[row]).decode()] = reasons[row]
        good = np.ones(len(data), dtype=np.bool_)
        good[list(reasons)] = False
        batch.rows = [data[row] for row in np.flatnonzero(good).tolist()]
        batch.values = [column[good] for column in values]
    return batch


def _value_of_empty_hash(key: str) -> np.uint64:
    return np.uint64(checksum.values_of_digests(key, bytes.fromhex(_EMPTY_HASH))[0])


def _column(key: str, cells: list[Any], reasons: dict[int, str]) -> Words:
    if key in HASHED:
        quick = _hashed_column(key, cells)
        if quick is not None:
            return quick
    judge = _JUDGES.get(key, _judge_plain if key in PLAIN else _judge_hash)
    good: list[Any] = []
    for row, cell in enumerate(cells):
        reason = judge(cell)
        if reason is not None:
            reasons.setdefault(row, reason)
        good.append("" if reason is not None else cell)
    return checksum.values_of_cells(key, good)


def _hashed_column(key: str, cells: list[Any]) -> Words | None:
    """The whole column at once; None if any cell is neither empty nor 64 lower-case hex digits."""
    try:
        lengths = set(map(len, cells))
        joined = "".join(cells).encode("ascii")
    except (TypeError, UnicodeEncodeError):
        return None
    if not lengths <= {0, checksum.HEX_LENGTH}:
        return None
    letters: npt.NDArray[np.uint8] = np.frombuffer(joined, dtype=np.uint8)
    if np.any((letters & 0xE0) == 0x40):  # an upper-case letter
        return None
    try:
        digests = binascii.unhexlify(joined)
    except binascii.Error:
        return None
    present = checksum.values_of_digests(key, digests)
    if 0 not in lengths:
        return present
    values = np.zeros(len(cells), dtype=np.uint64)
    values[np.fromiter(map(bool, cells), dtype=np.bool_, count=len(cells))] = present
    return values


def _judge_hash(cell: Any) -> str | None:
    good = isinstance(cell, str) and (not cell or _HEX.fullmatch(cell))
    return None if good else NOT_A_HASH


def _judge_plain(cell: Any) -> str | None:
    return None if isinstance(cell, (str, int)) and not isinstance(cell, bool) else NOT_A_VALUE


def _judge_extern_id(cell: Any) -> str | None:
    return EMPTY_EXTERN_ID if cell is None or cell == "" else _judge_plain(cell)


def _judge_value(cell: Any) -> str | None:
    try:
        return None if not isinstance(cell, bool) and float(cell) >= 0 else NOT_A_VALUE
    except (TypeError, ValueError):
        return NOT_A_VALUE


def _judge_ldu(cell: Any) -> str | None:
    return None if cell in ([], ["LDU"]) else NOT_A_VALUE


def _one_of(*allowed: int) -> Callable[[Any], str | None]:
    texts = {str(number) for number in allowed} | {""}
    return lambda cell: None if str(cell) in texts else NOT_A_VALUE


_JUDGES: Final[dict[str, Callable[[Any], str | None]]] = {
    "EXTERN_ID": _judge_extern_id,
    VALUE_KEY: _judge_value,
    LDU: _judge_ldu,
    LDU_COUNTRY: _one_of(0, 1),
    LDU_STATE: _one_of(0, 1000),
}


def _single_key(schema: str) -> tuple[str, ...]:
    if schema not in STRING_SCHEMAS:
        raise _wrong_key("payload[schema]", STRING_SCHEMAS)
    return (STRING_SCHEMAS[schema],)


def _list_keys(schema: Any) -> tuple[str, ...]:
    if not isinstance(schema, list) or not schema or len(set(map(str, schema))) != len(schema):
        raise data_mismatch()
    for at, key in enumerate(schema):
        if str(key) not in LIST_KEYS:
            raise _wrong_key(f"payload[schema][{at}]", LIST_KEYS)
    return tuple(map(str, schema))


def _wrong_key(where: str, allowed: Any) -> Exception:
    return invalid_parameter(f"Param {where} must be one of {{{', '.join(sorted(allowed))}}}")


def _check_companions(keys: Sequence[str], payload: dict[str, Any]) -> None:
    """Ids that Meta demands beside app- and page-scoped users, and the state beside a country."""
    if {"UID", "APPUID"} & set(keys) and not payload.get("app_ids"):
        raise invalid_parameter("The parameter payload[app_ids] is required")
    if "PAGEUID" in keys and not payload.get("page_ids"):
        raise invalid_parameter("The parameter payload[page_ids] is required")
    if LDU_COUNTRY in keys and LDU_STATE not in keys:
        raise invalid_parameter("DATA_PROCESSING_OPTIONS_STATE is required with a country")
