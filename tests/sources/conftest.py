"""A folder that sources may read, and short ways to put files there and read them back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.errors import SourceError
from app.sources import Losses, SourceAccess, Tolerance, open_source


class Folder:
    """An allowed folder with a neighbour that is not allowed."""

    def __init__(self, base: Path) -> None:
        self.root = base / "allowed"
        self.outside = base / "outside"
        self.root.mkdir()
        self.outside.mkdir()
        self.access = SourceAccess.from_settings_values([str(self.root)], {})

    def put(self, name: str, data: bytes | str | pl.DataFrame, **options: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, pl.DataFrame):
            data.write_parquet(path, **options)
        else:
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def open(self, url: Path | str, **options: Any) -> Any:
        return open_source({"kind": "file", "url": str(url), **options}, self.access)

    def read(
        self, url: Path | str, *columns: str, rows: int = 100_000, **options: Any
    ) -> pl.DataFrame:
        return pl.concat(self.open(url, **options).chunks(columns, rows=rows))

    def fault(self, url: Path | str, *columns: str, **options: Any) -> SourceError:
        """The error that reading everything ends in where no row may be left out."""
        losses = Losses(Tolerance(0, 0))
        with pytest.raises(SourceError) as caught:
            for _ in self.open(url, **options).chunks(columns or ["email"], losses=losses):
                pass
        return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def limit_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Shrink the blocks text is read in, so that small files cross many of them."""

    def shrink(size: int) -> None:
        for name in ("_FIRST_BLOCK_BYTES", "_MIN_BLOCK_BYTES", "_MAX_BLOCK_BYTES"):
            monkeypatch.setattr(f"app.sources.text.line_blocks.{name}", size)

    return shrink
