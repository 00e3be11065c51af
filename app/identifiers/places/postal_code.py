"""Normalizes ZIP: letters and digits of a code that fits its country."""

import re
from typing import Final

import polars as pl

from app.identifiers.cell_values.rule import Outcome, Steps, outcome
from app.identifiers.cell_values.text import beyond_ascii, blank, certain, change
from app.identifiers.places.postal_code_shapes import (
    AMERICAN,
    countries_of_signs,
    lengths,
    literal_prefixes,
    lost_zeros,
    plain_lengths,
    postal_codes,
    signs_of_countries,
)
from app.identifiers.texts.names import lower
from app.identifiers.texts.script_digits import in_ascii_digits

_DASHES: Final = r"\p{Pd}|\x{2212}"
_NOT_CODE: Final = r"[^\p{L}\p{N}\p{M}]"
_DIGITS: Final = "^[0-9]+$"
_NUMBERS: Final = "^[0-9][0-9 -]*$"
_NO_PLACE: Final = r"^0+$"

_WRAPPED: Final = (
    r"[.:'\x{2018}\x{2019}\x{201B}`\x{B4}\x{22}=()\[\]{}+,]|[a-z]{3}|^(?:z|c\W?p|p\W?c)\b|[0-9]e"
)
"""Signs of a label, a guard, a decimal or an exponent: most codes have none of them."""

_WORD: Final = r"(?:(?:zip|postal|post)[\s._-]*code|zip|plz|c\.?p|cep|cap|p\.?c)"
_LABELS: Final = (
    r"^\p{L}[\p{L}. _/-]{0,19}[:=]\s*(.*[0-9].*)$",
    rf"^{_WORD}[\s.#]+(.*[0-9].*)$",
    rf"^{_WORD}([0-9].*)$",
)
"""A label before the code (`z:` in exports of Meta's lead forms, `PLZ`, `C.P.`, `CEP`)."""

_WRAPS: Final = " '\"=()[]{}<>,.;*\u2018\u2019\u201b`\u00b4"
_DECIMALS: Final = r"^(.*[0-9])[^\p{L}\p{N}]*[.,](?:00?|0{4,})([^\p{L}\p{N}].*)?$"
_BROKEN_NUMBER: Final = r"[0-9][^\p{L}\p{N}]*[.,](?:[0-9]{1,2}|[0-9]{4,})(?:[^\p{L}\p{N}]|$)"
"""Decimals, but for three: those are thousands (10.115) or a habit (01.310-100). A town may follow."""

_EXPONENT: Final = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?e\+?([0-9]{1,2})")

_CODE_AND_TOWN: Final = (
    r"^(.*[0-9][^\s,;(]*[\s,;(]+[a-z]{2})[\s,;(-]+([^0-9]*\p{L}[^0-9]*)$",  # 1012 AB Amsterdam
    r"^(.*[0-9][^\s,;(-]*)[\s,;(-]+([^0-9]*\p{L}[^0-9]*)$",  # 10115 Berlin, SW1A 1AA London
    r"^([0-9]{5})[\s,;(-]+(\p{L}[^0-9]*\bcedex)\s*[0-9]{1,2}$",  # 75380 Paris Cedex 08
)
_TOWN: Final = r"\p{L}\P{L}*\p{L}\P{L}*\p{L}|[\p{Lo}]"
"""Three letters: two could be a part of a code, as in 1012 AB."""

_TOWN_AT_ONCE: Final = r"^\p{L}{3}|^\p{Lo}"

_LOWEST_AMERICAN: Final = "00501"
"""Holtsville; what lost more zeros than that was something else."""

_ZIP_PLUS_FOUR: Final = r"^([0-9]{5})-[0-9]{4}$"
_BEFORE_HYPHEN: Final = r"^[^\p{L}\p{N}-]*(?:usa?|[a-z]{2})?[-\s]*([[0-9]\s]{3,})(?:[-].*)?$"
_SIGNS: Final = (r"^([a-z]{1,3})[\s.:/-]+(.+)$", r"^([a-z]{1,3})([0-9].*)$")
_SIGN_AND_CODE: Final = r"^([a-z]{1,3})\s*-\s*([0-9][0-9\s-]*)$"
_A_CODE_ANYWHERE: Final = (
    r"^[\p{L}\p{M}]{0,4}[0-9][\p{L}\p{M}\p{N}]{1,9}$|^[\p{L}\p{M}]{1,4}[0-9]+$"
)
_A_WORD: Final = r"[\p{L}\p{M}]{5}"


