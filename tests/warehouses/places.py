"""Addresses of SEGMENT_DATABASES that lead to a double of BigQuery or Snowflake, well and badly."""

import functools
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.sources import SourceAccess, open_source
from tests.conftest import free_port
from tests.warehouses.wire import Double


@functools.cache
def private_key() -> str:
    """A key pair to sign in with, in PEM."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Place:
    """One double, and files to sign in with in `folder`."""

    def __init__(self, kind: str, double: Double, folder: Path, *, user: str = "reader") -> None:
        self.kind, self.double = kind, double
        (folder / "key.pem").write_text(private_key())
        (folder / "token").write_text("no-longer-good\n")
        (folder / "nothing").write_text("nothing")
        told = {
            "type": "service_account",
            "client_email": f"{user}@shop",
            "private_key": private_key(),
            "token_uri": f"{double.url}/token",
        }
        (folder / "key.json").write_text(json.dumps(told))
        if kind == "bigquery":
            base, sign_in = "bigquery://{}/crm?location=EU", f"credentials_file={folder}/key.json"
            names = ("shop", "absent")
        else:
            base = f"snowflake://{user}@org-shop/{{}}?role=reader"
            sign_in, names = f"private_key_file={folder}/key.pem", ("crm/public", "absent")
        self.base, absent = (f"{base.format(name)}&endpoint={double.url}&" for name in names)
        self.absent = f"{absent}{sign_in}"
        self.sign_in, self.folder = sign_in, folder

    @property
    def address(self) -> str:
        """Where everything is well."""
        return f"{self.base}{self.sign_in}"

    def addresses(self, more: str = "") -> dict[str, str]:
        """By what is wrong with each; `crm` is well, with `more` options."""
        option = self.sign_in.partition("=")[0]
        return {
            "crm": f"{self.address}{more}",
            "absent": self.absent,
            "expired": f"{self.base}token_file={self.folder}/token",
            "unfiled": f"{self.base}{option}=/nowhere/at/all",
            "no_key": f"{self.base}{option}={self.folder}/nothing",
            "away": self.at(f"http://127.0.0.1:{free_port()}"),
            "plain": self.at(self.double.url.replace("http:", "https:")),
        }

    def at(self, url: str) -> str:
        """The address with another endpoint."""
        return self.address.replace(self.double.url, url)

    def access(self, more: str = "", **settings: Any) -> SourceAccess:
        return SourceAccess(databases=self.addresses(more), **settings)

    def source(self, database: str = "crm", **source: str) -> dict[str, Any]:
        return {"kind": self.kind, "database": database, **source}

    def open(self, database: str = "crm", **source: str) -> Any:
        return open_source(self.source(database, **source), self.access())
