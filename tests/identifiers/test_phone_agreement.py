"""The columnar way of PHONE against libphonenumber itself: every region, type and written form."""

import random
from collections.abc import Iterator

import phonenumbers
import polars as pl
import pytest
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from app.identifiers.cell_values.rule import Steps
from app.identifiers.phones import phone as phone_module
from app.identifiers.phones.ascii_form import in_ascii
from app.identifiers.phones.numbering_plans import plans
from app.identifiers.phones.phone import phone, plain_phones
from app.identifiers.phones.single_number import read_phone
from tests.conftest import tries

TYPES = range(11)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789+()-. ", "０１２３４５６７８９＋（）－．\u3000")


def by_columns(texts: list[str], regions: list[str | None]) -> list[tuple[str | None, str | None]]:
    lower = [region.lower() if region else None for region in regions]
    frame = pl.DataFrame(
        {"text": texts, "region": lower}, schema={"text": pl.String, "region": pl.String}
    )
    found = phone(frame, Steps())
    # the shortcut may leave any number to the rule, and must give the same where it does not
    ready = plain_phones(frame.rename({"text": "source"}))
    assert ready.text.fill_null(found.text).to_list() == found.text.to_list()
    assert set(ready.text.is_null().arg_true()) == set(ready.others)
    return list(zip(found.text.to_list(), found.reason.to_list(), strict=True))


