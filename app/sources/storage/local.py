"""Files below the folders a deployment allows, opened so that nothing outside can be reached.

A path is resolved first (`..` and symbolic links included) and refused unless the result lies
below a root. It is then opened name by name from that root without following links, so that a
link put there between the check and the opening leads nowhere.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from app.errors import SourceError
from app.sources import errors
from app.sources.storage import glob_patterns
from app.sources.storage.file import MAX_FILES, ByteStream, is_ignored

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not block us
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


@dataclass(frozen=True, slots=True)
class _OpenedLocalFile:
    file: "LocalFile"
    handle: IO[bytes]

    def stream(self) -> ByteStream:
        return _Reading(self.file.name, self.handle)

    @property
    def size(self) -> int:
        return self.file.size

    def part(self, start: int, size: int) -> bytes:
        try:
            return os.pread(self.handle.fileno(), size, start)
        except OSError as error:
            raise errors.unreadable(self.file.name, _reason(error)) from error

    def scannable(self) -> IO[bytes]:
        return self.handle  # polars reads ranges of its descriptor; a rename cannot redirect it

    def verify(self) -> None:
        if _version(os.fstat(self.handle.fileno())) != (self.file.size, self.file.version):
            raise errors.changed(self.file.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    name: str
    handle: IO[bytes]

    def read(self, size: int, /) -> bytes:
        try:
            return self.handle.read(size)
        except OSError as error:
            raise errors.unreadable(self.name, _reason(error)) from error


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One regular file below `root` (itself resolved), as it was when it was listed."""

    root: Path
    name: str
    size: int
    version: str
    changed: int  # nanoseconds; unlike the time of modification nobody can set it
    remote: bool = False

    @property
    def revision(self) -> str:
        """Inode and times."""
        return f"{self.version}-{self.changed}"

    @contextmanager
    def opened(self) -> Iterator[_OpenedLocalFile]:
        """Open it without following any link; raises `source-changed` if it is another file."""
        with os.fdopen(_open_below(self.root, self.name), "rb", buffering=0) as handle:
            opened = _OpenedLocalFile(self, handle)
            opened.verify()
            yield opened


def find_files(url: str, roots: Sequence[Path]) -> list[LocalFile]:
    """The files a path, folder or pattern names, sorted by name.

    Raises `source-not-allowed` for anything outside of the roots whether or not it exists,
    `source-not-found`, `source-empty` for a folder or pattern without files.
    """
    path = _path_of(url)
    resolved_roots = [Path(os.path.realpath(root)) for root in roots]
    if not path.startswith("/"):
        return _find_relative(path, resolved_roots)
    if not glob_patterns.has_wildcards(path) or os.path.lexists(path):
        return _find_plain(path, resolved_roots)
    above, pattern = glob_patterns.fixed_part(path)
    root, folder = _below(above or "/", resolved_roots)
    return _find_matching(root, folder, pattern)


def find_folder(url: str, roots: Sequence[Path]) -> tuple[Path, str]:
    """The folder a path names, without links, and its place below the root that allows it.

    Raises `source-not-allowed`, `source-not-found`.
    """
    path = _path_of(url)
    resolved_roots = [Path(os.path.realpath(root)) for root in roots]
    candidates = [path] if path.startswith("/") else [str(root / path) for root in resolved_roots]
    missing: SourceError = errors.not_allowed()
    for candidate in candidates:
        root, name = _below(candidate, resolved_roots)
        if os.path.isdir(root / name):  # noqa: PTH112 - says no where a name is too long
            return root / name, name or "the folder"
        missing = errors.not_found(name or "the folder")
    raise missing


def _path_of(url: str) -> str:
    path = url
    if url.startswith("file://"):
        host, slash, rest = url.removeprefix("file://").partition("/")
        if host not in {"", "localhost"}:
            raise errors.not_allowed()
        path = unquote(slash + rest)
    if "\0" in path:
        raise errors.invalid("The source's url holds a NUL character; write the path of a file.")
    return path


def _find_relative(path: str, roots: Sequence[Path]) -> list[LocalFile]:
    """A relative path is looked up below each root in turn; the first that has it answers."""
    missing: SourceError | None = None
    for root in roots:
        try:
            return find_files(str(root / path), roots)
        except SourceError as error:
            if error.code not in {"source-not-found", "source-empty"}:
                raise
            missing = missing or error
    raise missing or errors.not_allowed()


def _find_plain(path: str, roots: Sequence[Path]) -> list[LocalFile]:
    root, name = _below(path, roots)
    try:
        status = (root / name).lstat()
    except OSError as error:
        if error.errno in _GONE:
            raise errors.not_found(name) from error
        raise errors.unreadable(name, _reason(error)) from error
    if stat.S_ISDIR(status.st_mode):
        return _find_matching(root, name, "**")
    return [_listed(root, name)]


def _find_matching(root: Path, folder: str, pattern: str) -> list[LocalFile]:
    matching = glob_patterns.compiled(pattern)
    shown = "/".join(part for part in (folder, pattern) if part not in {"", "**"}) or "the folder"
    found: dict[str, LocalFile] = {}
    for relative in _walk(root / folder, shown):
        if matching.matches(relative):
            real_root, name = _below(str(root / folder / relative), [root])
            found.setdefault(name, _listed(real_root, name))
        if len(found) > MAX_FILES:
            raise errors.invalid(f"{shown} holds more than {MAX_FILES:,} files; use fewer, larger.")
    if not found:
        raise errors.empty(shown, "no file is there to read")
    return [found[name] for name in sorted(found)]


def _walk(folder: Path, shown: str) -> Iterator[str]:
    """Relative paths of everything that is no folder, hidden names left out, links not entered."""

    def refuse(error: OSError) -> None:
        if error.errno in _GONE:
            raise errors.not_found(shown) from error
        raise errors.unreadable(shown, _reason(error)) from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not is_ignored(name)]
        for name in names:
            if not is_ignored(name):
                yield os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118 - speed


def _below(path: str, roots: Sequence[Path]) -> tuple[Path, str]:
    """The root that allows this path, and the resolved path's place below it."""
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):  # a link became something else on the way
        raise errors.not_allowed() from None
    for root in roots:
        if real == str(root):
            return root, ""
        if real.startswith(str(root).rstrip("/") + "/"):
            return root, os.path.relpath(real, root)
    raise errors.not_allowed()


def _listed(root: Path, name: str) -> LocalFile:
    try:
        descriptor = _open_below(root, name)
    except SourceError as error:
        if error.code == "source-changed":  # a link to nothing
            raise errors.not_found(name) from error
        raise
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return LocalFile(root, name, *_version(status), status.st_ctime_ns)


def _version(status: os.stat_result) -> tuple[int, str]:
    return status.st_size, f"{status.st_ino}-{status.st_mtime_ns}"


def _open_below(root: Path, name: str) -> int:
    """A descriptor of the regular file at `name` below `root`, no link followed on the way."""
    *folders, last = name.split("/")
    place = -1
    try:
        place = os.open(root, _FOLDER)
        for folder in folders:
            inner = os.open(folder, _FOLDER, dir_fd=place)
            os.close(place)
            place = inner
        descriptor = os.open(last, _FILE, dir_fd=place)
    except OSError as error:
        if error.errno in _GONE:
            raise errors.changed(name) from error
        raise errors.unreadable(name, _reason(error)) from error
    finally:
        if place >= 0:
            os.close(place)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise errors.unreadable(name, "it is not a regular file")
    return descriptor


def _reason(error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "the service has no permission for it; give its user the right to read"
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long"
    return f"the operating system says {os.strerror(error.errno or 0)!r}"
