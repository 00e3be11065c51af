"""Phones without plus and dates with years of two digits, from the file to the audience."""

from pathlib import Path

from tests.flows.exporting import Exporting, digest

# country → numbers as people write them, all with their calling code
PHONES = {
    "DE": ["491711234567", "4915123456789", "49 160 1234567", "491773333333", "493012345678"],
    "ID": ["6281181234567", "62811812345"],
    "FI": ["35850123456", "3585012345678"],
    "GB": ["447700900123"],
    "FR": ["33612345678"],
    "SE": ["46812345678"],
}
# as written with MM/DD/YY → the date, or why there is none
DATES = {
    "09/30/84": "1984-09-30",
    "03/04/85": "1985-03-04",
    "14-MAR-85": "1985-03-14",
    "09/30/1984": "1984-09-30",
    "03/04/1985": "1985-03-04",
    "09/30/05": "2005-09-30",
    "093084": "1984-09-30",
    "02/30/84": None,
}


async def test_a_code_without_plus_is_not_doubled(exporting: Exporting, segment_root: Path) -> None:
    path = segment_root / "phones.csv"
    rows = [f"{number},{country}" for country, numbers in PHONES.items() for number in numbers]
    path.write_text("phone,country\n" + "\n".join(rows) + "\n")
    segment = await exporting.segment({"kind": "file", "url": str(path)})
    mapping = {"PHONE": "phone", "COUNTRY": "country"}
    export = await exporting.export(segment, key_identifier="phone", attributes=mapping)
    ((_, run),) = await exporting.run_all([export])
    found = {row["PHONE"] for row in exporting.members(export)}
    numbers = [number for some in PHONES.values() for number in some]
    assert found == {digest(number.replace(" ", "")) for number in numbers}
    assert (run["status"], run["counts"]["staged"]) == ("succeeded", len(numbers))


async def test_years_of_two_digits_have_their_century(
    exporting: Exporting, segment_root: Path
) -> None:
    path = segment_root / "dates.csv"
    rows = [f"p{number}@x.example,{written}" for number, written in enumerate(DATES)]
    path.write_text("email,dob\n" + "\n".join(rows) + "\n")
    segment = await exporting.segment({"kind": "file", "url": str(path)})
    mapping = {"EMAIL": "email", "DOB": "dob"}
    export = await exporting.export(segment, attributes=mapping, date_format="MM/DD/YY")
    await exporting.run_all([export])
    found = {row["EMAIL"]: row for row in exporting.members(export)}
    for number, date in enumerate(DATES.values()):
        row = found[digest(f"p{number}@x.example")]
        parts = [row.get(key) for key in ("DOBY", "DOBM", "DOBD")]
        assert parts == ([digest(part) for part in date.split("-")] if date else [None] * 3)
