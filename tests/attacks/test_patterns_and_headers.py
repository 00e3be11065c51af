"""Short texts that made long work: patterns that try again and again, and headers of too many columns."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import AppError
from app.sources import SourceAccess, open_source
from app.sources.storage.glob_patterns import compiled


def test_a_pattern_is_matched_in_one_pass(figures: Callable[..., None]) -> None:
    """Before: `*` and twenty `?*` froze the process on one file name."""
    began = time.process_time()
    assert not compiled("*" + "?*" * 20 + "x").matches("a" * 255)
    seconds = time.process_time() - began
    assert seconds < 0.2
    figures("a pattern of twenty `?*` on one name", seconds=seconds)


def test_a_header_of_forty_thousand_columns(tmp_path: Path, figures: Callable[..., None]) -> None:
    """Before: 15 s, with the square of the columns."""
    (tmp_path / "wide.csv").write_text(",".join(f"c{n}" for n in range(40_000)) + "\n")
    began = time.process_time()
    with pytest.raises(AppError) as refused:
        open_source(
            {"kind": "file", "url": str(tmp_path / "wide.csv")}, SourceAccess((tmp_path,))
        ).attributes()
    seconds = time.process_time() - began
    assert refused.value.code == "csv-too-many-columns"
    assert seconds < 1
    figures("a CSV header of 40,000 columns", seconds=seconds)
