"""One file or many as a single source: the set fixed when opened, the same columns in each."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.file_formats.by_extension import Format
from app.sources.malformed_rows import Losses, Tolerance
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile, StoredFile
from app.sources.text.csv_dialect import Shape

_REMOTE_AT_ONCE = 8

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class FileSource:
    """A `MemberSource` over at least one file."""

    files: Sequence[StoredFile]
    format: Format
    tolerance: Tolerance = field(default_factory=Tolerance)

    def shape(self) -> Shape | None:
        """How the first file is written; the others must be written so too."""
        return self._ask(self.files[0], self.format.shape)

    def attributes(self) -> list[Attribute]:
        """Columns in the first file's order; raises `source-columns-differ` for another file.

        Lines of JSON may leave keys out, so there the columns are those of all files together.
        """
        each = self._of_each(self._settled().attributes)
        if self.format.fixed_columns:
            for file, attributes in zip(self.files, each, strict=True):
                self._compare(file, attributes, each[0])
            return each[0]
        merged: dict[str, Attribute] = {}
        for attribute in (attribute for attributes in each for attribute in attributes):
            known = merged.setdefault(attribute.name, attribute)
            if known.data_type != attribute.data_type:
                merged[attribute.name] = Attribute(attribute.name, "string")
        if not merged:
            raise errors.empty(self.files[0].name, "no member is in it")
        return list(merged.values())

    def count(self) -> int:
        """Members by the footers (Parquet) or by reading everything once (text)."""
        reader, losses = self._settled(), Losses(self.tolerance)
        total = sum(self._of_each(lambda file, name: reader.count(file, name, losses)))
        losses.settle()
        return total

    def fingerprint(self) -> str | None:
        """A hash over what is read and how: names, sizes and revisions of the files, options."""
        if any(file.revision is None for file in self.files):
            return None
        parts = [f"{file.name}\n{file.size}\n{file.revision}" for file in self.files]
        return hashlib.sha256("\n\n".join([repr(self.format), *parts]).encode()).hexdigest()

    def chunks(
        self, columns: Sequence[str], *, rows: int = 100_000, losses: Losses | None = None
    ) -> Iterator[pl.DataFrame]:
        """All members, file after file; small files share a frame.

        Raises `source-changed` if a file vanishes or changes before its last member was read.
        """
        unseen = set(columns)
        if not self.format.fixed_columns:
            unseen -= {attribute.name for attribute in self.attributes()}
        losses = losses or Losses(self.tolerance)
        for frame in filled(self._frames(list(columns), rows, losses), rows):
            if not self.format.fixed_columns and unseen:
                unseen -= {name for name in unseen if frame[name].null_count() < frame.height}
            yield frame
        if not self.format.fixed_columns and unseen:
            where = self.files[0].name if len(self.files) == 1 else "the files"
            raise errors.attribute_missing(where, sorted(unseen))
        losses.settle()

    def _frames(self, columns: list[str], rows: int, losses: Losses) -> Iterator[pl.DataFrame]:
        reader = self._settled()
        for file in self.files:
            with file.opened() as opened:
                try:
                    yield from reader.chunks(opened, file.name, columns, rows, losses)
                except SourceError:
                    opened.verify()  # a changed file explains whatever else went wrong
                    raise
                opened.verify()

    def _settled(self) -> Format:
        """The reader for all files: what the first one leaves to be guessed holds for the others."""
        return self.format if len(self.files) == 1 else self.format.like(self.shape())

    def _of_each(self, ask: Callable[[OpenedFile, str], Result]) -> list[Result]:
        if len(self.files) == 1 or not self.files[0].remote:
            return [self._ask(file, ask) for file in self.files]
        with ThreadPoolExecutor(_REMOTE_AT_ONCE) as threads:
            return list(threads.map(lambda file: self._ask(file, ask), self.files))

    def _ask(self, file: StoredFile, ask: Callable[[OpenedFile, str], Result]) -> Result:
        with file.opened() as opened:
            try:
                answer = ask(opened, file.name)
            except SourceError:
                opened.verify()
                raise
            opened.verify()
            return answer

    def _compare(
        self, file: StoredFile, attributes: list[Attribute], first: list[Attribute]
    ) -> None:
        """Columns are compared by name, in any order, and told by number."""
        ours = {attribute.name: number for number, attribute in enumerate(first, 1)}
        theirs = {attribute.name: number for number, attribute in enumerate(attributes, 1)}
        lacking = [number for name, number in ours.items() if name not in theirs]
        surplus = [number for name, number in theirs.items() if name not in ours]
        if lacking or surplus:
            raise errors.columns_differ(file.name, self.files[0].name, lacking, surplus)


def filled(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Join frames that are much smaller than asked for, so that 1,000 small files cost no more."""
    waiting: list[pl.DataFrame] = []
    held = 0
    for frame in frames:
        if waiting and (held + frame.height > rows or frame.schema != waiting[0].schema):
            yield pl.concat(waiting, rechunk=True)
            waiting, held = [], 0
        if not waiting and frame.height * 2 >= rows:
            yield frame
        elif frame.height:
            waiting.append(frame)
            held += frame.height
    if waiting:
        yield pl.concat(waiting, rechunk=True)
