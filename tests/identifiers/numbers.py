"""Numbers that libphonenumber's plans assign, drawn from their patterns, and how they are written."""

import random
import re
from collections.abc import Iterator
from re import _parser as patterns  # type: ignore[attr-defined]
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat

KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)


class Assigned(NamedTuple):
    """A national number of a region and kind."""

    region: str
    kind: str
    code: str
    national: str

    @property
    def full(self) -> str:
        return self.code + self.national


def drawn(each: int, rng: random.Random) -> Iterator[Assigned]:
    """Up to `each` distinct numbers of every region and kind."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.metadata_for_region(region)
        for kind in KINDS:
            description = getattr(plan, kind)
            if description is None or not description.national_number_pattern:
                continue
            pattern = patterns.parse(description.national_number_pattern)
            found = {_draw(pattern, rng) for _ in range(each)}
            for national in sorted(found):
                if re.fullmatch(plan.general_desc.national_number_pattern, national):
                    yield Assigned(region, kind, str(plan.country_code), national)


def examples() -> Iterator[Assigned]:
    """libphonenumber's own example of every region and type."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                national = phonenumbers.national_significant_number(number)
                yield Assigned(region, str(kind), str(number.country_code), national)


def forms(number: Assigned) -> Iterator[tuple[str, str]]:
    """The written forms of the proof; the last three are national."""
    parsed = phonenumbers.parse(f"+{number.full}")
    international = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    yield "with plus", f"+{number.full}"
    yield "without plus", number.full
    yield "without plus, grouped", international[1:]
    yield "after 00", f"00{number.full}"
    yield "code in brackets", f"({number.code}) {number.national}"
    yield "national", national
    yield "national digits", "".join(filter(str.isdigit, national))
    yield "without trunk prefix", number.national


def both_are_assigned(text: str, region: str) -> bool:
    """Whether libphonenumber calls the digits valid as a national number and as a full one."""
    digits = "".join(filter(str.isdigit, text))
    code = phonenumbers.country_code_for_region(region)
    try:
        full = phonenumbers.parse(f"+{digits}")
        national = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))
    except NumberParseException:
        return False
    return (
        full.country_code == code
        and phonenumbers.is_valid_number(full)
        and phonenumbers.is_valid_number(national)
    )


def _draw(pattern: object, rng: random.Random) -> str:
    return "".join(_part(str(name), value, rng) for name, value in pattern)  # type: ignore[attr-defined]


def _part(name: str, value: object, rng: random.Random) -> str:
    match name, value:
        case "LITERAL", int():
            return chr(value)
        case "IN", list():
            return rng.choice([sign for one in value for sign in _class(str(one[0]), one[1])])
        case "BRANCH", (_, list() as parts):
            return _draw(rng.choice(parts), rng)
        case "MAX_REPEAT", (int() as low, int() as high, part):
            return "".join(_draw(part, rng) for _ in range(rng.randint(low, high)))
        case "SUBPATTERN", tuple():
            return _draw(value[-1], rng)
    raise ValueError(f"{name} in a numbering plan")


def _class(name: str, value: object) -> str:
    match name, value:
        case "LITERAL", int():
            return chr(value)
        case "RANGE", (int() as low, int() as high):
            return "".join(map(chr, range(low, high + 1)))
    return "0123456789"