def by_libphonenumber(text: str, region: str | None) -> str | None:
    """The oracle: parse, possible (or valid) and somebody's, or nothing; E.164 without plus."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != ValidationResult.IS_POSSIBLE and not phonenumbers.is_valid_number(number):
        return None
    national = phonenumbers.national_significant_number(number)
    short = len(national) < 7 or len(set(national)) == 1
    if short and not phonenumbers.is_valid_number(number):
        return None
    if number.country_code == 1 and len(national) == 10 and {national[0], national[3]} & {"0", "1"}:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def examples() -> Iterator[tuple[str, PhoneNumber]]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, number
        invalid = phonenumbers.invalid_example_number(region)
        if invalid is not None:
            yield region, invalid


def dialling_prefix(region: str) -> str:
    """A prefix of the region that is plain digits, 00 where there is a choice with it."""
    idd = phonenumbers.PhoneMetadata.metadata_for_region(region).international_prefix
    return idd if idd and idd.isdigit() else ""


def written_forms(region: str, number: PhoneNumber) -> Iterator[tuple[str, str]]:
    national_digits = phonenumbers.national_significant_number(number)
    full = f"{number.country_code}{national_digits}"
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield "E.164", f"+{full}"
    yield "international", international
    yield "national", national
    yield "RFC 3966", phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield "digits with calling code", full
    yield "national digits", "".join(filter(str.isdigit, national))
    yield "significant digits", national_digits
    yield "with dots", international.replace(" ", ".").replace("-", ".")
    yield "brackets", f"(+{number.country_code}) {national_digits}"
    yield "extension", f"{national} ext. 12"
    yield "short extension", f"{international} x7"
    yield "full-width", international.translate(FULL_WIDTH)
    yield "Arabic-Indic national", national.translate(ARABIC)
    yield "no-break spaces", international.replace(" ", "\u00a0").replace("-", "\u2011")
    if dialling_prefix(region):
        yield "dialling prefix", f"{dialling_prefix(region)} {full}"


def test_every_region_type_and_form_is_read_as_libphonenumber_reads_it() -> None:
    cases = [
        (region, form, text)
        for region, number in examples()
        for form, text in written_forms(region, number)
    ]
    found = by_columns([text for _, _, text in cases], [region for region, _, _ in cases])
    differing = [
        (region, form, text, got, by_libphonenumber(text, region))
        for (region, form, text), (got, _) in zip(cases, found, strict=True)
        if got != by_libphonenumber(text, region)
        # calling_codes.py: a code without plus is seen where libphonenumber doubles it
        and not (form == "digits with calling code" and got == by_libphonenumber(f"+{text}", None))
    ]
    regions = len({region for region, _, _ in cases})
    print(f"\n{len(cases)} written numbers of {regions} regions: {len(differing)} disagreements")
    assert differing == []


@pytest.mark.parametrize("abroad", [False, True])
def test_numbers_written_in_full_need_no_country_and_ignore_a_foreign_one(abroad: bool) -> None:
    cases = [
        ("DE" if region != "DE" and abroad else None, form, text)
        for region, number in examples()
        for form, text in written_forms(region, number)
        if form in {"E.164", "international", "RFC 3966", "full-width", "brackets"}
    ]
    found = by_columns([text for _, _, text in cases], [region for region, _, _ in cases])
    differing = [
        (text, got, by_libphonenumber(text, region))
        for (region, _, text), (got, _) in zip(cases, found, strict=True)
        if got != by_libphonenumber(text, region)
    ]
    print(f"\n{len(cases)} full numbers read from elsewhere: {len(differing)} disagreements")
    assert differing == []


def test_two_zeros_mean_international_everywhere() -> None:
    cases = [
        (region, number) for region, number in examples() if phonenumbers.is_valid_number(number)
    ]
    texts = [phonenumbers.format_number(number, PhoneNumberFormat.E164) for _, number in cases]
    for home in (None, "US", "JP", "RU", "BR", "DE", "IT"):
        found = by_columns([f"00{text[1:]}" for text in texts], [home] * len(texts))
        differing = [
            (home, text, got)
            for text, (got, _) in zip(texts, found, strict=True)
            if got != text[1:] and not _own_reading(f"00{text[1:]}", home)
        ]
        print(f"\n{len(texts)} numbers after 00 in {home}: {len(differing)} disagreements")
        assert differing == []


def _own_reading(text: str, home: str | None) -> bool:
    """Whether the region has a valid number, or a dialling prefix, that begins with 00."""
    try:
        return home is not None and phonenumbers.is_valid_number(phonenumbers.parse(text, home))
    except NumberParseException:
        return False


def test_columns_agree_with_the_reading_of_single_numbers_on_anything() -> None:
    rng = random.Random(20260914)
    regions: list[str | None] = [None, *sorted(phonenumbers.SUPPORTED_REGIONS)]
    starts = ["", "+", "00", "0", "011", "(0", "+(", "(+", "1", "8", "06", "+00", "[0"]
    texts, homes = [], []
    for region in regions * tries(100):
        start = rng.choice(starts)
        code = rng.choice(["", *map(str, plans().code)]) if rng.random() < 0.6 else ""
        digits = "".join(rng.choices("0123456789", k=rng.randint(2, 14)))
        text = f"{start}{code}{digits}"
        for _ in range(rng.choice([0, 0, 1, 3])):
            place = rng.randint(0, len(text))
            text = text[:place] + rng.choice(" -./()[]") + text[place:]
        texts.append(text.strip())
        homes.append(region)
    found = by_columns(texts, homes)
    ascii_texts = in_ascii(pl.Series(texts)).to_list()
    differing = [
        (text, home, got, read_phone(text, home))
        for text, home, got in zip(ascii_texts, homes, found, strict=True)
        if got != read_phone(text, home)
    ]
    print(f"\n{len(texts)} random numbers, columns against single: {len(differing)} disagreements")
    assert differing == []


def test_the_library_sees_few_numbers_only() -> None:
    """Of all regions' numbers in plain forms, what neither arithmetic nor patterns decide."""
    cases = [
        (region.lower(), text)
        for region, number in examples()
        for _, text in written_forms(region, number)
        if text.isascii() and not any(map(str.isalpha, text))
    ]
    text = pl.Series([text for _, text in cases])
    position = pl.Series([plans().number[region.upper()] for region, _ in cases])
    plain = text.str.contains(phone_module._PLAIN)
    _, _, left = phone_module._by_columns(text.filter(plain), position.filter(plain), plans())
    share = (left.len() + (~plain).sum()) / text.len()
    print(f"\n{text.len()} plainly written numbers, {share:.1%} read by the library one by one")
    assert share < 0.05


def test_plainly_written_numbers_need_no_rule() -> None:
    """Of all regions' numbers as people write them, what the shortcut leaves to the rule."""
    cases = [
        (region.lower(), text)
        for region, number in examples()
        if phonenumbers.is_valid_number(number)
        for form, text in written_forms(region, number)
        if form in {"E.164", "international", "national digits", "with dots", "brackets"}
    ]
    frame = pl.DataFrame(cases, schema={"region": pl.String, "source": pl.String}, orient="row")
    share = plain_phones(frame).others.len() / frame.height
    print(f"\n{frame.height} numbers, {share:.1%} left to the rule")
    assert share < 0.05
