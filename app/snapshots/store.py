"""Where staged files live: one folder or one bucket behind four verbs, so that any worker can read.

Locally a file appears whole or not at all (temporary file, then rename). Hashed identifiers are
still personal data: folders and files are readable by their owner only.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError, NotFoundError

from app.snapshots.encryption import ProcessSealing, Sealing
from app.snapshots.errors import SnapshotError

Buffer: TypeAlias = bytes | memoryview

REMOTE_SCHEMES = ("s3", "gs", "az")
PARTIAL = ".partial"
WRITE_BYTES = 1 << 19
"""The most that one call writes into a file of this machine. Larger writes get pages of 2 MB, which a
hypervisor takes back while they are free and has to find anew: four times the CPU seconds of small ones
(https://docs.kernel.org/mm/free_page_reporting.html)."""


class _Backend(Protocol):
    scratch: Path | None

    def write(self, name: str, parts: Sequence[Buffer]) -> None: ...

    def read(self, name: str) -> bytes: ...

    def list(self, prefix: str) -> list[str]: ...

    def delete_prefix(self, prefix: str) -> None: ...


class SnapshotStore:
    """Named blobs in one folder or bucket; thread-safe, blocking.

    Names are relative, with `/` between their parts. Every failure is a `SnapshotError`.
    """

    def __init__(self, label: str, backend: _Backend, sealing: Sealing) -> None:
        """Use `open`; `label` is what messages call this store."""
        self.label = label
        self.sealing = sealing
        self._backend = backend

    @classmethod
    def open(cls, url: str, *, sealing: Sealing | None = None) -> Self:
        """The store at a folder's path, `file://`, `s3://`, `gs://` or `az://` address.

        Credentials of object storage come from its usual environment variables (for Azure also
        the account, AZURE_STORAGE_ACCOUNT_NAME: the address is az://container/path). Nothing is
        read or created yet, except the folder itself.

        `sealing` keeps the keys of staged files safe; without one they end with this process.
        """
        sealing = sealing or ProcessSealing()
        parts = urlsplit(url)
        label = f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.scheme else url
        if parts.scheme in REMOTE_SCHEMES:
            with _explained(label, "be opened"):
                return cls(label, _Bucket(url), sealing)
        if parts.scheme not in ("", "file"):
            raise SnapshotError(
                f"Snapshots cannot be kept under {parts.scheme}:// addresses; "
                "give a folder, or an address that begins with s3://, gs:// or az://."
            )
        path = Path(unquote(parts.path)) if parts.scheme else Path(url)
        with _explained(label, "be created"):
            return cls(label, _Folder(path.absolute()), sealing)

    @property
    def scratch(self) -> Path | None:
        """A folder for short-lived files beside the store; None where there is only the network."""
        return self._backend.scratch

    def write(self, name: str, data: Buffer | Sequence[Buffer]) -> None:
        """Keep `data`, one buffer or several in a row, under `name`, in place of what was there."""
        parts = [data] if isinstance(data, bytes | memoryview) else data
        _check(name)
        with _explained(self.label, f"take {name}"):
            self._backend.write(name, parts)

    def read(self, name: str) -> bytes:
        """All bytes of `name`; raises `SnapshotError` `snapshot-missing` if there is none."""
        _check(name)
        with _explained(self.label, f"give {name}"):
            return self._backend.read(name)

    def list(self, prefix: str) -> list[str]:
        """The names below `prefix` (a folder, or nothing for all), sorted."""
        if prefix:
            _check(prefix)
        with _explained(self.label, f"list {prefix}"):
            return sorted(self._backend.list(prefix))

    def delete_prefix(self, prefix: str) -> None:
        """Forget everything below `prefix` (a folder); nothing there is no error."""
        _check(prefix)
        with _explained(self.label, f"delete {prefix}"):
            self._backend.delete_prefix(prefix)


@contextmanager
def _explained(label: str, action: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, NotFoundError):
        raise SnapshotError(
            f"The snapshot store {label} could not {action}: it is not there.",
            code="snapshot-missing",
        ) from None
    except OSError as error:
        raise SnapshotError(
            f"The snapshot store {label} could not {action}: {error.strerror or 'failed'}. "
            "Check its free space, its permissions and SNAPSHOT_URL."
        ) from error
    except (BaseError, ValueError) as error:
        # the libraries' own texts may quote signed addresses, so only their kind is told
        raise SnapshotError(
            f"The snapshot store {label} could not {action} ({type(error).__name__}). "
            "Check SNAPSHOT_URL, the credentials in the environment and the network."
        ) from None


def _check(name: str) -> None:
    if any(part in ("", ".", "..") for part in name.split("/")) or "\\" in name:
        raise ValueError("The name of a blob is one or more plain parts with / between them.")


class _Folder:
    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self.scratch: Path | None = root

    def write(self, name: str, parts: Sequence[Buffer]) -> None:
        target = self._root / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{uuid4().hex}{PARTIAL}")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - mode 0600 from birth
                for part in parts:
                    _write_all(file.fileno(), part)
                os.fsync(file.fileno())
            partial.replace(target)
            _make_durable(target.parent)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def list(self, prefix: str) -> list[str]:
        found = (self._root / prefix).rglob("*")
        return [
            path.relative_to(self._root).as_posix()
            for path in found
            if path.suffix != PARTIAL and path.is_file()
        ]

    def delete_prefix(self, prefix: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(self._root / prefix)


def _write_all(descriptor: int, part: Buffer) -> None:
    view = memoryview(part).cast("B")
    while len(view):
        view = view[os.write(descriptor, view[:WRITE_BYTES]) :]


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Bucket:
    def __init__(self, url: str) -> None:
        self.scratch: Path | None = None
        retries: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
        self._store = obstore.store.from_url(url, retry_config=retries)

    def write(self, name: str, parts: Sequence[Buffer]) -> None:
        obstore.put(self._store, name, b"".join(parts))

    def read(self, name: str) -> bytes:
        return obstore.get(self._store, name).bytes().to_bytes()

    def list(self, prefix: str) -> list[str]:
        return [
            entry["path"] for page in obstore.list(self._store, prefix or None) for entry in page
        ]

    def delete_prefix(self, prefix: str) -> None:
        for page in obstore.list(self._store, prefix):
            obstore.delete(self._store, [entry["path"] for entry in page])
