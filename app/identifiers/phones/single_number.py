"""Reads one phone number as libphonenumber does: the judge of every form, and the slow way.

What counts as right is fixed here; the columnar way (phone.py) must give the same for every text.
libphonenumber parses the text with the member's region, and the result is used if its length is
possible for its country (`is_possible_number_with_reason` = IS_POSSIBLE; Meta's own examples are
of unassigned areas, so `is_valid_number` would be too strict). Added to it:

- Digits that begin with the region's own calling code are judged by calling_codes.py, unless a leading
  bracket holds more than that code: then it is an area.
- `00` means international in every region, also where the dialling prefix is another, unless
  the region has a valid number or dialling prefix that begins so, and that is no code of its own.
- A `(0)` in an international number is dropped where the number is only possible without it.
- Dates, and numbers with hidden digits (0171 123 ****), are none.
- Words that end the text are dropped where what stands before them is a valid number (0171 1234567
  (mobil)), or nothing else gives a possible one (650 555 1212 home); else letters are keypad letters
  (1-800-FLOWERS).
- Numbers that nobody has (unassignable.py) are impossible although their length is not.
- Without a country, digits are a full international number only if they are eleven or more, are
  not written with a leading bracket, and are valid so (or are 1 and a North American number):
  Meta takes 15559876543. Two capital letters before the digits (`US (650) 555-1212`) are a country
  if the number is a valid one there.
"""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers
import polars as pl
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, ValidationResult

from app.identifiers.phones.calling_codes import HAS_CODE
from app.identifiers.phones.former_numbers import present_form
from app.identifiers.phones.kinds import Kind, kind_of
from app.identifiers.phones.numbering_plans import dials_trunk
from app.identifiers.phones.unassignable import has_nobody

_TWO_ZEROS: Final = re.compile(r"^[^\d+]*\+?[\s(\[]*00[\s)\]\-./]*(?=[1-9(\[])")
_COUNTRY_FIRST: Final = re.compile(r"^([A-Z]{2})[\s:.\-]*(?=[\d(+])")
_NOT_START: Final = re.compile(r"^[^\d+(]+")
_AREA_IN_BRACKETS: Final = re.compile(r"^[^\d+]*[(\[]\s*(\d+)\s*[)\]]")
_TRUNK_ZERO: Final = re.compile(r"[(\[]\s*0\s*[)\]]")
_WORDS_AFTER: Final = re.compile(r"^([^A-Za-z#;,~]*\d[^A-Za-z#;,~]*)[A-Za-z][^\d]*$")
_NORTH_AMERICAN: Final = re.compile(r"1[2-9]\d\d[2-9]\d{6}")
_ABBREVIATIONS: Final = frozenset({"NO", "NR", "PH", "TL"})
"""Regions whose code people also write for "number" or "telephone"."""

_SHORTEST_INTERNATIONAL: Final = 11
_SHORTEST_NATIONAL: Final = 4
NO_NUMBER: Final = (
    r"^(?:(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:19|20)[0-9]{2})"
    r"(?:[Tt ][0-9]{1,2}:.*)?$"
)
"""A date, perhaps with a time of day: a column was mapped wrongly, and its digits may be possible."""

_MASKED: Final = re.compile(r"[*?\u2022]{2,}|[xX]{2,}")
"""Digits that somebody hid: they are no keypad letters, and those left are not the number."""

_SCIENTIFIC: Final = re.compile(r"(\d)[.,]?(\d*)[eE]\+?(\d{1,2})")


def read_phone(text: str, region: str | None) -> tuple[str | None, str | None]:
    """E.164 digits without plus, or the reason why there are none.

    `region` is an upper-case alpha-2 code or None. Reasons: `phone_without_country` for a
    national number whose country is not known, `phone_impossible` for a length no number of its
    country has, `phone_rounded` for what a spreadsheet cut to 1.65E+10 (all digits there are
    taken), `phone_invalid` for what is no phone number.
    """
    if re.search(NO_NUMBER, text) or _MASKED.search(text):
        return None, "phone_invalid"
    region = region if region in phonenumbers.SUPPORTED_REGIONS else None
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        text = scientific[1] + scientific[2]
        if len(text) != int(scientific[3]) + 1:
            return None, "phone_rounded"
    found = [number for number in _readings(text, region) if number is not None]
    for number in found:
        national = phonenumbers.national_significant_number(number)
        now = _in_present_form(number, national)
        if (
            now is not None
            and (now != national or _is_possible(number) or phonenumbers.is_valid_number(number))
            and not has_nobody(now, number.country_code or 0)
        ):
            return f"{number.country_code}{now}", None
    if found:
        return None, "phone_impossible"
    written_in_full = "+" in text or _TWO_ZEROS.match(text)
    if region is None and not written_in_full and sum(map(str.isdigit, text)) >= _SHORTEST_NATIONAL:
        return None, "phone_without_country"
    return None, "phone_invalid"


