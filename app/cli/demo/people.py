"""Invented customers of a shop that sells in many countries, entered by hand over the years.

Columns, not persons: a hundred thousand of them take a fraction of a second. The same seed makes
the same people, so two demos can be compared.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from app.cli.demo.locales import LOCALES, Locale

SEED = 20_261_123

# shares of all members
DUPLICATES = 0.03
UPPER_CASE = 0.05
BLANKS = 0.04
MISSING = 0.02
INVALID = 0.01

COLUMNS = (
    "customer_number",
    "email",
    "phone",
    "first_name",
    "last_name",
    "gender",
    "birth_date",
    "city",
    "state",
    "zip",
    "country",
)

_BROKEN = (
    "n/a",
    "none",
    "unknown@",
    "@example.com",
    "two@at@example.com",
    "a b c@example.com",
    "no-at-sign.example.com",
    "dots..dots@example.com",
)


def make_people(count: int, *, seed: int = SEED) -> pl.DataFrame:
    """`count` members with the columns above, all text; empty cells are null."""
    random = np.random.default_rng(seed)
    copies = int(count * DUPLICATES)
    originals = count - copies
    shares = np.array([locale.share for locale in LOCALES])
    home = random.choice(len(LOCALES), originals, p=shares / shares.sum())
    people = pl.concat(
        _people_of(locale, np.flatnonzero(home == index), random)
        for index, locale in enumerate(LOCALES)
    )
    again = people[random.integers(0, originals, copies)]
    people = pl.concat([people, again])[random.permutation(count)]
    return people.with_columns(
        pl.format("C-{}", pl.int_range(1, count + 1).cast(pl.String).str.zfill(8)).alias(
            "customer_number"
        ),
        _entered_by_hand(people["email"], random),
    ).select(COLUMNS)


def _people_of(
    locale: Locale, numbers: npt.NDArray[np.int64], random: np.random.Generator
) -> pl.DataFrame:
    count = len(numbers)
    first, first_ascii = _pick_name(locale.first, count, random)
    last, last_ascii = _pick_name(locale.last, count, random)
    place = random.integers(0, len(locale.places), count)
    city, state, postcode = (
        pl.Series([place[field] for place in locale.places]).gather(place) for field in range(3)
    )
    days = random.integers(0, 365 * 60, count)
    return pl.DataFrame(
        {
            "first_name": first,
            "last_name": last,
            "gender": pl.Series(["f", "m", "F", "M", "female", "male", None]).gather(
                random.integers(0, 7, count)
            ),
            "city": city,
            "state": state,
            "zip": _digits(postcode, random),
            "country": pl.Series([locale.country]).gather(np.zeros(count, dtype=np.int64)),
            "phone": _digits(_pick(locale.phones, count, random), random),
            "_first": first_ascii,
            "_last": last_ascii,
            "_number": numbers,
            "_domain": _pick(locale.domains, count, random),
            "_days": days,
        }
    ).select(
        pl.format("{}.{}{}@{}", "_first", "_last", "_number", "_domain").alias("email"),
        "phone",
        "first_name",
        "last_name",
        "gender",
        (pl.lit("1945-01-01").str.to_date() + pl.duration(days="_days"))
        .dt.to_string("%Y-%m-%d")
        .alias("birth_date"),
        "city",
        pl.col("state").replace("", None),
        "zip",
        "country",
    )


def _entered_by_hand(emails: pl.Series, random: np.random.Generator) -> pl.Series:
    """Most are as they should be; the rest shows what people do to an address field."""
    dice = pl.Series("dice", random.random(len(emails)))
    broken = _pick(_BROKEN, len(emails), random)
    bounds = np.cumsum([UPPER_CASE, BLANKS, MISSING, INVALID])
    frame = pl.DataFrame({"email": emails, "dice": dice, "broken": broken})
    return frame.select(
        pl.when(pl.col("dice") < bounds[0])
        .then(pl.col("email").str.to_uppercase())
        .when(pl.col("dice") < bounds[1])
        .then(pl.format("  {}\t ", "email"))
        .when(pl.col("dice") < bounds[2])
        .then(None)
        .when(pl.col("dice") < bounds[3])
        .then(pl.col("broken"))
        .otherwise(pl.col("email"))
        .alias("email")
    )["email"]


def _pick(values: tuple[str, ...], count: int, random: np.random.Generator) -> pl.Series:
    return pl.Series(values).gather(random.integers(0, len(values), count))


def _pick_name(
    names: tuple[str, ...], count: int, random: np.random.Generator
) -> tuple[pl.Series, pl.Series]:
    """A name as written, and as its owner spells it in an address."""
    chosen = random.integers(0, len(names), count)
    written = [name.split("|")[0] for name in names]
    spelled = [name.split("|")[-1].lower() for name in names]
    return pl.Series(written).gather(chosen), pl.Series(spelled).gather(chosen)


def _digits(patterns: pl.Series, random: np.random.Generator) -> pl.Series:
    """Each # becomes a digit."""
    frame = pl.DataFrame({"text": patterns})
    most = max(patterns.str.count_matches("#").to_list(), default=0)
    for _ in range(most):
        digit = pl.Series("digit", random.integers(0, 10, len(patterns))).cast(pl.String)
        # `replace` takes the first one only
        frame = frame.with_columns(digit).with_columns(
            pl.col("text").str.replace("#", pl.col("digit"), literal=True)
        )
    return frame["text"]
