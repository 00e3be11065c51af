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
    "ragged.csv": (
        _text(f"id,email\n1,{MEMBER}\n" + "1,b@example.com\n" * 20 + "2,b@example.com,x\n" * 11),
        "csv-ragged-rows",
    ),
    "report.csv": (_text(f"New Contacts\n\nid,email\n1,{MEMBER}\n"), "csv-report-lines"),
    "russian.csv": (
        _bytes(f"email,name\n{MEMBER},Дмитрий\n".encode("koi8-r")),
        "csv-wrong-encoding",
    ),
    "nul.csv": (_bytes(f"email\n{MEMBER}\n".encode() + b"b\0@example.com\n" * 11), "csv-nul-byte"),
    "no-header.csv": (_text(f"{MEMBER}\nb@example.com\n"), "csv-header-missing"),
    "open-quote.csv": (
        _text(f'email\n{MEMBER}\n"{MEMBER}"x\n' + '"b@example.com"x\n' * 10),
        "csv-stray-quote",
    ),
    "cut.parquet": (_cut, "parquet-broken"),
    "text.parquet": (_text(f"email\n{MEMBER}\n"), "parquet-broken"),
    "line.ndjson": (
        _text(json.dumps({"email": MEMBER}) + "\n" + "{oops\n" * 11),
        "ndjson-bad-line",
    ),
}
