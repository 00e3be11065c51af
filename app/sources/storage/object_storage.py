"""Files in object storage below the addresses a deployment allows; credentials come from the
environment, as every client of these storages reads them (`AWS_…`, `GOOGLE_…`, `AZURE_…`).

Every range is asked for with the entity tag seen when the file was listed, so that a file replaced
half-way is an error and not a mixture.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from app.errors import SourceError
from app.sources import errors
from app.sources.cancellation import check_wanted
from app.sources.storage import glob_patterns
from app.sources.storage.file import MAX_FILES, ByteStream, is_ignored

_RANGE_BYTES = 4 << 20
_RANGES_AHEAD = 3
# all pages of a listing, however many objects are passed over
_LISTING_SECONDS = 120.0
_SCHEMES = ("s3://", "gs://", "az://")
# client options stay unset: they would override what the environment says (AWS_ALLOW_HTTP, proxies)
_PATIENCE = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}


def is_remote(url: str) -> bool:
    """Whether the url names an object storage rather than a folder of this machine."""
    return "://" in url and not url.startswith("file://")


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One bucket or container, and the allowed address within it."""

    store: ObjectStore
    scheme_and_bucket: str
    root: str  # a key prefix without a slash at its end, or ""

    def shown(self, key: str) -> str:
        return key.removeprefix(self.root).removeprefix("/") or key


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One object, as it was when it was listed."""

    bucket: _Bucket = field(repr=False)
    key: str
    size: int
    version: str
    etag: str | None
    remote: bool = True

    @property
    def name(self) -> str:
        """The key relative to the allowed address."""
        return self.bucket.shown(self.key)

    @property
    def revision(self) -> str | None:
        """The entity tag; the time of a change alone counts whole seconds."""
        return self.etag

    @contextmanager
    def opened(self) -> Iterator["_OpenedRemoteFile"]:
        """Check that it is still there as listed; bytes are fetched when asked for."""
        with ThreadPoolExecutor(_RANGES_AHEAD, thread_name_prefix="ranges") as threads:
            opened = _OpenedRemoteFile(self, threads)
            opened.verify()
            try:
                yield opened
            finally:
                threads.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _OpenedRemoteFile:
    file: RemoteFile
    threads: ThreadPoolExecutor

    def stream(self) -> ByteStream:
        return _Ranges(self.file, self.threads)

    @property
    def size(self) -> int:
        return self.file.size

    def part(self, start: int, size: int) -> bytes:
        end = min(start + size, self.file.size)
        return _fetched(self.file, start, end) if start < end else b""

    def scannable(self) -> str:
        return f"{self.file.bucket.scheme_and_bucket}/{self.file.key}"

    def verify(self) -> None:
        try:
            now = obstore.head(self.file.bucket.store, self.file.key)
        except (BaseError, OSError) as error:
            if isinstance(error, (FileNotFoundError, NotFoundError)):
                raise errors.changed(self.file.name) from None
            raise _refusal(self.file.name, error) from None
        if (now["size"], _version(now)) != (self.file.size, self.file.version):
            raise errors.changed(self.file.name)


class _Ranges:
    """Bytes in order, a few ranges fetched ahead."""

    def __init__(self, file: RemoteFile, threads: ThreadPoolExecutor) -> None:
        self._file, self._threads = file, threads
        self._starts = iter(range(0, file.size, _RANGE_BYTES))
        self._ahead: deque[Future[bytes]] = deque()
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        while len(self._ahead) < _RANGES_AHEAD:
            start = next(self._starts, None)
            if start is None:
                break
            self._ahead.append(self._threads.submit(self._fetch, start))
        if not self._left and self._ahead:
            self._left = self._ahead.popleft().result()
        size = len(self._left) if size < 0 else size
        first, self._left = self._left[:size], self._left[size:]
        return first

    def _fetch(self, start: int) -> bytes:
        return _fetched(self._file, start, min(start + _RANGE_BYTES, self._file.size))


def _fetched(file: RemoteFile, start: int, end: int) -> bytes:
    try:
        result = obstore.get(
            file.bucket.store, file.key, options={"range": (start, end), "if_match": file.etag}
        )
        data = bytes(result.bytes())
    except (BaseError, OSError) as error:
        if isinstance(error, (FileNotFoundError, NotFoundError, PreconditionError)):
            raise errors.changed(file.name) from None
        raise _refusal(file.name, error) from None
    if len(data) != end - start:
        raise errors.changed(file.name)
    return data


def find_files(url: str, roots: Sequence[str]) -> list[RemoteFile]:
    """The objects an address, prefix or pattern names, sorted by key.

    Raises `source-not-allowed`, `source-not-found`, `credentials-refused`, `storage-unreachable`.
    """
    bucket, key = _below(url, roots)
    try:
        return _find(bucket, key)
    except (BaseError, OSError) as error:
        if isinstance(error, (FileNotFoundError, NotFoundError)):
            raise errors.not_found(bucket.shown(key)) from None
        raise _refusal(bucket.shown(key), error) from None


def reach_table(url: str, roots: Sequence[str]) -> tuple[str, str]:
    """The address without a slash at its end, and its place below the address that allows it.

    Raises `source-not-allowed`, `credentials-refused`, `storage-unreachable`; not if nothing is there.
    """
    bucket, key = _below(url, roots)
    try:
        obstore.head(bucket.store, f"{key}/_delta_log/_last_checkpoint")
    except (FileNotFoundError, NotFoundError):
        pass
    except (BaseError, OSError) as error:
        raise _refusal(bucket.shown(key), error) from None
    return url.rstrip("/"), bucket.shown(key)


def sizes_below(url: str, roots: Sequence[str]) -> dict[str, int]:
    """The sizes of the objects right below an address, by name. Raises as `find_files` does."""
    bucket, key = _below(url, roots)
    above = f"{key}/"
    try:
        entries = [entry for page in _pages(bucket, key, above) for entry in page]
    except (BaseError, OSError) as error:
        raise _refusal(bucket.shown(key), error) from None
    named = {str(entry["path"]).removeprefix(above): int(entry["size"]) for entry in entries}
    return {name: size for name, size in named.items() if "/" not in name}


def _find(bucket: _Bucket, key: str) -> list[RemoteFile]:
    if key and not key.endswith("/"):
        try:
            return [_listed(bucket, obstore.head(bucket.store, key))]
        except (FileNotFoundError, NotFoundError):
            pass  # then it must be a folder or a pattern
    above, pattern = key.rstrip("/"), "**"
    if glob_patterns.has_wildcards(key):
        above, pattern = glob_patterns.fixed_part(key)
    matching = glob_patterns.compiled(pattern)
    found: list[RemoteFile] = []
    for page in _pages(bucket, key, above):
        for entry in page:
            below = entry["path"].removeprefix(above).removeprefix("/")
            if not below or any(is_ignored(part) for part in below.split("/")):
                continue
            if matching.matches(below):
                found.append(_listed(bucket, entry))
        if len(found) > MAX_FILES:
            raise errors.invalid(
                f"{bucket.shown(key)} holds more than {MAX_FILES:,} files; use fewer, larger ones."
            )
    if not found:
        raise errors.not_found(bucket.shown(key))
    return sorted(found, key=lambda file: file.key)


def _pages(bucket: _Bucket, key: str, above: str) -> Iterator[Sequence[Any]]:
    """The listing, page by page, as long as somebody waits for it and it does not take too long."""
    until = time.monotonic() + _LISTING_SECONDS
    for page in obstore.list(bucket.store, prefix=above or None):
        check_wanted()
        if time.monotonic() > until:
            raise errors.invalid(
                f"{bucket.shown(key)} took longer than {_LISTING_SECONDS:g} s to be listed; name a prefix "
                "with fewer objects below it."
            )
        yield page


def _below(url: str, roots: Sequence[str]) -> tuple[_Bucket, str]:
    """The allowed address this one lies below; compared by whole names, nothing decoded."""
    names = url.partition("://")[2].rstrip("/").split("/")
    if "\0" in url or any(name in {"", ".", ".."} for name in names):
        raise errors.not_allowed()
    for root in roots:
        if (url.rstrip("/") + "/").startswith(root + "/") and root.startswith(_SCHEMES):
            scheme, _, place = root.partition("://")
            bucket, _, prefix = place.partition("/")
            key = url.removeprefix(f"{scheme}://{bucket}").removeprefix("/")
            return _Bucket(_store(scheme, bucket), f"{scheme}://{bucket}", prefix), key
    raise errors.not_allowed()


def _store(scheme: str, bucket: str) -> ObjectStore:
    options: dict[str, Any] = {"retry_config": _PATIENCE}
    if scheme == "s3":
        return S3Store(bucket, **options)
    if scheme == "gs":
        return GCSStore(bucket, **options)
    return AzureStore(bucket, **options)


def _listed(bucket: _Bucket, entry: Any) -> RemoteFile:
    return RemoteFile(bucket, entry["path"], entry["size"], _version(entry), entry["e_tag"])


def _version(entry: Any) -> str:
    return str(entry["e_tag"] or entry["last_modified"].isoformat())


def _refusal(name: str, error: Exception) -> SourceError:
    """The storage's own words are left out: they hold addresses and request headers."""
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError)):
        return errors.storage(
            name,
            "credentials-refused",
            "the object storage refuses this service's credentials; have the operator check them "
            "and their right to read and list",
        )
    return errors.storage(
        name,
        "storage-unreachable",
        "the object storage gives no usable answer (bucket, network or credentials); try again, "
        "and have the operator check its settings if this stays",
    )
