"""The proof for PHONE over whatever the numbering plans assign, not examples only."""

import random
from collections import Counter

import phonenumbers
import pytest
from phonenumbers import NumberParseException

from tests.chaos.plant import FULL
from tests.identifiers.numbers import both_are_assigned, drawn, forms
from tests.identifiers.test_phone_agreement import by_columns

pytestmark = pytest.mark.chaos

EACH = 200 if FULL else 3


def _as_libphonenumber(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def _plus(form: str, text: str) -> str:
    return f"+{text[2:]}" if form == "after 00" else text


def test_every_plan_and_form(chance: random.Random) -> None:
    """0 doubled codes, 0 misread numbers; where both readings are assigned they are counted.

    National digits that are themselves written like a trunk prefix (Russia's 810 800) are read as
    libphonenumber reads them; those that begin with 00 (Thailand's 001 800) are services that
    nobody can tell from an international number, and no customer's.
    """
    numbers = [one for one in drawn(EACH, chance) if not one.national.startswith("00")]
    cases = [(number, form, text) for number in numbers for form, text in forms(number)]
    found = by_columns([text for _, _, text in cases], [number.region for number, _, _ in cases])
    doubled, misread, either = [], [], Counter[str]()
    for (number, form, text), (got, _) in zip(cases, found, strict=True):
        if got in {number.full, None}:
            continue
        if both_are_assigned(text, number.region):
            either[number.region] += 1
        elif got == number.code + number.full:
            doubled.append((number, form, text, got))
        elif got != _as_libphonenumber(_plus(form, text), number.region):
            misread.append((number, form, text, got))
    print(
        f"\n{len(cases)} written numbers of {len({number for number, _, _ in cases})} that are "
        f"assigned: {len(doubled)} doubled codes, {len(misread)} misread; both readings assigned "
        f"and the other taken: {dict(either)}"
    )
    assert doubled == []
    assert misread == []
    assert either.total() < len(cases) / 100
