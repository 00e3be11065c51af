"""What values of frames before became is remembered: quicker, and never anything else."""

import datetime as dt
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from app.identifiers import Consent, IdentifierPlan, KeyIdentifier, Ldu, Memory, identify
from app.identifiers.columns import distinct_values
from app.identifiers.columns.digest import in_bytes
from app.identifiers.columns.distinct_values import by_distinct

ROWS = 9_000

EMAILS = [*(f"mary{n}@example.com" for n in range(900)), " Mary@Example.com", "no address", None]
PHONES = ["+1 650 555 1212", "0170 1234567", "12", None, "00 44 7911 123456", "n/a"]
NAMES = ["Valéry", "정", " MARY ", "-", None, "d41d8cd98f00b204e9800998ecf8427e", "f" * 64]
BORN = ["1990-02-01", "31.12.1985", "01/02/1990", "1999-02-30", None, "2 May 1970"]
STATES = ["CA", "California", "texas", "Bavaria", None, "--"]
ZIPS = ["94025-1234", "2139", "SW1A 1AA", "80331", None, "00000"]
COUNTRIES = ["US", "Germany", "uk", "", None, "Atlantis", "US"]
ATTRIBUTES = {
    "EMAIL": ("mail", "mail2"),
    "PHONE": ("tel",),
    "FN": ("fn",),
    "DOB": ("dob",),
    "DOBY": ("year",),
    "ST": ("st",),
    "ZIP": ("zip",),
    "COUNTRY": ("co",),
}


