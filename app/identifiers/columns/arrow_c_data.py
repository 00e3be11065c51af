"""Texts to and from other code in memory, by Arrow's C data interface: nothing is copied for each text.

https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_release_schema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_release_array = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))

_Schema._fields_ = [
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
_Array._fields_ = [
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
_Stream._fields_ = [
    (
        "get_schema",
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema)),
    ),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_address_in = ctypes.pythonapi.PyCapsule_GetPointer
_address_in.restype = ctypes.c_void_p
_address_in.argtypes = (ctypes.py_object, ctypes.c_char_p)

# the memory is Python's: whoever reads it holds the object it belongs to, so nothing is released
_keep_schema = _release_schema(lambda _: None)
_keep_array = _release_array(lambda _: None)

_VIEW_BYTES = 16


def in_a_row(texts: pl.Series) -> tuple[bytes, NDArray[np.int64]]:
    """The bytes of all texts, one after the other, and how many each has; a null counts as an empty text."""
    octets: bytes = pl.select(texts.str.join("").cast(pl.Binary)).item() or b""
    return octets, texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)


class LargeTexts:
    """A column's texts, one after the other, and where each begins: Arrow's `large_utf8`.

    A null counts as an empty text. Whoever looks at it must hold it.
    """

    def __init__(self, texts: pl.Series) -> None:
        self._octets, sizes = in_a_row(texts)
        self._offsets = np.zeros(texts.len() + 1, dtype=np.int64)
        np.cumsum(sizes, out=self._offsets[1:])
        octets = ctypes.cast(ctypes.c_char_p(self._octets), ctypes.c_void_p)
        self._buffers = (ctypes.c_void_p * 3)(None, self._offsets.ctypes.data, octets)
        self._schema = _Schema(b"U", b"", None, 0, 0, None, None, _keep_schema, None)
        self._array = _Array(texts.len(), 0, 0, 3, 0, self._buffers, None, None, _keep_array, None)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        return (
            _new_capsule(ctypes.addressof(self._schema), b"arrow_schema", None),
            _new_capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )


@contextmanager
def views(texts: pl.Series) -> Iterator[NDArray[np.uint64]]:
    """The view of each text, shape (rows, 2), as Polars holds it: nothing is copied, and nobody writes.

    Of a text of up to twelve bytes a view is its length (32 bits) and its bytes, zeros behind them; of a
    longer one its length, its first four bytes and where it lies; of a null it is anything. See
    "Variable-size Binary View Layout" in https://arrow.apache.org/docs/format/Columnar.html.
    """
    if texts.is_empty():
        yield np.zeros((0, 2), dtype=np.uint64)
        return
    whole = texts.rechunk()  # so there is one array in the stream
    capsule = whole.__arrow_c_stream__()
    stream = _Stream.from_address(_address_in(capsule, b"arrow_array_stream"))
    schema, array = _Schema(), _Array()
    if stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)) or schema.format != b"vu":
        raise RuntimeError("Polars does not give texts as views")
    schema.release(ctypes.byref(schema))
    if stream.get_next(ctypes.byref(stream), ctypes.byref(array)):
        raise RuntimeError("Polars does not give its texts")
    try:
        begin = array.buffers[1] + _VIEW_BYTES * array.offset
        words = (ctypes.c_uint64 * (2 * array.length)).from_address(begin)
        yield np.frombuffer(words, dtype=np.uint64).reshape(-1, 2)
    finally:
        array.release(ctypes.byref(array))
        del capsule
