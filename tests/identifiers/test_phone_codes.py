"""The calling code without plus, numbers of former plans, and decorations: right, or refused."""

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.identifiers.phones.former_numbers import may_be_former, present_form
from app.identifiers.phones.numbering_plans import plans
from app.identifiers.phones.single_number import read_phone
from tests.conftest import tries
from tests.identifiers.numbers import Assigned, both_are_assigned, examples, forms
from tests.identifiers.test_phone_agreement import by_columns

EXAMPLES = list(examples())


def test_no_code_is_doubled_and_no_national_number_misread() -> None:
    """libphonenumber's example of every region and type, in every form, read in its region."""
    cases = [(number, form, text) for number in EXAMPLES for form, text in forms(number)]
    found = by_columns([text for _, _, text in cases], [number.region for number, _, _ in cases])
    wrong = {
        (number.region, text): got
        for (number, _, text), (got, _) in zip(cases, found, strict=True)
        if got != number.full
    }
    print(f"\n{len(cases)} written numbers, other readings: {wrong}")
    # a company's short number with its code, or a mobile number without its trunk zero: both exist
    assert set(wrong) == {("VN", "841992000"), ("VN", "84 1992000"), ("VN", "(84) 1992000")}
    assert all(both_are_assigned(text, region) for region, text in wrong)


@pytest.mark.parametrize(
    ("text", "region", "present"),
    [
        # +52 1 is gone since 2019, and so are the prefixes of numbers at home
        ("+52 1 55 1234 5678", None, "525512345678"),
        ("0052 1 55 1234 5678", "US", "525512345678"),
        ("5215512345678", "MX", "525512345678"),
        ("(52) 1 55 1234 5678", "MX", "525512345678"),
        ("+52 044 55 1234 5678", None, "525512345678"),
        ("045 55 1234 5678", "MX", "525512345678"),
        ("01 55 1234 5678 ext. 3", "MX", "525512345678"),
        ("1 551 234 5678", "MX", None),
        # 9 abroad, 15 at home
        ("+54 9 11 2345 6789", None, "5491123456789"),
        ("+54 11 15 2345 6789", None, "5491123456789"),
        ("011 15 2345-6789", "AR", "5491123456789"),
        ("15 2345-6789", "AR", "5491123456789"),
        ("+54 9 15 2345-6789", None, "5491123456789"),
        ("02954 15 123456", "AR", "5492954123456"),
        ("+54 9 11 15 2345 6789", None, None),
        # the ninth digit
        ("+55 11 8123-4567", None, "5511981234567"),
        ("(11) 9123-4567", "BR", "5511991234567"),
        ("551181234567", "BR", "5511981234567"),
        ("(55) 9123-4567", "BR", "5555991234567"),
        ("5555991234567", "BR", "5555991234567"),
        ("+55 11 98123-4567", None, "5511981234567"),
        ("+55 11 3123-4567", None, "551131234567"),
        ("+55 20 8123-4567", None, None),
        ("8123-4567", "BR", None),
        ("98123-4567", "BR", None),
        ("4004-1234", "BR", "5540041234"),
    ],
)
def test_former_forms_are_the_present_number_or_none(
    text: str, region: str | None, present: str | None
) -> None:
    assert by_columns([text], [region])[0][0] == present
    assert read_phone(text, region)[0] == present


def test_no_other_length_than_a_former_one_is_changed() -> None:
    """Every calling code, every length: what `may_be_former` spares would have stayed as it is."""
    rng = random.Random(7)
    starts = ("", "1", "01", "02", "044", "9", "15", "915", "80", "168", "120", "119", "55", "79")
    numbers = sorted(
        {
            (start + "".join(rng.choices("0123456789", k=15)))[:length]
            for start in starts
            for length in range(1, 16)
            for _ in range(20)
        }
    )
    national = pl.Series(numbers)
    count = national.str.len_bytes().cast(pl.Int64).to_numpy()
    changing: dict[int, set[int]] = {}
    for code in {*plans().code.tolist()}:
        for coded in (False, True):
            now = present_form(national, code, pl.Series([coded]).new_from_index(0, len(numbers)))
            changed = now.ne_missing(national).to_numpy()
            assert may_be_former(np.full(count.size, code), count)[changed].all()
            if changed.any():
                changing.setdefault(code, set()).update(count[changed].tolist())
    print(f"\n{len(numbers)} numbers; lengths that change: {changing}")
    assert changing == {52: {11, 12, 13}, 54: {10, 11}, 55: {8, 9, 10}, 84: {10}, 380: {11}}


def test_a_trunk_zero_needs_no_look_at_the_whole_number() -> None:
    """Where another prefix only seldom begins like the trunk prefix, as in Japan and Hungary."""
    known = plans()
    for region, number in (("JP", "090"), ("JP", "031"), ("HU", "061"), ("DE", "030")):
        at = known.number[region], int(number)
        assert not known.trunk_maybe[at]
        assert known.trunk_goes[at]
    assert known.trunk_maybe[known.number["JP"], [0, 3]].all()  # 000 2…, 003768 …


@st.composite
def decorated(draw: st.DrawFn) -> tuple[str, Assigned]:
    """A number as people and programs write it."""
    number = draw(st.sampled_from(EXAMPLES))
    code = draw(st.sampled_from(["+{}", "00{}", "{}", "({})", "+({})", "(+{})", "+ {}", "00 {}"]))
    digits = list(number.national)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(digits)))
        digits.insert(
            place, draw(st.sampled_from(["-", " ", ".", "  ", " - ", "\u00a0", "\u2011"]))
        )
    gap = draw(st.sampled_from(["", " ", "-", " (0) " if number.region in {"DE", "GB"} else " "]))
    text = code.format(number.code) + gap + "".join(digits)
    around = draw(
        st.sampled_from(
            [
                *(
                    "{}",
                    " {} ",
                    "'{}",
                    "({})",
                    "[{}]",
                    '"{}"',
                    '="{}"',
                    "<{}>",
                    "{};",
                    "{},",
                    "{}.",
                ),
                *("p:{}", "P: {}", "tel:{}", "Tel. {}", "Phone: {}", "Mobil: {}", "\u202a{}\u202c"),
                *("{} (mobile)", "{} ext. 12", "{} x7", "{}#12", "home {}", "\u200b{}"),
            ]
        )
    )
    return around.format(text), number


@settings(max_examples=tries(250), deadline=None)
@given(decorated())
# Colombians may dial 005 to leave the country: that is no 5 of 00 57
@example(("00576012345678 (mobile)", Assigned("CO", "0", "57", "6012345678")))
def test_a_decorated_number_is_that_number_or_refused(case: tuple[str, Assigned]) -> None:
    text, number = case
    (got, reason), (full, _) = by_columns([text] * 2, [number.region, "US"])
    assert got in {number.full, None} or both_are_assigned(text, number.region)
    assert (got is None) == (reason is not None)
    if "+" in text:
        assert full in {number.full, None}


def test_a_bracket_with_more_than_the_code_is_an_area() -> None:
    texts = ["(4921) 123456", "[4921] 123456", "(49) 21 123456", "4921123456"]
    found = [got for got, _ in by_columns(texts, ["DE"] * 4)]
    assert found == ["494921123456", "494921123456", "4921123456", "4921123456"]