def _readings(text: str, region: str | None) -> Iterator[PhoneNumber | None]:
    """What the text can mean, the best first."""
    words = _WORDS_AFTER.match(text)
    alone = _parsed_with_zeros(words[1], region) if words else None
    if alone is not None and phonenumbers.is_valid_number(alone):
        # a number that is whole without them has no keypad letters: 0171 1234567 (mobil)
        yield alone
    zeros = _TWO_ZEROS.match(text)
    if zeros:
        yield from _after_two_zeros(text, f"+{text[zeros.end() :]}", region)
    else:
        read = _parsed(text, region) or (_without_country(text) if region is None else None)
        # of words at the end keypad letters make a number that is one, or none
        if alone is None or (read is not None and phonenumbers.is_valid_number(read)):
            yield read
    if _TRUNK_ZERO.search(text):
        written = _TRUNK_ZERO.sub("", text)
        yield _parsed(f"+{written[zeros.end() :]}" if zeros else written, None)
    yield alone


def _parsed_with_zeros(text: str, region: str | None) -> PhoneNumber | None:
    zeros = _TWO_ZEROS.match(text)
    if not zeros:
        return _parsed(text, region)
    found = _after_two_zeros(text, f"+{text[zeros.end() :]}", region)
    return next((number for number in found if number is not None), None)


def _after_two_zeros(text: str, full: str, region: str | None) -> Iterator[PhoneNumber | None]:
    own = _parsed(text, region) if region else None
    international = _parsed(full, None)
    if international is not None and region is not None and _is_at_home(international, region):
        yield international
    if own is not None and phonenumbers.is_valid_number(own):
        yield own
    if own is None or own.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_IDD:
        yield international
        return
    if international is not None and phonenumbers.is_valid_number(international):
        yield international
    yield own


def _is_at_home(number: PhoneNumber, region: str) -> bool:
    """00 and the region's own code: its carriers may be numbered alike (Brazil's 0055)."""
    own = phonenumbers.country_code_for_region(region) == number.country_code
    return own and phonenumbers.is_valid_number(number)


def _without_country(text: str) -> PhoneNumber | None:
    named = _COUNTRY_FIRST.match(text)
    if named and named[1] in phonenumbers.SUPPORTED_REGIONS - _ABBREVIATIONS:
        number = _parsed(text[named.end() :], named[1])
        return number if number and phonenumbers.is_valid_number(number) else None
    start = _NOT_START.sub("", text)
    number = None if start.startswith("(") else _parsed(f"+{start}", None)
    if number is None:
        return None
    digits = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
    if len(digits) < _SHORTEST_INTERNATIONAL:
        return None
    if phonenumbers.is_valid_number(number) or _NORTH_AMERICAN.fullmatch(digits):
        return number
    return None


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    number = _as_libphonenumber(text, region)
    if number is None or region is None:
        return number
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return number
    start = _NOT_START.sub("", text)
    area = _AREA_IN_BRACKETS.match(text)
    if area and len(area[1]) > len(str(number.country_code)):
        return number
    coded = _as_libphonenumber(f"+{start}", None)
    if coded is None or coded.country_code != number.country_code:
        return number
    has_code = HAS_CODE[int(dials_trunk(region)), _kind(number), _kind(coded)]
    return coded if has_code else number


def _in_present_form(number: PhoneNumber, national: str) -> str | None:
    coded = number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY
    now = present_form(pl.Series([national]), number.country_code or 0, pl.Series([coded]))
    return str(now[0]) if now[0] is not None else None


def _kind(number: PhoneNumber) -> Kind:
    national = _in_present_form(number, phonenumbers.national_significant_number(number))
    return kind_of(national or "", number.country_code or 0)


def _as_libphonenumber(text: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException:
        return None
    return number if number.national_number else None


def _is_possible(number: PhoneNumber) -> bool:
    verdict = phonenumbers.is_possible_number_with_reason(number)
    return bool(verdict == ValidationResult.IS_POSSIBLE)
