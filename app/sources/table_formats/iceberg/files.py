"""The files an Iceberg table names: only below SEGMENT_ROOTS, whoever wrote the names.

Paths are whole addresses, compared and opened as they are written: what looks like percent-encoding in
them is part of a name (https://iceberg.apache.org/spec/).
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final

from app.errors import SourceError
from app.sources import errors
from app.sources.access import SourceAccess
from app.sources.cancellation import check_wanted
from app.sources.storage import local, object_storage
from app.sources.storage.file import StoredFile
from app.sources.table_formats.iceberg import errors as said

_AT_ONCE: Final = 8
_AZURE: Final = re.compile(r"(?:abfss?|wasbs?)://([^@/]+)@[^/]+/(.*)")
_GONE: Final = frozenset({"source-not-found", "source-empty"})


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Finds and reads what a table names."""

    access: SourceAccess

    def find(self, location: str, size: int | None = None) -> StoredFile:
        """The one file at this place. Raises `source-changed` for none, or one of another size."""
        address, found = address_of_file(location), list[StoredFile]()
        try:
            if object_storage.is_remote(address):
                found += object_storage.find_files(address, self.access.root_urls)
            else:
                found += local.find_files(address, self.access.roots)
        except SourceError as error:
            if error.code in _GONE:
                raise errors.changed(_last(location)) from None  # expired and deleted since
            raise
        if len(found) != 1 or (size is not None and found[0].size != size):
            raise errors.changed(_last(location))
        return found[0]

    def find_all(self, places: Sequence[tuple[str, int]]) -> list[StoredFile]:
        """Files by place and size, in the same order."""

        def find(place: tuple[str, int]) -> StoredFile:
            check_wanted()
            return self.find(*place)

        if not places or not object_storage.is_remote(address_of_file(places[0][0])):
            return [find(place) for place in places]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            asked = [threads.submit(copy_context().run, find, place) for place in places]
            return [one.result() for one in asked]

    def read(
        self, location: str, most: int, what: str, part: tuple[int, int] | None = None
    ) -> bytes:
        """A file whole, or `part` of it (start, size). Raises `iceberg-unsupported` beyond `most` bytes."""
        check_wanted()
        file = self.find(location)
        start, size = part or (0, file.size)
        if size > most:
            raise said.too_large(file.name, what, f"{most >> 20} MiB")
        with file.opened() as opened:
            data = opened.part(start, size)
            opened.verify()
        if len(data) != size:
            raise errors.changed(file.name)
        return data


def address_of_file(location: str) -> str:
    """A path of this machine, or an address as it is written elsewhere in this service."""
    scheme, mark, rest = location.partition(":")
    if not mark or location.startswith("/"):
        return location
    if scheme == "file":
        return "/" + rest.lstrip("/")
    if scheme in {"s3a", "s3n"}:
        return f"s3:{rest}"
    if found := _AZURE.fullmatch(location):
        return f"az://{found[1]}/{found[2]}"
    return location


def _last(location: str) -> str:
    return location.rpartition("/")[2][:100]
