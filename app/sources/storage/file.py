"""What a file is to its readers, wherever it is kept: pinned to the version seen when listed."""

from contextlib import AbstractContextManager
from typing import IO, Protocol

MAX_FILES = 10_000


class ByteStream(Protocol):
    """The one thing readers ask of a stream."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end. Raises `SourceError` only."""
        ...


class OpenedFile(Protocol):
    """One file while it is read."""

    def stream(self) -> ByteStream:
        """Its bytes from the start."""
        ...

    @property
    def size(self) -> int:
        """Bytes as stored."""
        ...

    def part(self, start: int, size: int) -> bytes:
        """Some of its bytes, fewer at its end. Raises `SourceError` only."""
        ...

    def scannable(self) -> IO[bytes] | str:
        """The same file in a form that `polars.scan_parquet` reads in ranges."""
        ...

    def verify(self) -> None:
        """Raise `source-changed` unless it is still the file that was listed."""
        ...


class StoredFile(Protocol):
    """One file, fixed at the moment the source was opened."""

    @property
    def name(self) -> str:
        """Its path relative to the root that allows it; safe to show."""
        ...

    @property
    def size(self) -> int:
        """Bytes as stored, compressed or not."""
        ...

    @property
    def version(self) -> str:
        """Changes with the content: modification time and inode, or the entity tag."""
        ...

    @property
    def revision(self) -> str | None:
        """Changes with the content whatever its writer does to the times; None where nothing says so."""
        ...

    @property
    def remote(self) -> bool:
        """Whether every read is a request over the network."""
        ...

    def opened(self) -> AbstractContextManager[OpenedFile]:
        """Open it; raises `source-changed` if it is not the file that was listed any more."""
        ...


def is_ignored(name: str) -> bool:
    """Hidden files and the marks that writers leave (`_SUCCESS`, `_delta_log`)."""
    return name.startswith((".", "_"))
