"""Brings phone numbers in any written form to E.164 digits, whole columns at a time.

Three ways, each for what the one before leaves open, all with the answer of phone_reading.py:
arithmetic on the digits, the patterns of single plans, and the library itself for odd forms
(letters, extensions, unusual signs), which sees distinct texts only.
"""

from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.cell_values.rule import Outcome, Ready, Steps
from app.identifiers.cell_values.text import blank, certain
from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.phones.arithmetic import (
    Flags,
    Integers,
    Numbers,
    Verdict,
    beginning,
    in_full,
    read_digits,
)
from app.identifiers.phones.ascii_form import in_ascii
from app.identifiers.phones.former_numbers import may_be_former, present_form
from app.identifiers.phones.numbering_plans import UNKNOWN, Plans, plans
from app.identifiers.phones.patterns import national_digits
from app.identifiers.phones.plain_numbers import plain_numbers
from app.identifiers.phones.single_number import NO_NUMBER, read_phone
from app.identifiers.phones.unassignable import have_nobody

_PLAIN: Final = r"^[ (\[]*\+?[ (\[]*[0-9][0-9 ()\[\]./-]*$"
_SEPARATORS: Final = dict.fromkeys(" ()[]./-+", "")
_TWO_ZEROS: Final = r"^[ (\[]*00"
_TRUNK_ZERO: Final = r"[(\[] *0 *[)\]]"
_AREA_IN_BRACKETS: Final = r"^ *[(\[] *[0-9]{2,} *[)\]]"
_LEADING_BRACKET: Final = r"^ *[(\[]"
_REASONS: Final = {
    Verdict.IMPOSSIBLE: "phone_impossible",
    Verdict.WITHOUT_COUNTRY: "phone_without_country",
}


