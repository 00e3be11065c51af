"""Prints rows per CPU-second of one core: python tests/identifiers/speed.py [rows].

Synthetic members: distinct e-mails and phones in six written forms, names, cities and dates that
repeat as real ones do, 2 % empty cells. Set POLARS_MAX_THREADS=1 to measure one core.
"""

import sys
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from app.identifiers import IdentifierPlan, KeyIdentifier, identify
from app.identifiers.columns.digest import sha256

CHUNK = 100_000
FIRST = "Mary José Anna-Lena Karl Zoë Jean‑Pierre 李 Олег Siobhán Günther Ana Peter Li Bo"
CITIES = "Paris;São Paulo;New York;München;London;東京;Saint-Étienne;Oslo;Menlo Park;Łódź"
STATES = "CA;New York;Bayern;Ontario;NSW;Île-de-France;Texas;WA;Oslo;Puerto Rico"
COUNTRIES = ["US", "United States", "DE", "GBR", "France", "it", "Canada", "AU", "Norge", "ES"]
NATIONAL = {
    "US": ("650555", 4),
    "United States": ("415555", 4),
    "DE": ("0301234", 4),
    "GBR": ("0207946", 4),
    "France": ("061234", 4),
    "it": ("0669812", 4),
    "Canada": ("416555", 4),
    "AU": ("041234", 4),
    "Norge": ("4061", 4),
    "ES": ("61234", 4),
}
CODES = dict(zip(COUNTRIES, ["1", "1", "49", "44", "33", "39", "1", "61", "47", "34"], strict=True))


def members(rows: int, seed: int = 1) -> pl.DataFrame:
    """`rows` members, the same for the same seed."""
    first, cities, states = FIRST.split(), CITIES.split(";"), STATES.split(";")
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 10_000_000, rows)
    country = rng.integers(0, len(COUNTRIES), rows)
    birth = date(1930, 1, 1)
    days = rng.integers(0, 25_000, rows)
    phones = [_phone(COUNTRIES[c], int(n), int(n) % 6) for c, n in zip(country, ids, strict=True)]
    frame = pl.DataFrame(
        {
            "EMAIL": [f"{('', ' ')[n % 9 == 0]}User.{n}@Example{n % 97}.com" for n in ids.tolist()],
            "PHONE": phones,
            "FN": [f"{first[n % 14]}{('', ' A.')[n % 5 == 0]}" for n in ids.tolist()],
            "LN": [f"O’Name{n % 12_000}-Müller" for n in ids.tolist()],
            "CT": [f"{cities[n % 10]} {'abcdefghij'[n // 10 % 10]}" for n in ids.tolist()],
            "ST": [states[n % 10] for n in ids.tolist()],
            "ZIP": [f"{n % 99_999:05}{('', '-1234')[n % 4 == 0]}" for n in ids.tolist()],
            "COUNTRY": [COUNTRIES[c] for c in country],
            "GEN": [("M", "Female", "w", "Hombre")[n % 4] for n in ids.tolist()],
            "DOB": [str(birth + timedelta(days=int(d))) for d in days],
        }
    )
    empty = [
        pl.when(pl.lit(rng.random(rows) < 0.98)).then(name).alias(name) for name in frame.columns
    ]
    return frame.with_columns(empty)


def _phone(country: str, number: int, form: int) -> str:
    start, width = NATIONAL[country]
    national = f"{start}{number % 10**width:0{width}}"
    full = CODES[country] + (national if country == "it" else national.removeprefix("0"))
    return (
        f"+{full}",
        f"00{full}",
        f"+{full[:2]} {full[2:5]} {full[5:8]}-{full[8:]}",
        national,
        f"({national[:3]}) {national[3:6]}-{national[6:]}",
        f"{national[:3]}.{national[3:6]}.{national[6:]}",
    )[form]


def measure(title: str, frame: pl.DataFrame, keys: tuple[str, ...], kind: KeyIdentifier) -> None:
    """Print the best of three passes over `frame` in chunks."""
    plan = IdentifierPlan(kind, {key: (key,) for key in keys})
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for chunk in frame.iter_slices(CHUNK):
            result = identify(chunk, plan)
        best = min(best, time.process_time() - start)
    rate = frame.height / best / 1e6
    print(f"{title:28} {rate:6.2f} M rows/s   {best / frame.height * 1e6:6.3f} s per million")
    print(" " * 29, "last chunk:", result.rows.height, "rows,", "refused", result.refused)


def yardstick(frame: pl.DataFrame) -> None:
    """Print what hashing the e-mails alone costs: what a busy machine takes away shows here."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for chunk in frame.iter_slices(CHUNK):
            sha256(chunk["EMAIL"])
        best = min(best, time.process_time() - start)
    print(f"{'(hashing alone)':28} {frame.height / best / 1e6:6.2f} M rows/s")


if __name__ == "__main__":
    data = members(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
    yardstick(data)
    email, phone = KeyIdentifier.EMAIL, KeyIdentifier.PHONE
    measure("e-mail only", data, ("EMAIL",), email)
    for key in data.columns[2:]:
        measure(f"e-mail and {key}", data, ("EMAIL", key), email)
    measure("phone with country", data, ("PHONE", "COUNTRY"), phone)
    measure("all twelve columns", data, tuple(data.columns), email)