def postal_code(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """ZIP: lower-case letters and digits that have the shape of a code of the member's country.

    In the US the first five digits. Zeros that a column of numbers lost are restored where all codes
    of the country have as many digits. What does not fit is `zip_invalid`; where the country is not
    known, or has no codes, only what can be no code anywhere is
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    given, region = frame["text"], frame["region"]
    small = change(lower(given), beyond_ascii(given), _in_ascii)
    steps.note("lower-case", small)
    bare = small.str.replace_all("[ -]", "") if certain(small.str.contains("[ -]")).any() else small
    plus_four = certain(small.str.contains(_ZIP_PLUS_FOUR))
    if plus_four.any():
        plus_four &= certain(region.is_in([*AMERICAN]))
        bare = change(bare, plus_four, lambda part: part.str.slice(0, 5))
    length = plain_lengths()(region)
    ready = certain((bare.str.len_bytes() == length) & bare.str.contains(_DIGITS))
    ready &= ~certain(bare.str.contains(_NO_PLACE))
    others = (~ready & given.is_not_null()).arg_true()
    if not others.is_empty():
        found = _closely(small.gather(others), region.gather(others), steps)
        bare = bare.scatter(others, found)
    steps.note("as codes of the country are written", bare)
    return outcome(given, bare, "zip_invalid")


def _closely(small: pl.Series, region: pl.Series, steps: Steps) -> pl.Series:
    """Codes that are not just the right number of digits; null for what is no code."""
    numbers = certain(small.str.contains(_NUMBERS) & region.is_in([*postal_codes()]))
    found = blank(small)
    places = numbers.arg_true()
    if not places.is_empty():
        digits = _of_numbers(small.gather(places), region.gather(places))
        found = found.scatter(places, digits)
    places = (~numbers).arg_true()
    if not places.is_empty():
        texts = _of_texts(small.gather(places), region.gather(places), steps)
        found = found.scatter(places, texts)
    return found


def _of_numbers(text: pl.Series, region: pl.Series) -> pl.Series:
    """Digits, space and hyphens only, of a country that has codes: nothing to take off."""
    american = certain(region.is_in([*AMERICAN]))
    bare = _bare(text)
    five = change(bare.set(american, None), american, lambda _: _five_digits(text.filter(american)))
    zeros = _zeros_restored(bare, region)
    length = plain_lengths()(region)
    found = five.set(~certain(five.str.len_bytes() == length), None).fill_null(zeros)
    shaped = length.is_null().arg_true()  # where the right number of digits is not enough
    if not shaped.is_empty():
        home = region.gather(shaped)
        prefixed = literal_prefixes()(home) + bare.gather(shaped)
        readings = [five.gather(shaped), prefixed, zeros.gather(shaped)]
        found = found.scatter(shaped, _first_fitting(readings, home))
    return _of_places(found, region)


def _of_texts(small: pl.Series, region: pl.Series, steps: Steps) -> pl.Series:
    """Codes with letters or other signs."""
    wrapped = certain(small.str.contains(_WRAPPED))
    text = change(small, wrapped, _unwrapped)
    steps.note("label, decimals and exponent out", text)
    region = region.fill_null(countries_of_signs()(text.str.extract(_SIGN_AND_CODE)))
    has_codes = certain(region.is_in([*postal_codes()]))
    found = change(text, ~has_codes, _anywhere)
    places = has_codes.arg_true()
    if not places.is_empty():
        found = found.scatter(places, _of_countries(text.gather(places), region.gather(places)))
    # a mark may stand behind its letter only now
    found = change(found, beyond_ascii(found), lambda part: part.str.normalize("NFKC"))
    return _of_places(found, region)


def _of_places(found: pl.Series, region: pl.Series) -> pl.Series:
    """Without zeros only, and without American codes below all that there are."""
    low = certain(region.is_in([*AMERICAN]) & (found < _LOWEST_AMERICAN))
    return found.set(low | certain(found.str.contains(_NO_PLACE)), None)


def _of_countries(text: pl.Series, region: pl.Series) -> pl.Series:
    """The first reading of each text that has the shape of its country's codes."""
    american = certain(region.is_in([*AMERICAN]))
    signless = _signless(text, region)
    whole, bare = _bare(signless), _bare(text)
    five = bare.set(american, None).fill_null(_five_digits(text))
    readings = [
        whole,
        bare,
        five,
        literal_prefixes()(region) + bare,
        _zeros_restored(whole, region),
    ]
    found = _first_fitting(readings, region)
    left = found.is_null().arg_true()
    for shape in _CODE_AND_TOWN if not left.is_empty() else ():
        code = _before_town(signless.gather(left), shape)
        five = _five_digits(code).set(~american.gather(left), None)
        town = _first_fitting([_bare(code), five], region.gather(left))
        found = found.scatter(left, found.gather(left).fill_null(town))
    return found


def _first_fitting(readings: list[pl.Series], region: pl.Series) -> pl.Series:
    names = [f"reading {number}" for number in range(len(readings))]
    frame = pl.DataFrame([one.alias(name) for name, one in zip(names, readings, strict=True)])
    parts = frame.with_columns(region.alias("region")).with_row_index("row")
    found = blank(region)
    for (code,), part in parts.partition_by("region", as_dict=True).items():
        shape = postal_codes()[str(code)].shape
        fitting = [pl.when(pl.col(name).str.contains(shape)).then(name) for name in names]
        found = found.scatter(part["row"], part.select(pl.coalesce(fitting)).to_series())
    return found


def _signless(text: pl.Series, region: pl.Series) -> pl.Series:
    """Without the country's own sign before the code."""
    for shape in _SIGNS:
        own = signs_of_countries()(region + " " + text.str.extract(shape, 1)).is_not_null()
        text = text.zip_with(~own, text.str.extract(shape, 2))
    return text


def _anywhere(text: pl.Series) -> pl.Series:
    """Letters and digits of what could be a code of some country."""
    five = text.str.replace_all(r"\s", "").str.extract(_ZIP_PLUS_FOUR)
    town = text.str.extract(_CODE_AND_TOWN[1], 2)
    code = text.str.extract(_CODE_AND_TOWN[1], 1)
    whole = _bare(text.zip_with(~certain(town.str.contains(_TOWN_AT_ONCE)), code))
    no_code = ~certain(whole.str.contains(_A_CODE_ANYWHERE)) | certain(whole.str.contains(_A_WORD))
    unknown_sign = certain(text.str.contains(_SIGN_AND_CODE))
    return five.fill_null(whole.set(no_code | unknown_sign, None))


def _bare(text: pl.Series) -> pl.Series:
    return text.str.replace_all(_NOT_CODE, "")


def _zeros_restored(bare: pl.Series, region: pl.Series) -> pl.Series:
    """Digits that lost the zeros they began with, as many as the country's codes can have."""
    frame = pl.DataFrame(
        [bare.alias("bare"), lengths()(region).alias("digits"), lost_zeros()(region).alias("zeros")]
    )
    size = pl.col("bare").str.len_bytes()
    short = size.is_between(pl.max_horizontal(1, pl.col("digits") - pl.col("zeros")), "digits")
    padded = pl.col("bare").str.zfill(pl.col("digits"))
    return frame.select(
        pl.when(short & pl.col("bare").str.contains(_DIGITS)).then(padded)
    ).to_series()


def _before_town(text: pl.Series, shape: str) -> pl.Series:
    """What stands before the name of a town; null where there is none."""
    town = certain(text.str.extract(shape, 2).str.contains(_TOWN))
    return text.str.extract(shape, 1).set(~town, None)


def _unwrapped(text: pl.Series) -> pl.Series:
    """Without a label before it, without `.0`, an exponent expanded; null for other fractions."""
    code = text.str.strip_chars(_WRAPS)
    for label in _LABELS:
        code = code.str.extract(label).fill_null(code)
    code = code.str.strip_chars(_WRAPS)
    code = code.str.replace(_DECIMALS, "$1$2")
    code = code.set(certain(code.str.contains(_BROKEN_NUMBER)), None)
    exponent = certain(code.str.contains("^[0-9][0-9.,]*e"))
    return change(code, exponent, _expanded)


def _expanded(text: pl.Series) -> pl.Series:
    return pl.Series([_digits_of(cell) for cell in text], dtype=pl.String)


def _digits_of(cell: str) -> str:
    """`1.0115e+4` as 10115; as it is where that is no exponent; nothing where digits are lost."""
    found = _EXPONENT.fullmatch(cell)
    if found is None:
        return cell
    whole, fraction, exponent = found[1], found[2] or "", int(found[3])
    left = fraction[exponent:].strip("0")
    return "" if left or len(fraction) < exponent else whole + fraction[:exponent]


def _five_digits(text: pl.Series) -> pl.Series:
    """US codes as five digits; null for anything else, and for all zeros."""
    head = text.str.extract(_BEFORE_HYPHEN).str.replace_all(r"\s", "")
    length = head.str.len_bytes()
    five = head.set(~length.is_between(3, 5), None).str.zfill(5)
    nine = head.set(~length.is_between(7, 9), None).str.zfill(9)
    return five.fill_null(nine.str.slice(0, 5))


def _in_ascii(text: pl.Series) -> pl.Series:
    dashed = in_ascii_digits(text).str.replace_all(_DASHES, "-")
    return dashed.str.normalize("NFKC").str.to_lowercase()
