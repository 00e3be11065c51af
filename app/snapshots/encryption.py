"""Keys for what lies in files in a form that is no hash: identifiers that Meta takes as they are.

Each staging has a key of its own. It stands in the manifest, sealed by the vault of the store, so it lives in
Postgres, apart from the files, and is gone with the manifest: then the columns cannot be read by
anybody any more. A column of a file is sealed as one message, AES-256-GCM.
"""

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from typing import Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from app.snapshots.errors import SnapshotError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_BLOCK_BYTES = 16


class Sealing(Protocol):
    """Whoever keeps keys safe: a vault of long-lived keys."""

    def seal(self, text: str, *, owner: str) -> bytes:
        """The ciphertext of a text, bound to its owner."""
        ...

    def open(self, sealed: bytes, *, owner: str) -> str:
        """The text again."""
        ...


class ProcessSealing:
    """Keys that end with this process: what it seals, nobody opens afterwards."""

    def __init__(self) -> None:
        """A fresh key."""
        self._key = AESGCM(os.urandom(_KEY_BYTES))

    def seal(self, text: str, *, owner: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, text.encode(), owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> str:
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._key.decrypt(nonce, body, owner.encode()).decode()
        except InvalidTag:
            raise unreadable("The key of the staged files is not this process's own.") from None


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of one staging."""

    _raw: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """A key nobody has."""
        return cls(os.urandom(_KEY_BYTES))

    def sealed(self, sealing: Sealing, prefix: str) -> str:
        """The key for the manifest of that prefix."""
        text = base64.b64encode(self._raw).decode()
        return base64.b64encode(sealing.seal(text, owner=_owner(prefix))).decode()

    @classmethod
    def opened(cls, sealing: Sealing, prefix: str, sealed: str) -> Self:
        """The key out of a manifest. Raises `SnapshotError` (`snapshot-corrupt`), and what `open` raises."""
        try:
            return cls(
                base64.b64decode(sealing.open(base64.b64decode(sealed), owner=_owner(prefix)))
            )
        except (binascii.Error, ValueError):
            raise unreadable("The manifest of the staged rows holds no key.") from None

    def of(self, file: str) -> "ColumnKey":
        """The key as it is used in one file; every file of a staging is written once."""
        return ColumnKey(AESGCM(self._raw), file)


@dataclass(frozen=True, slots=True)
class ColumnKey:
    """Seals the columns of one file."""

    _key: AESGCM = field(repr=False)
    _file: str

    def seal(self, column: str, plain: bytes) -> bytes:
        """One message for the whole column; as long as the column and 16 bytes."""
        return self._key.encrypt(self._nonce(column), plain, column.encode())

    def open(self, column: str, sealed: bytes) -> bytes:
        """The column again. Raises `SnapshotError` (`snapshot-corrupt`)."""
        try:
            return self._key.decrypt(self._nonce(column), sealed, column.encode())
        except InvalidTag:
            raise unreadable(f"Column {column} of a staged file does not open.") from None

    def _nonce(self, column: str) -> bytes:
        # the key is used for this file and column once, so their names are a nonce
        name = f"{self._file}\0{column}".encode()
        return hashlib.sha256(name).digest()[:_NONCE_BYTES]


class ScratchKey:
    """Covers a file that one process writes and reads back in any order (AES-256-CTR by place)."""

    def __init__(self) -> None:
        """A key that nobody else ever has."""
        self._algorithm = AES(os.urandom(_KEY_BYTES))

    def covered(self, data: bytes | memoryview, at: int) -> bytes:
        """The bytes that lie at that place of the file covered, or covered ones as they were."""
        counter = (at // _BLOCK_BYTES).to_bytes(_BLOCK_BYTES, "big")
        stream = Cipher(self._algorithm, CTR(counter)).encryptor()
        stream.update(bytes(at % _BLOCK_BYTES))
        return stream.update(data)


def unreadable(detail: str) -> SnapshotError:
    """Sealed columns that cannot be opened."""
    return SnapshotError(
        f"{detail} Stage the rows again if none of them was sent.", code="snapshot-corrupt"
    )


def _owner(prefix: str) -> str:
    return f"snapshots/{prefix}"