def members(turn: int) -> pl.DataFrame:
    """Frames of the same values in other company."""

    def column(values, step):
        return [values[(n * step + n // 7 + turn) % len(values)] for n in range(ROWS)]

    return pl.DataFrame(
        {
            "mail": column(EMAILS, 7),
            "mail2": column(EMAILS[::-1], 11),
            "tel": column(PHONES, 1),
            "fn": column(NAMES, 1),
            "dob": column(BORN, 5),
            "year": column(["1980", None, "1700"], 2),
            "st": column(STATES, 5),
            "zip": column(ZIPS, 1),
            "co": column(COUNTRIES, 3),
            "ok": column(["yes", "yes", "no"], 1),
        }
    )


PLANS = {
    "everything": IdentifierPlan(KeyIdentifier.EMAIL, ATTRIBUTES),
    "by phone": IdentifierPlan(KeyIdentifier.PHONE, ATTRIBUTES, default_country="DE"),
    "with a default country": IdentifierPlan(
        KeyIdentifier.NAME_AND_ADDRESS,
        {"FN": ("fn",), "LN": ("fn",), "ZIP": ("zip",), "COUNTRY": ("co",)},
        default_country="US",
    ),
    "limited use": IdentifierPlan(
        KeyIdentifier.EMAIL,
        ATTRIBUTES,
        date_format="DMY",
        consent=Consent("ok", "yes"),
        ldu=Ldu(("ca", "tx"), "us"),
    ),
}


def in_full(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            in_bytes(column) if isinstance(column.dtype, pl.Categorical) else column
            for column in rows
        ]
    )


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_the_same_rows_and_counts_with_it_and_without(plan):
    memory = Memory()
    remembered = 0
    for turn in range(4):
        # the last frame is too small to look for what repeats
        frame = members(turn) if turn < 3 else members(turn)[:50]
        found, expected = identify(frame, plan, memory), identify(frame, plan)
        remembered += any(isinstance(kind, pl.Categorical) for kind in found.rows.dtypes)
        assert in_full(found.rows).equals(expected.rows)
        assert found.rows.height > 0
        for count in ("read", "expanded", "skipped", "refused", "filled"):
            assert getattr(found, count) == getattr(expected, count), count
    assert remembered == 3


def test_dates_are_remembered_as_dates_are():
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {"EMAIL": ("mail",), "DOB": ("born",)})
    days = [dt.date(1950, 1, 1) + dt.timedelta(days=n * 17 % 900) for n in range(ROWS)]
    memory = Memory()
    for born in (days, [dt.date(1700, 1, 1), None, *days[2:]]):
        frame = pl.DataFrame({"mail": [f"a{n}@b.de" for n in range(ROWS)], "born": born})
        found, expected = identify(frame, plan, memory), identify(frame, plan)
        assert in_full(found.rows).equals(expected.rows)
        assert (found.refused, found.filled) == (expected.refused, expected.filled)


class Solver:
    """Gives back what it was asked, as bytes, and counts it."""

    def __init__(self):
        self.asked = 0

    def __call__(self, rows):
        self.asked += rows.height
        return rows.select(pl.all().cast(pl.String).cast(pl.Binary).name.prefix("solved "))


def solved(frame, solver, memory):
    """Whether each row has its own."""
    found = by_distinct(frame, solver, memory, "a name").frame()
    texts = [pl.col(n).cast(pl.String) for n in frame.columns]
    for column, given in zip(found, frame.select(texts), strict=True):
        whole = column.dtype == pl.Binary
        digits = given.cast(pl.Binary).bin.encode("hex")
        assert (column.bin.encode("hex") if whole else column.cast(pl.String)).equals(
            digits, check_names=False
        )
    return found


def test_only_what_is_new_is_worked_off():
    memory, solver = Memory(), Solver()
    for turn, new in enumerate([100, 10, 10, 10]):
        before = solver.asked
        frame = pl.DataFrame({"source": [f"v{n % 100 + 10 * turn}" for n in range(ROWS)]})
        solved(frame, solver, memory)
        assert solver.asked - before == new


def test_combinations_are_remembered():
    memory, solver = Memory(), Solver()
    for _ in range(2):
        frame = pl.DataFrame(
            {
                "source": [None if n % 5 == 0 else f"v{n % 49}" for n in range(ROWS)],
                "region": [None if n % 7 == 0 else f"r{n % 11}" for n in range(ROWS)],
            }
        )
        solved(frame, solver, memory)
        assert solver.asked == frame.n_unique()


def test_other_types_under_the_same_name_are_worked_off_all_the_same():
    memory, solver = Memory(), Solver()
    for values in (["1", "2"], [1, 2], [1.0, 2.0], ["1", "2"]):
        solved(pl.DataFrame({"source": values * (ROWS // 2)}), solver, memory)


@pytest.mark.parametrize("columns", [1, 2])
def test_it_gives_up_where_too_much_would_have_to_be_kept(columns):
    """Values that repeat within a frame and hardly between frames."""
    random.seed(3)
    memory, solver = Memory(), Solver()
    rows, kinds = 100_000, []
    for turn in range(6):
        values = [f"value {turn * rows + random.randrange(rows // 3)}" for _ in range(rows)]
        frame = pl.DataFrame({"source": values})
        if columns == 2:
            regions = pl.Series("region", [f"r{n % 2}" for n in range(rows)])
            frame = frame.with_columns(regions)
        kinds.append(solved(frame, solver, memory).dtypes[0])
    assert isinstance(kinds[0], pl.Categorical)
    assert kinds[-1] == pl.Binary
    assert solver.asked < 6 * rows


def test_it_begins_anew_where_it_was_of_use_until_it_held_too_much(monkeypatch):
    """Some values come again and again, and others with every frame, as postal codes do."""
    monkeypatch.setattr(distinct_values, "_MOST_KEPT", 2_000)
    memory, solver, kinds = Memory(), Solver(), []
    for turn in range(30):
        values = [f"v{n % 600 + 300 * turn * (n % 600 >= 300)}" for n in range(ROWS)]
        kinds.append(solved(pl.DataFrame({"source": values}), solver, memory).dtypes[0])
    assert isinstance(kinds[0], pl.Categorical)
    assert kinds[-1] == pl.Binary
    assert solver.asked < 30 * 600 * 0.7  # 300 of each frame are new


def test_threads_share_it():
    memory, solver = Memory(), Solver()
    frames = [
        pl.DataFrame({"source": [f"v{(n * 31 + turn * 400) % 3_000}" for n in range(20_000)]})
        for turn in range(24)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda frame: solved(frame, solver, memory), frames))
    assert solver.asked == 3_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for its size")
def test_what_is_kept_holds_on_to_nothing_else():
    """Texts are cut out of the frames they came in, however large those are."""
    memory, sizes = Memory(), []
    for turn in range(48):
        rows = pl.int_range(100_000, eager=True).to_frame("n")
        new = pl.when(pl.col("n") == 7).then(pl.lit(f"new in {turn}"))
        often = new.otherwise(pl.format("again and again {}", pl.col("n") % 40))
        text = pl.format("a text of some length that is met {}", often)
        frame = rows.select(text.alias("source"))
        assert by_distinct(frame, lambda rows: rows, memory, "texts").frame().equals(frame)
        sizes.append(resident_megabytes())
    frame_megabytes = frame.estimated_size("mb")
    assert sizes[-1] - sizes[8] < 20 * frame_megabytes


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
