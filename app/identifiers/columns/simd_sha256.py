"""SHA-256 of a whole column in one go: texts side by side in the processor's lanes.

StringZilla advances many messages at once (sixteen on AVX-512, eight on AVX2, or by the SHA
instructions) and writes binary digests into one array. It takes texts in the layout of Arrow's C data
interface (https://arrow.apache.org/docs/format/CDataInterface.html), which is handed over here
without a copy for each text.
"""

import ctypes
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.keys import DIGEST_BYTES

try:
    import stringzilla
except ImportError:  # no wheel for this platform: hashlib takes over
    stringzilla = None

_LANES: Final = 1_024
"""Texts that advance together: their states stay in the processor's caches."""


def available() -> bool:
    """Whether this platform has the library; whether it is right is for the golden vectors to say."""
    return stringzilla is not None


def digests(texts: pl.Series) -> NDArray[np.uint8]:
    """SHA-256 of the UTF-8 of each text, shape (rows, 32); a null counts as an empty text."""
    height = texts.len()
    found = np.empty((height, DIGEST_BYTES), dtype=np.uint8)
    if not height:
        return found
    held = _Texts(texts)  # the view below does not hold the memory it looks at
    column = stringzilla.Strs(held, view=True)
    lanes = stringzilla.Sha256s(min(_LANES, height))
    for start in range(0, height, _LANES):
        stop = min(start + _LANES, height)
        if stop - start != len(lanes):
            lanes = stringzilla.Sha256s(stop - start)
        elif start:
            lanes.reset()
        lanes.update(column[start:stop]).digest(out=found[start:stop])
    del column, held
    return found


class _ArrowSchema(ctypes.Structure):
    pass


class _ArrowArray(ctypes.Structure):
    pass


_release_schema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowSchema))
_release_array = ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowArray))

_ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _release_schema),
    ("private_data", ctypes.c_void_p),
]
_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _release_array),
    ("private_data", ctypes.c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


# the memory is Python's: whoever reads it holds the object it belongs to, so nothing is released
_keep_schema = _release_schema(lambda _: None)
_keep_array = _release_array(lambda _: None)


class _Texts:
    """A column's texts, one after the other, and where each begins: Arrow's `large_utf8`."""

    def __init__(self, texts: pl.Series) -> None:
        self._octets: bytes = pl.select(texts.str.join("").cast(pl.Binary)).item() or b""
        self._offsets = np.zeros(texts.len() + 1, dtype=np.int64)
        np.cumsum(texts.str.len_bytes().fill_null(0).to_numpy(), out=self._offsets[1:])
        octets = ctypes.cast(ctypes.c_char_p(self._octets), ctypes.c_void_p)
        self._buffers = (ctypes.c_void_p * 3)(None, self._offsets.ctypes.data, octets)
        self._schema = _ArrowSchema(b"U", b"", None, 0, 0, None, None, _keep_schema, None)
        self._array = _ArrowArray(
            texts.len(), 0, 0, 3, 0, self._buffers, None, None, _keep_array, None
        )

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        return (
            _new_capsule(ctypes.addressof(self._schema), b"arrow_schema", None),
            _new_capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )
