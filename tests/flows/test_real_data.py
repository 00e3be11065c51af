"""Files as people really deliver them, from file to audience: what arrives, what is counted, what is said.

The inputs are small copies of what users of such services report. Every expected value is what a
person reads in the file, written out by hand; one application and one worker plays them all.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.flows.exporting import Exporting, digest

INPUTS = Path(__file__).parent / "real_data"
PLAIN = {"MADID", "EXTERN_ID", "LOOKALIKE_VALUE"}
ADDRESS = {"FN": "first_name", "CT": "city", "ZIP": "zip", "COUNTRY": "country"}


@dataclass(frozen=True, slots=True)
class Case:
    """A file, what is mapped, and the members as a person reads them."""

    file: str
    attributes: dict[str, Any]
    members: list[dict[str, str]]
    key_identifier: str = "email"
    read: int | None = None  # rows, where not one a member
    skipped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    date_format: str | None = None


def people(key: str, cells: dict[str, str], **shared: str) -> list[dict[str, str]]:
    """One member an entry: its e-mail's local part, and what is sent under `key`."""
    return [{"EMAIL": f"{name}@example.com", key: cell, **shared} for name, cell in cells.items()]


def zips(*lines: str) -> list[dict[str, str]]:
    split = [line.split() for line in lines]
    return [
        {"EMAIL": f"{name}@example.com", "ZIP": code, "COUNTRY": home} for name, code, home in split
    ]


