"""Secrets at rest: AES-256-GCM, key id in front, the row's identity as associated data.

A ciphertext copied into another row does not open, and a value says which key it needs, so keys can
be rotated while old values still stand.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import AppError

_KEY_BYTES = 32
_ID_BYTES = 8
_NONCE_BYTES = 12


class SecretUnreadable(AppError):
    """A stored secret cannot be opened with the keys in ENCRYPTION_KEYS; bring back the key it needs."""

    code = "secret-unreadable"


class Vault:
    """Seals and opens secrets with the keys of ENCRYPTION_KEYS: the first seals, all open."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are base64 texts of 32 bytes each (`audience-export keys generate` makes one)."""
        if not keys:
            msg = "ENCRYPTION_KEYS is empty; make a key with: audience-export keys generate"
            raise ValueError(msg)
        # a key given twice is one
        raw = list(dict.fromkeys(_decode(key) for key in keys))
        self._keys = {_key_id(key): AESGCM(key) for key in raw}
        self._first = _key_id(raw[0])
        self._peppers = [hashlib.sha256(b"api-key" + key).digest() for key in raw]

    def __repr__(self) -> str:
        """How many keys, never which."""
        return f"Vault(keys={len(self._keys)})"

    @property
    def current_key_id(self) -> bytes:
        """The id that new secrets, and new hashes of API keys, begin with."""
        return self._first

    def seal(self, text: str, *, owner: str) -> bytes:
        """The ciphertext of a text, bound to its owner (table, row, field)."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._first].encrypt(nonce, text.encode(), owner.encode())
        return self._first + nonce + sealed

    def open(self, sealed: bytes, *, owner: str) -> str:
        """The text again. Raises `SecretUnreadable` for a lost key or a foreign row."""
        key = self._keys.get(sealed[:_ID_BYTES])
        if key is None:
            raise SecretUnreadable
        nonce, body = sealed[_ID_BYTES:][:_NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, body, owner.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: too short to be one of ours
            raise SecretUnreadable from None

    def key_hashes(self, api_key: str) -> list[bytes]:
        """The keyed hashes an API key may be stored under, the current one first.

        Each begins with the id of its key, so that it can be told which still need an older one.
        """
        text = api_key.encode()
        return [
            key_id + hmac.digest(pepper, text, "sha256")
            for key_id, pepper in zip(self._keys, self._peppers, strict=True)
        ]


def fingerprint(secret: str) -> str:
    """A short, one-way name for a secret, to tell two apart without showing either."""
    return hashlib.sha256(b"fingerprint" + secret.encode()).hexdigest()[:16]


def generate_key() -> str:
    """A fresh key for ENCRYPTION_KEYS."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key-id" + key).digest()[:_ID_BYTES]


def _decode(key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(key.encode() + b"=" * (-len(key) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        msg = "each of ENCRYPTION_KEYS must be 32 bytes in base64 (audience-export keys generate)"
        raise ValueError(msg)
    return raw
