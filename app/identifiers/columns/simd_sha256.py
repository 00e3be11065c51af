"""SHA-256 of a whole column in one go: texts side by side in the processor's lanes.

StringZilla advances many messages at once (sixteen on AVX-512, eight on AVX2, or by the SHA
instructions) and writes binary digests into one array. It takes texts in the layout of Arrow's C data
interface (https://arrow.apache.org/docs/format/CDataInterface.html), which is handed over here
without a copy for each text.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.columns.arrow_c_data import LargeTexts
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
    held = LargeTexts(texts)  # the view below does not hold the memory it looks at
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
