"""Looks for secrets in bytes, in every form a program may have given them on the way."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import polars as pl

# shorter ones would be found by chance
_LEAST = 7


def forms(secret: bytes) -> Iterator[bytes]:
    """The secret plain, in UTF-16, hexadecimal, for an address, escaped, and in base64 at every offset."""
    yield secret
    yield secret.decode().encode("utf-16-le")
    yield binascii.hexlify(secret)
    yield quote(secret, safe="").encode()
    yield "".join(f"%{byte:02x}" for byte in secret).encode()
    yield "".join(f"\\u{byte:04x}" for byte in secret).encode()
    for offset in range(3):
        padded = b"\0" * offset + secret
        # what depends on the neighbours is cut off at both ends
        first, last = -(-offset * 8 // 6), len(padded) * 8 // 6
        for encoded in (base64.b64encode(padded), base64.urlsafe_b64encode(padded)):
            yield encoded[first:last]


class Scanner:
    """Finds any form of any of these secrets, whatever its case."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: a name for each, for the report; the values are not repeated in it."""
        self._names: dict[str, str] = {}
        for name, secret in secrets.items():
            assert len(secret) >= _LEAST, name
            for form in forms(secret.encode()):
                if len(form) >= _LEAST:
                    self._names[form.decode("latin-1").lower()] = name

    def found(self, content: bytes) -> set[str]:
        """The names of the secrets that are in there."""
        text = pl.Series([content.decode("latin-1")])
        hits = text.str.extract_many(list(self._names), ascii_case_insensitive=True).item()
        return {self._names[hit.lower()] for hit in hits}

    def found_in(self, places: Iterable[tuple[str, bytes]]) -> dict[str, set[str]]:
        """Place → the names of what was found there; places without are left out."""
        looked = ((place, self.found(content)) for place, content in places)
        return {place: names for place, names in looked if names}


def files_under(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every regular file with its bytes; one that goes while it is read is gone."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    yield str(path), path.read_bytes()
                except FileNotFoundError:
                    continue