def phone(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """PHONE: E.164 digits without plus, by the member's country (column `region`, alpha-2).

    Reasons: `phone_without_country`, `phone_impossible`, `phone_invalid`, `phone_rounded`; what
    is right is said in phone_reading.py
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    text = in_ascii(frame["text"])
    steps.note("digits and signs in ASCII", text)
    known = plans()
    region = frame["region"]
    position = _positions()(region).fill_null(UNKNOWN)
    plain = certain(text.str.contains(_PLAIN) & ~text.str.contains(NO_NUMBER))
    places = plain.arg_true()
    found, reason, open_places = _by_columns(text.gather(places), position.gather(places), known)
    texts = blank(text).scatter(places, found)
    reasons = blank(text).scatter(places, reason)
    others = (text.is_not_null() & ~plain).arg_true()
    rest = pl.concat([places.gather(open_places), others])
    if rest.len():
        read = _by_library(text.gather(rest), region.gather(rest))
        texts = texts.scatter(rest, read["digits"])
        reasons = reasons.scatter(rest, read["reason"])
    steps.note("E.164 by libphonenumber", texts)
    return Outcome(texts, reasons)


def plain_phones(frame: pl.DataFrame) -> Ready:
    """What `phone` makes of the raw texts (column `source`) that are plainly one possible number."""
    text, known = frame["source"], plans()
    read = plain_numbers(text)
    if not read.places.size:
        return Ready(blank(text), text.is_not_null().arg_true())
    region = _positions()(frame["region"]).fill_null(UNKNOWN).to_numpy().take(read.places)
    count, plus = read.count, read.plus
    zeros = np.flatnonzero(read.zeros & ~plus)
    unclear = np.zeros(plus.size, dtype=np.bool_)
    if zeros.size:
        at, third = region.take(zeros), beginning(read.digits.take(zeros), count.take(zeros))
        sure = (at == UNKNOWN) | known.zeros_abroad[at, third]
        abroad = sure & read.together.take(zeros) & (third != 0)
        unclear[zeros] = ~abroad
        count, plus = count.copy(), plus.copy()
        count[zeros] -= 2 * abroad
        plus[zeros] = abroad
    numbers = _by_pattern(read_digits(read.digits, count, plus, region, known), known)
    numbers = _in_present_form(numbers, known)
    possible = _without_nobodys(numbers, known) == Verdict.POSSIBLE
    # an area in brackets, or 00 that may be something else: `_by_columns` looks closely
    unclear |= read.bracket & (numbers.dialled | ((region == UNKNOWN) & ~plus))
    decided = np.flatnonzero(possible & ~unclear)
    full = np.zeros(text.len(), dtype=np.int64)
    full[read.places.take(decided)] = in_full(numbers, known).take(decided)
    undecided = pl.Series(full == 0)
    found = pl.Series(full).set(undecided, None).cast(pl.String)
    return Ready(found, (undecided & text.is_not_null()).arg_true())


def _by_columns(
    text: pl.Series, position: pl.Series, known: Plans
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """E.164 digits and reasons of plain texts, and the places that only the library can tell."""
    region = position.to_numpy()
    plus = text.str.contains("+", literal=True).to_numpy()
    bare = text.str.replace_many(_SEPARATORS)
    zeros = np.flatnonzero(bare.str.starts_with("00").to_numpy() & ~plus)
    unclear = np.zeros(region.size, dtype=np.bool_)
    if zeros.size:
        abroad = zeros[_means_abroad(text.gather(zeros), bare.gather(zeros), region[zeros], known)]
        unclear[zeros] = True
        unclear[abroad] = False
        bare = bare.scatter(abroad, bare.gather(abroad).str.slice(2))
        plus = plus.copy()
        plus[abroad] = True
    digits = bare.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    count = bare.str.len_bytes().cast(pl.Int64).to_numpy()
    numbers = _by_pattern(read_digits(digits, count, plus, region, known), known)
    numbers = _in_present_form(numbers, known)
    verdict = _without_nobodys(numbers, known)
    dialled = np.flatnonzero(numbers.dialled)
    unclear[dialled] |= text.gather(dialled).str.contains(_AREA_IN_BRACKETS).to_numpy()
    guessed = np.flatnonzero((region == UNKNOWN) & ~plus & (verdict == Verdict.POSSIBLE))
    unclear[guessed] |= text.gather(guessed).str.contains(_LEADING_BRACKET).to_numpy()
    impossible = np.flatnonzero(verdict == Verdict.IMPOSSIBLE)
    unclear[impossible] |= text.gather(impossible).str.contains(_TRUNK_ZERO).to_numpy()
    verdict = np.where(unclear, Verdict.LIBRARY, verdict)
    possible = pl.Series(verdict == Verdict.POSSIBLE)
    found = pl.Series(in_full(numbers, known)).cast(pl.String).set(~possible, None)
    reason = blank(found)
    for refused, name in _REASONS.items():
        reason = reason.set(pl.Series(verdict == refused), name)
    return found, reason, pl.Series(verdict == Verdict.LIBRARY).arg_true()


def _means_abroad(text: pl.Series, bare: pl.Series, region: Integers, known: Plans) -> Flags:
    """Which numbers that begin with 00 are international without doubt."""
    third = bare.str.slice(2, 1).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    sure = np.logical_or(region == UNKNOWN, known.zeros_abroad[region, third])
    together = text.str.contains(_TWO_ZEROS).to_numpy()
    meant: Flags = np.logical_and(sure & together, third != 0)
    return meant


def _by_pattern(numbers: Numbers, known: Plans) -> Numbers:
    """With the numbers decided that wait for their plan's patterns."""
    waiting = np.flatnonzero(numbers.verdict == Verdict.PATTERN)
    if not waiting.size:
        return numbers
    digits, count, verdict = numbers.digits.copy(), numbers.count.copy(), numbers.verdict.copy()
    groups = numbers.plan[waiting] * 2 + numbers.dialled[waiting]
    for group in np.unique(groups):
        rows = waiting[groups == group]
        position, dialled = int(group) // 2, bool(group % 2)
        national = national_digits(
            _written(digits[rows], count[rows]), position, known, dialled=dialled
        )
        digits[rows] = national.cast(pl.Int64).to_numpy()
        count[rows] = national.str.len_bytes().cast(pl.Int64).to_numpy()
        verdict[rows] = _judged(digits[rows], count[rows], int(known.main[position]), known)
    return replace(numbers, digits=digits, count=count, verdict=verdict)


def _in_present_form(numbers: Numbers, known: Plans) -> Numbers:
    """With numbers that are written as before a change of their plan as they are now."""
    code = known.code.take(numbers.plan)
    decided = (numbers.verdict == Verdict.POSSIBLE) | (numbers.verdict == Verdict.IMPOSSIBLE)
    former = np.flatnonzero(decided & may_be_former(code, numbers.count))
    if not former.size:
        return numbers
    digits, count, verdict = numbers.digits.copy(), numbers.count.copy(), numbers.verdict.copy()
    for changed in np.unique(code[former]):
        rows = former[code[former] == changed]
        national = _written(digits[rows], count[rows])
        now = present_form(national, int(changed), pl.Series(numbers.coded[rows]))
        other = now.ne_missing(national).arg_true().to_numpy()
        rows, now = rows[other], now.gather(other)
        digits[rows] = now.cast(pl.Int64).fill_null(0).to_numpy()
        count[rows] = now.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
        verdict[rows] = np.where(now.is_null(), Verdict.IMPOSSIBLE, Verdict.POSSIBLE)
    return replace(numbers, digits=digits, count=count, verdict=verdict)


def _without_nobodys(numbers: Numbers, known: Plans) -> NDArray[np.int8]:
    """The verdicts, where a number that nobody has is impossible whatever its length."""
    verdict = numbers.verdict.copy()
    rows = np.flatnonzero(verdict == Verdict.POSSIBLE)
    code = known.code.take(numbers.plan.take(rows))
    nobodys = have_nobody(numbers.digits.take(rows), numbers.count.take(rows), code)
    verdict[rows[nobodys]] = Verdict.IMPOSSIBLE
    return verdict


def _judged(value: Integers, length: Integers, main: int, known: Plans) -> Integers:
    possible = known.possible[main] >> length & 1 == 1
    verdict = np.where(possible, Verdict.POSSIBLE, Verdict.IMPOSSIBLE)
    odd: Flags = (value == 0) | (known.elsewhere[main] >> length & 1 == 1)
    return np.where(odd, Verdict.LIBRARY, verdict)


def _written(digits: Integers, count: Integers) -> pl.Series:
    frame = pl.DataFrame({"digits": digits, "count": count})
    return frame.select(pl.col("digits").cast(pl.String).str.zfill(pl.col("count"))).to_series()


@cache
def _positions() -> Lookup:
    """A region's alpha-2 code in lower case to the position of its plan."""
    return Lookup({region.lower(): position for region, position in plans().number.items()})


def _by_library(text: pl.Series, region: pl.Series) -> pl.DataFrame:
    """Columns digits and reason, by the library, once for every distinct text and region."""
    spaced = text.str.replace_all(r"\s", " ")
    asked = pl.DataFrame([spaced.alias("text"), region.alias("region")])
    distinct = asked.unique()
    answers = [
        read_phone(words, place.upper() if place else None) for words, place in distinct.iter_rows()
    ]
    read = pl.DataFrame(answers, schema={"digits": pl.String, "reason": pl.String}, orient="row")
    return asked.join(
        distinct.hstack(read),
        on=["text", "region"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).select("digits", "reason")
