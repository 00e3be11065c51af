"""Files as they are delivered: good ones, and every way one can be bad."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

GOOD = "id,email\n0150,a@example.com\n0151,b@example.com\n"
# a plain address that stands in every bad file: it must show up nowhere
MEMBER = "very.private@example.com"


def write_csv(path: Path, emails: Sequence[str], header: str = "email") -> Path:
    path.write_text("\n".join([header, *emails, ""]))
    return path


def write_parquet(path: Path, emails: Sequence[str]) -> Path:
    pl.DataFrame({"email": list(emails)}).write_parquet(path)
    return path


def write_ndjson(path: Path, emails: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"email": email}) + "\n" for email in emails))
    return path


def _cut(path: Path) -> None:
    write_parquet(path, [MEMBER, *(f"m{n}@example.com" for n in range(5000))])
    path.write_bytes(path.read_bytes()[:-2000])


def _text(text: str) -> Callable[[Path], None]:
    return _bytes(text.encode())


def _bytes(raw: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_bytes(raw)

    return spoil


def _link_out(path: Path) -> None:
    secret = path.parent.parent / "secret.csv"
    secret.write_text(f"email\n{MEMBER}\n")
    path.symlink_to(secret)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _nothing(path: Path) -> None:
    path.unlink(missing_ok=True)


# name of the file → how it goes bad, and the code of the error that says so
BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "vanished.csv": (_nothing, "source-not-found"),
    "linked-out.csv": (_link_out, "source-not-allowed"),
    "no-file.csv": (_pipe, "source-unreadable"),
    "hollow.csv": (_text(""), "source-empty"),
    "ragged-short.csv": (_text(f"id,email\n1,{MEMBER}\n2\n"), "csv-ragged-rows"),
    "ragged-long.csv": (_text(f"id,email\n1,{MEMBER}\n2,b@example.com,x\n"), "csv-ragged-rows"),
    "latin.csv": (_bytes(f"email,name\n{MEMBER},Müller\n".encode("latin-1")), "csv-wrong-encoding"),
    "utf16.csv": (_bytes(f"email\n{MEMBER}\n".encode("utf-16")), "csv-wrong-encoding"),
    "nul.csv": (_bytes(f"email\n{MEMBER}\nb\0@example.com\n".encode()), "csv-nul-byte"),
    "no-header.csv": (_text(f"{MEMBER}\nb@example.com\n"), "csv-header-missing"),
    "twice.csv": (_text(f"email,email\n{MEMBER},b\n"), "csv-duplicate-columns"),
    "open-quote.csv": (_text(f'email\n"{MEMBER}\nb@example.com\n'), "csv-open-quote"),
    "cut.parquet": (_cut, "parquet-broken"),
    "text.parquet": (_text(f"email\n{MEMBER}\n"), "parquet-broken"),
    "line.ndjson": (_text(json.dumps({"email": MEMBER}) + "\n{oops\n"), "ndjson-bad-line"),
}
