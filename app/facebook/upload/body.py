"""Request bodies for uploads, made column by column: no Python object for any member.

A body is a list schema with two-dimensional data, whatever the number of keys: an audience keeps
the form of its first upload. Hashed keys come as 32 bytes and go as lower-case hex; what is missing
goes as an empty string. https://developers.facebook.com/docs/marketing-api/reference/custom-audience/users
"""

import io
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
import polars as pl

MAX_ROWS = 10_000

Body: TypeAlias = bytes | memoryview
"""The bytes of a request, which nobody changes any more."""

# https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences, "Hashing"
HASHED_KEYS = frozenset(
    {"EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "CT", "ST", "ZIP"}
    | {"COUNTRY", "F5FIRST", "F5LAST"}
)
_HEX_LENGTH = 64

# https://developers.facebook.com/docs/marketing-apis/data-processing-options
_LDU_OPTIONS = "DATA_PROCESSING_OPTIONS"
_LDU_KEYS = frozenset({_LDU_OPTIONS, f"{_LDU_OPTIONS}_COUNTRY", f"{_LDU_OPTIONS}_STATE"})

_NEXT_ROW = "],["
_REASON, _SAMPLE = "reason of the sample", "number of the sample"
_PLAIN_WORDS = re.compile(r"[a-z][a-z _-]{0,59}")

# what JSON cannot hold as it is; the quote as \u0022, so that the CSV writer meets none to double
_ESCAPES = {"\\": "\\\\", '"': "\\u0022"} | {chr(n): f"\\u{n:04x}" for n in range(0x20)}
_TRANSLATION = str.maketrans(_ESCAPES)
_NEEDS_ESCAPE = r'[\x00-\x1f"\\]'


@dataclass(frozen=True, slots=True)
class UploadSession:
    """Ties batches together.

    `session_id` is unique in the ad account and below 2**53, so that no JSON reader loses digits;
    `batch_seq` counts from 1; nothing may follow `last_batch`.
    """

    session_id: int
    batch_seq: int
    last_batch: bool
    estimated_num_total: int | None = None

    def as_json(self) -> dict[str, int | bool]:
        """The `session` field."""
        fields: dict[str, int | bool] = {
            "session_id": self.session_id,
            "batch_seq": self.batch_seq,
            "last_batch_flag": self.last_batch,
        }
        if self.estimated_num_total is not None:
            fields["estimated_num_total"] = self.estimated_num_total
        return fields


def new_session_id() -> int:
    """A random positive session id below 2**53."""
    return 1 + secrets.randbelow(2**53 - 1)


def upload_body(rows: pl.DataFrame, *, session: UploadSession | None = None) -> bytes:
    """The JSON body of one batch: at most 10,000 rows, columns named by Meta's keys.

    Hashed keys are 32 bytes, or their 64 lower-case hexadecimal digits as String. Other String
    columns go as strings, lists of strings as arrays, whole numbers as numbers, other numbers as
    strings; of the limited data use columns, the options go as an array and the others as numbers,
    whatever their type. Raises ValueError when there are no columns or too many rows, or when a
    hashed key holds something that is no hash.
    """
    if rows.width == 0 or rows.height > MAX_ROWS:
        raise ValueError(f"a batch has 1 or more columns and at most {MAX_ROWS} rows")
    parts: list[bytes | memoryview] = [
        b'{"payload":{"schema":',
        orjson.dumps(rows.columns),
        b',"data":[',
    ]
    if rows.height:
        parts += [b"[", *_written(rows), b"]"]
    parts.append(b"]}")
    if session is not None:
        parts += [b',"session":', orjson.dumps(session.as_json())]
    return b"".join([*parts, b"}"])


def match_invalid_samples(samples: Mapping[str, str], rows: pl.DataFrame) -> dict[str, int]:
    """How many rows of the batch Meta's samples of invalid entries stand for, by reason.

    A sample's key is the JSON text of a row as it was sent. Samples that are none of these rows
    count as `unmatched`, and reasons that are no plain words as `other`: they might hold values.
    """
    cells: list[list[str]] = []
    reasons: list[str] = []
    for text, reason in samples.items():
        row = _sample_row(text)
        if row is not None and len(row) == rows.width:
            cells.append(row)
            reasons.append(_reason(reason))
    counts: dict[str, int] = {}
    matched = 0
    if cells:
        wanted = pl.DataFrame(cells, schema=dict.fromkeys(rows.columns, pl.String), orient="row")
        wanted = wanted.with_columns(
            pl.Series(_REASON, reasons), pl.Series(_SAMPLE, range(len(cells)))
        )
        sent = rows.select(_text(rows[name]).fill_null("") for name in rows.columns)
        found = sent.join(wanted, on=rows.columns)
        matched = found[_SAMPLE].n_unique()
        counts = dict(found.group_by(_REASON, maintain_order=True).len().iter_rows())
    if unmatched := len(samples) - matched:
        counts["unmatched"] = unmatched
    return counts


def _sample_row(text: str) -> list[str] | None:
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(row, list):
        return None
    return [_sample_cell(cell) for cell in row]


def _sample_cell(cell: object) -> str:
    if isinstance(cell, str):
        return cell.translate(_TRANSLATION)
    if isinstance(cell, list):
        return "[" + ",".join(f'"{_sample_cell(item)}"' for item in cell) + "]"
    return orjson.dumps(cell).decode()


class _Pieces(io.RawIOBase):
    """Keeps what is written as it came; a buffer that grows would copy it again and again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        self.pieces.append(piece)
        return len(piece)


def _written(rows: pl.DataFrame) -> list[bytes | memoryview]:
    """All rows, as JSON writes them but for the brackets around the first and the last."""
    bare = {name for name, kind in rows.schema.items() if _is_bare(name, kind)}
    ready = {
        name for name, kind in rows.schema.items() if name in HASHED_KEYS and kind == pl.String
    }
    _check_digits(rows, ready)
    if len(ready) == rows.width == 1:
        # half the time of the writer, which hands chunks from thread to thread
        column = pl.col(rows.columns).fill_null("")
        joined = rows.select_seq(column.str.join(f'"{_NEXT_ROW}"')).item()
        return [b'"', joined.encode(), b'"']
    cells = rows.select(
        pl.col(name) if name in ready else _text(rows[name]) for name in rows.columns
    )
    if bare:
        cells = cells.with_columns(
            pl.concat_str(pl.lit('"'), pl.col(name).fill_null(""), pl.lit('"')).alias(name)
            for name in rows.columns
            if name not in bare
        )
    sink: Any = _Pieces()
    cells.write_csv(
        sink,
        include_header=False,
        line_terminator=_NEXT_ROW,
        quote_style="never" if bare else "always",
        null_value='""' if bare else "",
    )
    # the writer ends every row as if another followed
    text = sink.pieces[0] if len(sink.pieces) == 1 else b"".join(sink.pieces)
    return [memoryview(text)[: -len(_NEXT_ROW)]]


def _is_bare(name: str, kind: pl.DataType) -> bool:
    return name in _LDU_KEYS or kind.is_integer() or isinstance(kind, pl.List)


def _text(column: pl.Series) -> pl.Series:
    """The column's cells as JSON writes them between quotes, or whole where they go bare."""
    name, kind = column.name, column.dtype
    if name in HASHED_KEYS:
        return _hex(column)
    if name in _LDU_KEYS - {_LDU_OPTIONS}:
        return column.cast(pl.Int64).fill_null(0)  # 0: Meta finds out by itself
    if name == _LDU_OPTIONS and not isinstance(kind, pl.List):
        cells = column.cast(pl.String).to_frame()
        column = cells.select(pl.concat_list(name).list.drop_nulls()).to_series()
    if kind == pl.Binary:
        return column.bin.encode("hex")
    if isinstance(column.dtype, pl.List):
        joined = '["' + column.list.eval(_escaped(pl.element())).list.join('","') + '"]'
        return joined.zip_with(column.list.len().fill_null(0) > 0, pl.Series(["[]"])).alias(name)
    text = column.cast(pl.String)
    if kind == pl.String and text.str.contains(_NEEDS_ESCAPE).any():
        return text.to_frame().select(_escaped(pl.col(name))).to_series()
    return text


def _check_digits(rows: pl.DataFrame, names: Collection[str]) -> None:
    """The last guard against sending what was never hashed: one query for all columns."""
    wrong = (pl.col(name).str.len_bytes() != _HEX_LENGTH for name in names)
    for found in rows.select_seq(column.any() for column in wrong):
        if found.item():  # missing cells have no size
            raise _not_hashed(found.name)


def _hex(column: pl.Series) -> pl.Series:
    """The hex of a hashed key; guarded as `_check_digits` does."""
    if column.dtype == pl.Binary:
        if not (column.bin.size() * 2 == _HEX_LENGTH).all():
            raise _not_hashed(column.name)
        return column.bin.encode("hex")
    if column.dtype == pl.String:
        _check_digits(column.to_frame(), [column.name])
        return column
    if column.dtype == pl.Null:
        return column.cast(pl.String)
    raise _not_hashed(column.name)


def _not_hashed(name: str) -> ValueError:
    return ValueError(f"column {name} must hold SHA-256 hashes and nothing else")


def _escaped(cells: pl.Expr) -> pl.Expr:
    return cells.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))


def _reason(text: str) -> str:
    words = text.strip().lower()
    return words.replace(" ", "_").replace("-", "_") if _PLAIN_WORDS.fullmatch(words) else "other"