CASES = {
    "calling codes without their plus": Case(
        "phone_no_plus.csv",
        {"PHONE": "phone", "COUNTRY": "country"},
        [
            {"PHONE": number, "COUNTRY": home}
            for number, home in (
                ("491711234567", "de"), ("4915123456789", "de"), ("491601234567", "de"),
                ("491773333333", "de"), ("493012345678", "de"), ("6281181234567", "id"),
                ("62811812345", "id"), ("35850123456", "fi"), ("3585012345678", "fi"),
                ("447700900123", "gb"), ("33612345678", "fr"),
            )
        ],
        key_identifier="phone",
    ),
    "guards of spreadsheets": Case(
        "apostrophe.csv",
        {
            "EMAIL": "email", "PHONE": "phone", "FN": "first_name", "ZIP": "zip",
            "COUNTRY": "country", "DOB": "dob", "EXTERN_ID": "id", "MADID": "madid",
            "ST": "state",
        },
        [
            {
                "EMAIL": "jane.roe@example.com", "PHONE": "15417543010", "FN": "jane",
                "ZIP": "02139", "COUNTRY": "us", "DOBY": "1985", "DOBM": "03", "DOBD": "14",
                "EXTERN_ID": "00123", "MADID": "aece52e7-03ee-455a-b3c4-e57283966239",
                "ST": "ca",
            },
            {
                "EMAIL": "ann@example.com", "PHONE": "447700900123", "FN": "ann",
                "ZIP": "02139", "COUNTRY": "us", "DOBY": "1985", "DOBM": "03", "DOBD": "14",
                "EXTERN_ID": "00124",
            },
        ],
    ),
    "decorated addresses": Case(
        "decorated_email.csv",
        {"EMAIL": "email", "EXTERN_ID": "id"},
        [
            *(
                {"EMAIL": f"jane{n}@example.com", "EXTERN_ID": str(n)}
                for n in (*range(1, 15), 18, 19, 20)
            ),
            {"EMAIL": "plain@example.com", "EXTERN_ID": "16"},
            {"EMAIL": "jane..21@example.com", "EXTERN_ID": "21"},
        ],
        skipped={"email_invalid": 7},
        refused={"EMAIL": {"email_invalid": 7}},
    ),
    "lists and objects": Case(
        "nested.ndjson",
        {"EMAIL": "email", "PHONE": "phone", "EXTERN_ID": "id", **ADDRESS},
        [
            {
                "EMAIL": f"{name}@example.com", "PHONE": phone, "FN": first,
                "CT": "boston", "ZIP": "02139", "COUNTRY": "us", "EXTERN_ID": number,
            }
            for name, phone, first, number in (
                ("cat", "14155550123", "cat", "1"),
                ("dan", "14155550124", "dan", "2"),
                ("dan2", "14155550125", "dan", "2"),
                ("fay", "14155550127", "fay", "4"),
            )
        ],
        read=6,
        skipped={"not_text": 2, "email_missing": 1},
        refused={
            "EMAIL": {"not_text": 2},
            "PHONE": {"not_text": 1},
            "FN": {"not_text": 1},
            "CT": {"not_text": 1},
        },
    ),
    "JSON in a cell": Case(
        "json_in_csv.csv",
        {"EMAIL": "email", "EXTERN_ID": "id"},
        people("EXTERN_ID", {"hal": "1", "jan": "3", "ken": "4", "plain": "5"}),
        skipped={"not_text": 1},
        refused={"EMAIL": {"not_text": 1}},
    ),
    "rows that end early": Case(
        "short_rows.csv",
        {"EMAIL": "email", "FN": "firstname"},
        people("FN", {"jerry": "jerry", "george": "george", "kramer": "kramer"}),
    ),
    "commas at the end": Case(
        "trailing_comma.csv",
        {"EMAIL": "email", "FN": "firstname"},
        people("FN", {"jerry": "jerry", "george": "george"}),
    ),
    "a report's footer": Case(
        "footer.csv",
        {"EMAIL": "Email", "FN": "First Name", "PHONE": "Phone"},
        people("FN", {"jerry": "jerry"}),
        skipped={"row_malformed": 3},
    ),
    "postal codes that were numbers": Case(
        "zip_zero.csv",
        {"EMAIL": "email", "ZIP": "zip", "COUNTRY": "country"},
        zips(
            *("a1 01067 de", "a2 06000 fr", "a3 08001 es", "a4 00187 it", "a5 00100 fi"),
            *("a6 06600 mx", "a7 0150 no", "a8 0800 au", "a9 01067 de", "b1 0150001 jp"),
            *("b2 0600001 jp", "b3 01310100 br", "b4 02139 us", "b5 00950 pl", "b6 1067 ch"),
            *("b7 01067 de", "b8 09000 tr", "b9 05000 my", "c1 0150 dk", "c2 03000 kr"),
            "c3 01010 ua",
        ),
    ),
    "character references": Case(
        "entities.csv",
        {
            "EMAIL": "email", "FN": "first_name", "LN": "last_name", "CT": "city",
            "ST": "state", "COUNTRY": "country",
        },
        [
            {
                "EMAIL": "obrien@example.com", "FN": "seán", "LN": "obrien",
                "CT": "saintetienne", "COUNTRY": "fr",
            },
            {
                "EMAIL": "smith@example.com", "FN": "jane", "LN": "smithsons",
                "CT": "coeurdalene", "ST": "id", "COUNTRY": "us",
            },
            {
                "EMAIL": "o'neil@example.com", "FN": "tom", "LN": "oneil",
                "CT": "saopaulo", "ST": "sp", "COUNTRY": "br",
            },
            {
                "EMAIL": "tom&ann@example.com", "FN": "tomann", "LN": "müller",
                "CT": "koln", "COUNTRY": "de",
            },
        ],
    ),
    "words for nothing": Case(
        "null_words.csv",
        {
            "EMAIL": "email", "PHONE": "phone", "FN": "first_name", "LN": "last_name",
            "CT": "city", "ST": "state", "ZIP": "zip", "COUNTRY": "country", "DOB": "dob",
            "GEN": "gender", "EXTERN_ID": "id",
        },
        [
            *({"EMAIL": f"n{n}@example.com"} for n in (1, 2, 3, 4, 5, 6, 7, 9, 10)),
            {
                "EMAIL": "n8@example.com", "FN": "ann", "LN": "null", "GEN": "f",
                "DOBY": "1985", "DOBM": "03", "DOBD": "14", "CT": "boston", "ST": "ma",
                "ZIP": "02139", "COUNTRY": "us", "EXTERN_ID": "17",
            },
        ],
        skipped={"placeholder": 2},
        refused={
            "EMAIL": {"placeholder": 2},
            "PHONE": {"placeholder": 9},
            "FN": {"placeholder": 8, "fn_without_letters": 1},
            "LN": {"placeholder": 8, "ln_without_letters": 1},
            "CT": {"placeholder": 9},
            "ST": {"placeholder": 9},
            "ZIP": {"placeholder": 9},
            "COUNTRY": {"placeholder": 9},
            "DOB": {"placeholder": 9},
            "GEN": {"placeholder": 9},
            "EXTERN_ID": {"placeholder": 9},
        },
    ),
    "half an emoji": Case(
        "lone_surrogate.ndjson",
        {"EMAIL": "email", "FN": "first_name"},
        [*people("FN", {"a": "ann", "c": "cat"}), {"EMAIL": "b@example.com"}],
        refused={"FN": {"text_broken": 1}},
    ),
    "years of two digits, no format given": Case(
        "two_digit_year.csv",
        {"EMAIL": "email", "DOB": "dob"},
        [
            *people("DOBY", {"d": "1984"}, DOBM="09", DOBD="30"),
            *({"EMAIL": f"{name}@example.com"} for name in "abcefg"),
        ],
        refused={"DOB": {"dob_ambiguous": 6}},
    ),
    "years of two digits": Case(
        "two_digit_year.csv",
        {"EMAIL": "email", "DOB": "dob"},
        [
            *people("DOBY", {"a": "1984", "d": "1984", "f": "2005", "g": "1984"}, DOBM="09", DOBD="30"),
            *people("DOBY", {"b": "1985", "e": "1985"}, DOBM="03", DOBD="04"),
            *people("DOBY", {"c": "1985"}, DOBM="03", DOBD="14"),
        ],
        date_format="MM/DD/YY",
    ),
    "quotes behind backslashes": Case(
        "backslash.csv",
        {"EMAIL": "email", "FN": "name"},
        people("FN", {"jane": "janejjroe", "bob": "bob"}),
    ),
    "two columns of one name": Case(
        "duplicate_header.csv",
        {"EMAIL": "Email", "FN": "Name"},
        people("FN", {"jane": "jane"}),
    ),
    "customers of a WooCommerce shop": Case(
        "woocommerce.csv",
        {
            "EMAIL": "Email", "FN": "Name", "COUNTRY": "Country / Region", "CT": "City",
            "ST": "Region", "ZIP": "Postal Code", "EXTERN_ID": "Username",
        },
        [
            {
                "EMAIL": f"{name}@example.com", "EXTERN_ID": name, "FN": first, "CT": city,
                **({"ST": state} if state else {}),
                "ZIP": code, "COUNTRY": home,
            }
            for name, first, city, state, code, home in (
                ("js", "john", "athens", "attikí", "10673", "gr"),
                ("jr", "jane", "boston", "ma", "02139", "us"),
                ("ky", "kei", "tokyo", "tokyo", "1500002", "jp"),
                ("ap", "ann", "boston", "ma", "02139", "us"),
                ("tp", "tom", "london", "", "sw1a2aa", "gb"),
            )
        ],
    ),
    **{
        f"phones in a column of {kind}": Case(
            "numeric.parquet",
            {
                "EMAIL": "email", "PHONE": f"phone_{kind}", "ZIP": f"zip_{codes}",
                "COUNTRY": "country", "EXTERN_ID": "id_f64",
            },
            [
                {
                    "EMAIL": "a@example.com", "ZIP": "02139", "COUNTRY": "us", "EXTERN_ID": "1",
                    # a float of 32 bits holds seven digits: the others were made up by the file
                    **({} if kind == "f32" else {"PHONE": "16505551212"}),
                },
                {"EMAIL": "b@example.com", "COUNTRY": "us", "EXTERN_ID": "2.5"},
                {
                    "EMAIL": "c@example.com", "ZIP": "94105", "COUNTRY": "us",
                    "EXTERN_ID": "9007199254740992",
                },
            ],
            # and 447700900123 is no number of the United States
            refused={"PHONE": {"phone_rounded": 2} if kind == "f32" else {"phone_impossible": 1}},
        )
        for kind, codes in (("f64", "f64"), ("f32", "f64"), ("i64", "i32"), ("dec", "i32"))
    },
    "Meta's own template": Case(
        "meta_template.csv",
        {
            "EMAIL": ["email", "email_2", "email_3"],
            "PHONE": ["phone", "phone_2", "phone_3"],
            "MADID": "madid", "FN": "fn", "LN": "ln", "ZIP": "zip", "CT": "ct", "ST": "st",
            "COUNTRY": "country", "DOB": "dob", "DOBY": "doby", "GEN": "gen",
            "EXTERN_ID": "uid", "LOOKALIKE_VALUE": "value",
        },
        [
            *(
                {
                    "EMAIL": f"{name}@example.com", "PHONE": "16502530000", "FN": "jane",
                    "LN": "roe", "GEN": "f", "DOBY": "1968", "DOBM": "10", "DOBD": "21",
                    "CT": "menlopark", "ST": "ca", "ZIP": "94046", "COUNTRY": "us",
                    "MADID": "aece52e7-03ee-455a-b3c4-e57283966239",
                    "LOOKALIKE_VALUE": "20.1",
                }
                for name in ("jane", "jane2")
            ),
            {
                "EMAIL": "paulo@example.com", "PHONE": "552139386900", "FN": "paulo", "LN": "paz",
                "GEN": "m", "DOBY": "1978", "DOBM": "12", "DOBD": "21", "CT": "saopaulo",
                "ZIP": "01310200", "COUNTRY": "br", "LOOKALIKE_VALUE": "60",
            },
        ],
        read=2,
        date_format="MM/DD/YY",
    ),
}  # fmt: skip


