"""An order-free checksum of an audience, so that ten million members are compared by one number.

The formula (all arithmetic modulo 2^64, words little-endian):

    digest(cell)   the 32 bytes a cell spells if it is 64 lower-case hex digits,
                   else SHA-256 of the cell's UTF-8 text (a cell that is not a string counts as its
                   compact JSON text)
    fold(digest)   w0 + A*w1 + B*w2 + C*w3, where w0..w3 are the four 64-bit words of the digest,
                   A = 0x9E3779B97F4A7C15, B = 0xC2B2AE3D27D4EB4F, C = 0x165667B19E3779F9
    salt(key)      first 8 bytes of SHA-256 of the schema key's name
    value          mix(fold(digest) XOR salt(key)); 0 for an empty cell ("", null, [])
    identity       sum of the values of the member's cells
    checksum       sum of mix(identity) over the distinct identities, as 16 hex digits

`mix` is the finalizer of SplitMix64. Empty cells count nothing, so a member is the same whether an
unused column was sent or left out, and the order of columns does not matter.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

Words = npt.NDArray[np.uint64]
"""Unsigned 64-bit words, one per row."""

HEX_LENGTH: Final = 64
_HEX: Final = frozenset("0123456789abcdef")
_FOLD_B: Final = np.uint64(0x9E3779B97F4A7C15)
_FOLD_C: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_FOLD_D: Final = np.uint64(0x165667B19E3779F9)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_PIECE: Final = 1_000_000
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)


def mix(words: Words) -> Words:
    """SplitMix64's finalizer, word by word."""
    out: Words = (words ^ (words >> _S30)) * _MIX_1
    out = (out ^ (out >> _S27)) * _MIX_2
    return out ^ (out >> _S31)


@lru_cache(maxsize=64)
def salt(key: str) -> np.uint64:
    """What tells equal cells of different schema keys apart."""
    return np.uint64(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little"))


def values_of_digests(key: str, digests: bytes | memoryview | npt.NDArray[np.uint8]) -> Words:
    """The values of n cells of one key, given as 32 * n bytes."""
    words: Words = np.frombuffer(digests, dtype="<u8").reshape(-1, 4)
    folded: Words = (
        words[:, 0] + words[:, 1] * _FOLD_B + words[:, 2] * _FOLD_C + words[:, 3] * _FOLD_D
    )
    return mix(folded ^ salt(key))


def text_of(cell: Any) -> str:
    """The text a cell counts as; `""` for an empty one."""
    if isinstance(cell, str):
        return cell
    return "" if cell is None or cell == [] else orjson.dumps(cell).decode()


def digest_of(text: str) -> bytes:
    """The 32 bytes a cell's text stands for."""
    if len(text) == HEX_LENGTH and _HEX.issuperset(text):
        return bytes.fromhex(text)
    return hashlib.sha256(text.encode()).digest()


def values_of_cells(key: str, cells: Iterable[Any]) -> Words:
    """The values of a column of cells, whatever they are; 0 where a cell is empty."""
    texts = [text_of(cell) for cell in cells]
    values = np.zeros(len(texts), dtype=np.uint64)
    present = np.fromiter(map(bool, texts), dtype=np.bool_, count=len(texts))
    values[present] = values_of_digests(key, b"".join(digest_of(text) for text in texts if text))
    return values


def of_distinct(identities: Words) -> tuple[int, str]:
    """Number and checksum of identities among which none repeats."""
    total = 0
    for start in range(0, len(identities), _PIECE):
        total += int(mix(identities[start : start + _PIECE]).sum(dtype=np.uint64))
    return len(identities), f"{total % 2**64:016x}"


def of_identities(identities: Words) -> tuple[int, str]:
    """Distinct members and their checksum."""
    ordered = np.sort(identities)
    first = np.ones(len(ordered), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return of_distinct(ordered[first])


def of_columns(columns: Mapping[str, Sequence[Any]]) -> tuple[int, str]:
    """Distinct members and checksum of columns of cells named by Meta's keys, all equally long."""
    values = [values_of_cells(key, cells) for key, cells in columns.items()]
    return of_identities(np.sum(values, axis=0, dtype=np.uint64) if values else np.zeros(0, "<u8"))


def of_rows(schema: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[int, str]:
    """Distinct members and checksum of rows as they are sent."""
    return of_columns({key: [row[at] for row in rows] for at, key in enumerate(schema)})