@pytest.fixture
def exporting(api: Any, work: Any, sandbox: Any) -> Exporting:
    return Exporting(api, work, sandbox)


async def test_every_file_gives_the_audience_a_person_reads_in_it(
    exporting: Exporting, segment_root: Path
) -> None:
    segments, exports = {}, []
    for case in CASES.values():
        if case.file not in segments:
            path = shutil.copy(INPUTS / case.file, segment_root)
            segments[case.file] = await exporting.segment({"kind": "file", "url": str(path)})
        export = await exporting.export(
            segments[case.file],
            is_value_based="LOOKALIKE_VALUE" in case.attributes,
            key_identifier=case.key_identifier,
            attributes=case.attributes,
            date_format=case.date_format,
        )
        exports.append(export)
    runs = await exporting.run_all(exports)
    for (name, case), (export, run) in zip(CASES.items(), runs, strict=True):
        _check(name, case, exporting.members(export), run)


def in_order(rows: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((key, str(cell)) for key, cell in row.items()) for row in rows)


def _check(name: str, case: Case, held: list[dict[str, Any]], run: dict[str, Any]) -> None:
    wanted = [
        {key: cell if key in PLAIN else digest(cell) for key, cell in member.items()}
        for member in case.members
    ]
    assert in_order(held) == in_order(wanted), name
    counts = run["counts"]
    lost = sum(case.skipped.values())
    read = case.read if case.read is not None else len(case.members) + lost
    assert (counts["read"], run["skipped_reasons"]) == (read, case.skipped), name
    assert counts["staged"] == counts["received"] == len(case.members), name
    assert read + counts["expanded"] == counts["duplicates"] + lost + len(case.members), name
    assert run["refused_values"] == case.refused, name
    # nothing is refused in silence: each key of which too much was, and members left out, are said
    said = {(item["code"], item["key"], item["reason"]) for item in run["warnings"]}
    reasons = {key: max(why, key=lambda one: (why[one], one)) for key, why in case.refused.items()}
    expected = {("values-refused", key, reason) for key, reason in reasons.items()}
    expected |= {("members-skipped", None, None)} if lost else set()
    assert said == expected, name
    status = "succeeded_with_warnings" if expected else "succeeded"
    assert (run["status"], run["error"]) == (status, None), name
