"""Rows and counts of whole frames: what is kept, what is skipped, and why."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from app.errors import AppError, SourceError
from app.identifiers import (
    Consent,
    Identified,
    IdentifierPlan,
    KeyIdentifier,
    Ldu,
    explain,
    identify,
)
from app.identifiers.columns.error_guard import guarded

EMAIL, PHONE, ADDRESS = KeyIdentifier.EMAIL, KeyIdentifier.PHONE, KeyIdentifier.NAME_AND_ADDRESS


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def plan(kind: KeyIdentifier = EMAIL, **attributes: Any) -> IdentifierPlan:
    extra = {key: attributes.pop(key) for key in list(attributes) if key.islower()}
    mapped = {
        key: (names,) if isinstance(names, str) else names for key, names in attributes.items()
    }
    return IdentifierPlan(kind, mapped, **extra)


def balanced(found: Identified) -> Identified:
    assert found.read + found.expanded == found.rows.height + sum(found.skipped.values())
    return found


class TestKeyIdentifier:
    """S46; a member without a usable key identifier is skipped once and counted by reason."""

    def test_email(self) -> None:
        frame = pl.DataFrame({"mail": ["a@b.de", "no", None, "  ", "C@D.org"], "fn": ["A"] * 5})
        found = balanced(identify(frame, plan(EMAIL="mail", FN="fn")))
        assert found.rows["EMAIL"].to_list() == [sha("a@b.de"), sha("c@d.org")]
        assert found.skipped == {"email_invalid": 1, "email_missing": 2}
        assert found.refused == {"EMAIL": {"email_invalid": 1}}
        assert found.filled == {"EMAIL": 3, "FN": 5}

    def test_phone(self) -> None:
        frame = pl.DataFrame({"tel": ["020 7946 0958", "(650) 555-1212"], "land": ["UK", None]})
        found = balanced(identify(frame, plan(PHONE, PHONE="tel", COUNTRY="land")))
        assert found.rows["PHONE"].to_list() == [sha("442079460958")]
        assert found.skipped == {"phone_without_country": 1}

    def test_name_and_address_needs_names_a_place_and_a_country(self) -> None:
        frame = pl.DataFrame(
            {
                "fn": ["Mary", "Mary", "-", "Mary", "Mary", "Mary"],
                "ln": ["Ann", "Ann", "Ann", None, "Ann", "Ann"],
                "zip": ["94025", None, "94025", "94025", None, "00000"],
                "ct": [None, "Paris", None, None, None, None],
                "co": ["US", "FR", "US", "US", "US", "US"],
            }
        )
        keys = plan(ADDRESS, FN="fn", LN="ln", ZIP="zip", CT="ct", COUNTRY="co")
        found = balanced(identify(frame, keys))
        assert found.rows["ZIP"].to_list() == [sha("94025"), None]
        assert found.rows["CT"].to_list() == [None, sha("paris")]
        assert found.skipped == {
            "address_missing": 1,
            "fn_without_letters": 1,
            "ln_missing": 1,
            "zip_invalid": 1,
        }

    def test_default_country_stands_in_for_a_country_that_is_not_mapped(self) -> None:
        frame = pl.DataFrame({"fn": ["Mary"], "ln": ["Ann"], "zip": ["2139"]})
        keys = plan(ADDRESS, FN="fn", LN="ln", ZIP="zip", default_country="US")
        found = balanced(identify(frame, keys))
        assert found.rows.to_dicts() == [
            {"FN": sha("mary"), "LN": sha("ann"), "ZIP": sha("02139"), "COUNTRY": sha("us")}
        ]

    def test_default_country_is_not_sent_where_country_is_not_asked_for(self) -> None:
        """S63: only mapped attributes leave."""
        frame = pl.DataFrame({"mail": ["a@b.de"]})
        found = identify(frame, plan(EMAIL="mail", default_country="US"))
        assert found.rows.columns == ["EMAIL"]

    def test_a_bad_optional_value_costs_its_cell_only(self) -> None:
        frame = pl.DataFrame(
            {"mail": ["a@b.de"], "gen": ["x"], "dob": ["30 Feb 1999"], "st": ["CA"]}
        )
        found = balanced(identify(frame, plan(EMAIL="mail", GEN="gen", DOB="dob", ST="st")))
        assert found.rows.row(0, named=True) == {
            "EMAIL": sha("a@b.de"),
            "GEN": None,
            "DOBY": None,
            "DOBM": None,
            "DOBD": None,
            "ST": sha("ca"),
        }
        assert found.refused == {"GEN": {"gen_unknown": 1}, "DOB": {"dob_invalid": 1}}

    def test_a_plan_without_its_key_identifier_gives_no_row(self) -> None:
        found = balanced(identify(pl.DataFrame({"fn": ["Mary"]}), plan(FN="fn")))
        assert found.skipped == {"email_missing": 1}
        assert found.rows.columns == ["FN"]

    def test_an_empty_frame_has_the_columns_all_the_same(self) -> None:
        frame = pl.DataFrame(schema={"mail": pl.String, "dob": pl.Date, "tel": pl.String})
        found = balanced(identify(frame, plan(EMAIL="mail", DOB="dob", PHONE=("tel", "tel"))))
        assert found.rows.columns == ["EMAIL", "PHONE", "DOBY", "DOBM", "DOBD"]
        assert found.rows.schema["EMAIL"] == pl.Binary
        assert found.rows.height == 0

    def test_a_missing_column_is_named(self) -> None:
        with pytest.raises(SourceError, match="loyalty_mail") as caught:
            identify(pl.DataFrame({"mail": ["a@b.de"]}), plan(EMAIL="loyalty_mail"))
        assert caught.value.code == "attribute-missing"

    def test_a_column_of_lists_is_its_values(self) -> None:
        """A list of one is that value; several e-mails are rows, several names are refused."""
        frame = pl.DataFrame(
            {
                "mails": [["a@b.de"], ["c@d.de", " ", "e@f.de", "c@d.de"], [], None, ["bad"]],
                "fn": [["Cat"], ["Dan", "Danny"], [], ["Eve", "Eve"], None],
            }
        )
        found = balanced(identify(frame, plan(EMAIL="mails", FN="fn")))
        assert found.rows.rows() == [
            (sha("a@b.de"), sha("cat")),
            (sha("c@d.de"), None),
            (sha("e@f.de"), None),
        ]
        assert found.skipped == {"email_invalid": 1, "email_missing": 2}
        assert found.refused == {"EMAIL": {"email_invalid": 1}, "FN": {"several_values": 1}}

    def test_a_column_of_structs_is_no_text(self) -> None:
        frame = pl.DataFrame(
            {
                "mail": ["a@b.de", "b@b.de", "c@b.de"],
                "ct": [{"name": "Boston"}, None, {"name": None}],
                "zip": [[{"code": "1"}], [], None],
            }
        )
        found = balanced(identify(frame, plan(EMAIL="mail", CT="ct", ZIP="zip")))
        assert found.rows["CT"].to_list() == [None] * 3
        assert found.refused == {"CT": {"not_text": 2}, "ZIP": {"not_text": 1}}


class TestSeveralAttributes:
    def test_one_row_each_equal_ones_once_empty_ones_none(self) -> None:
        frame = pl.DataFrame(
            {
                "a": ["a@b.de", "A@B.de ", None, None],
                "b": ["c@d.de", "a@b.de", "e@f.de", ""],
                "fn": ["One", "Two", "Three", "Four"],
            }
        )
        found = balanced(identify(frame, plan(EMAIL=("a", "b"), FN="fn")))
        assert found.rows.rows() == [
            (sha("a@b.de"), sha("one")),
            (sha("c@d.de"), sha("one")),
            (sha("a@b.de"), sha("two")),
            (sha("e@f.de"), sha("three")),
        ]
        assert (found.read, found.expanded, found.skipped) == (4, 1, {"email_missing": 1})
        assert found.filled["EMAIL"] == 5

    def test_emails_and_phones_are_paired_and_none_is_lost(self) -> None:
        frame = pl.DataFrame(
            {"a": ["a@b.de"], "b": ["c@d.de"], "p": ["+16505551212"], "q": [None], "r": ["bad"]}
        )
        found = balanced(identify(frame, plan(EMAIL=("a", "b"), PHONE=("p", "q", "r"))))
        assert found.rows.rows() == [
            (sha("a@b.de"), sha("16505551212")),
            (sha("c@d.de"), sha("16505551212")),
        ]
        assert found.refused == {"PHONE": {"phone_invalid": 1}}

    def test_the_first_refusal_is_the_reason_where_none_is_usable(self) -> None:
        frame = pl.DataFrame({"a": [None, "x"], "b": ["y", None]})
        found = balanced(identify(frame, plan(EMAIL=("a", "b"))))
        assert found.skipped == {"email_invalid": 2}
        assert found.rows.columns == ["EMAIL"]

    def test_explain_has_one_explanation_each(self) -> None:
        found = explain({"a": "a@b.de", "b": "bad"}, plan(EMAIL=("a", "b")))
        assert [(one.key, one.text, one.reason) for one in found] == [
            ("EMAIL", "a@b.de", None),
            ("EMAIL", None, "email_invalid"),
        ]


class TestConsent:
    @pytest.mark.parametrize(
        ("cells", "equals", "kept"),
        [
            (["yes", "Yes ", "no", None, ""], "yes", 2),
            ([True, False, None], True, 1),
            ([True, False, None], "t", 1),
            ([True, False, None], 0, 1),
            (["TRUE", "true", "1", "no"], True, 2),
            ([1, 0, None], 1, 1),
            ([1.0, 0.0, 2.0], 1, 1),
            (["1", "1.0", "0"], 1, 1),
        ],
    )
    def test_only_members_who_agreed(self, cells: list[Any], equals: Any, kept: int) -> None:
        frame = pl.DataFrame({"mail": ["a@b.de"] * len(cells), "agreed": cells})
        keys = plan(EMAIL="mail", consent=Consent("agreed", equals))
        assert keys.columns() == ("mail", "agreed")
        found = balanced(identify(frame, keys))
        assert found.rows.height == kept
        assert found.skipped == {"no_consent": len(cells) - kept}
        assert found.filled == {"EMAIL": kept}


class TestLimitedDataUse:
    """Meta applies it by state, for California only with a state of its own."""

    RULE = Ldu(states=("ca", "Texas"), country="us")

    def test_members_of_the_states_are_marked(self) -> None:
        frame = pl.DataFrame(
            {
                "mail": ["a@b.de"] * 5,
                "st": ["California", "TX", "NY", "CA", None],
                "co": ["US", "USA", "US", "DE", "US"],
            }
        )
        keys = plan(EMAIL="mail", ST="st", COUNTRY="co", ldu=self.RULE)
        found = balanced(identify(frame, keys)).rows
        assert found["DATA_PROCESSING_OPTIONS"].to_list() == ["LDU", "LDU", None, None, None]
        assert found["DATA_PROCESSING_OPTIONS_COUNTRY"].to_list() == ["1", "1", "0", "0", "0"]
        assert found["DATA_PROCESSING_OPTIONS_STATE"].to_list() == ["1000", "0", "0", "0", "0"]

    def test_the_default_country_counts(self) -> None:
        frame = pl.DataFrame({"mail": ["a@b.de"], "st": ["CA"]})
        for default, marked in (("US", ["LDU"]), ("FR", [None])):
            keys = plan(EMAIL="mail", ST="st", default_country=default, ldu=self.RULE)
            assert identify(frame, keys).rows["DATA_PROCESSING_OPTIONS"].to_list() == marked

    def test_members_that_came_hashed_are_marked_too(self) -> None:
        frame = pl.DataFrame({"EMAIL": [sha("a@b.de")], "ST": [sha("ca")], "COUNTRY": [sha("us")]})
        keys = plan(EMAIL="EMAIL", ST="ST", COUNTRY="COUNTRY", ldu=self.RULE, already_hashed=True)
        row = identify(frame, keys).rows.row(0, named=True)
        assert row["DATA_PROCESSING_OPTIONS"] == "LDU"
        assert row["DATA_PROCESSING_OPTIONS_STATE"] == "1000"


class TestAlreadyHashed:
    def test_digests_pass_and_anything_else_does_not(self) -> None:
        frame = pl.DataFrame(
            {
                "EMAIL": [sha("a@b.de"), b"short", None, sha("")],
                "DOBY": [sha("1997"), None, None, None],
                "DOBM": [sha("02"), None, None, None],
                "DOBD": [sha("16"), None, None, None],
                "EXTERN_ID": ["Id 1", "2", "3", "4"],
            }
        )
        keys = plan(EMAIL="mail", DOB="birthday", EXTERN_ID="id", already_hashed=True)
        assert keys.columns() == ("EMAIL", "DOBY", "DOBM", "DOBD", "EXTERN_ID")
        found = balanced(identify(frame, keys))
        assert found.rows.rows() == [
            (sha("a@b.de"), sha("1997"), sha("02"), sha("16"), "Id 1"),
        ]
        assert found.skipped == {"digest_invalid": 1, "digest_of_nothing": 1, "email_missing": 1}

    def test_hex_is_taken_as_well(self) -> None:
        frame = pl.DataFrame({"EMAIL": [sha("a@b.de").hex().upper(), "a@b.de"]})
        found = balanced(identify(frame, plan(EMAIL="EMAIL", already_hashed=True)))
        assert found.rows["EMAIL"].to_list() == [sha("a@b.de")]

    def test_the_default_country_fills_in(self) -> None:
        frame = pl.DataFrame({"EMAIL": [sha("a@b.de")] * 2, "COUNTRY": [None, sha("fr")]})
        keys = plan(EMAIL="EMAIL", COUNTRY="COUNTRY", default_country="DE", already_hashed=True)
        assert identify(frame, keys).rows["COUNTRY"].to_list() == [sha("de"), sha("fr")]

    def test_a_plain_list_may_hold_hashes_cell_by_cell(self) -> None:
        frame = pl.DataFrame(
            {
                "mail": ["a@b.de", sha("a@b.de").hex()],
                "co": [sha("gb").hex(), "GB"],
                "p": ["020 7946 0958"] * 2,
            }
        )
        found = balanced(identify(frame, plan(EMAIL="mail", PHONE="p", COUNTRY="co")))
        assert found.rows.n_unique() == 1
        assert found.rows["PHONE"][0] == sha("442079460958")


class TestTypes:
    """CSV gives text, Parquet its own types: the same values, the same hashes."""

    @pytest.mark.parametrize(
        ("key", "cells", "text"),
        [
            ("PHONE", pl.Series([16505551212]), "16505551212"),
            ("PHONE", pl.Series([16505551212.0]), "16505551212"),
            ("PHONE", pl.Series([Decimal("16505551212.00")]), "16505551212"),
            ("ZIP", pl.Series([2139]), "02139"),
            ("ZIP", pl.Series([2139.0]), "02139"),
            ("DOB", pl.Series([date(1997, 2, 16)]), "16"),
            ("DOB", pl.Series([datetime(1997, 2, 16, 23, 30)]), "16"),  # noqa: DTZ001
            ("DOB", pl.Series([datetime(1997, 2, 16, 23, 30, tzinfo=UTC)]), "16"),
            ("DOB", pl.Series([19970216]), "16"),
            ("DOBD", pl.Series([7]), "07"),
            ("DOBM", pl.Series([2.0]), "02"),
            ("GEN", pl.Series(["Female"], dtype=pl.Categorical), "f"),
            ("GEN", pl.Series(["Female"], dtype=pl.Enum(["Female", "Male"])), "f"),
            ("GEN", pl.Series([1]), "m"),
            ("EMAIL", pl.Series([b"Mary@Example.com"]), "mary@example.com"),
            ("COUNTRY", pl.Series(["Germany"], dtype=pl.Categorical), "de"),
        ],
    )
    def test_native_types(self, key: str, cells: pl.Series, text: str) -> None:
        frame = pl.DataFrame([cells.alias("x"), pl.Series("c", ["US"]), pl.Series("m", ["a@b.de"])])
        attributes = {"EMAIL": "m", "COUNTRY": "c"} | {key: "x"}
        row = identify(frame, plan(**attributes)).rows.row(0, named=True)
        assert row["DOBD" if key == "DOB" else key] == sha(text)

    def test_a_number_gets_its_zero_back_as_a_code_only_and_a_text_keeps_its_own(self) -> None:
        for cells, text in ((pl.Series([150]), "150"), (pl.Series(["0150"]), "0150")):
            frame = pl.DataFrame([cells.alias("z"), pl.Series("m", ["a@b.de"])])
            keys = plan(EMAIL="m", ZIP="z", EXTERN_ID="z", default_country="NO")
            row = identify(frame, keys).rows.row(0, named=True)
            assert (row["ZIP"], row["EXTERN_ID"]) == (sha("0150"), text)

    def test_digests_in_a_binary_column_pass(self) -> None:
        frame = pl.DataFrame({"m": [sha("mary@example.com"), b"\xff\xfe"]})
        found = balanced(identify(frame, plan(EMAIL="m")))
        assert found.rows["EMAIL"].to_list() == [sha("mary@example.com")]
        assert found.skipped == {"text_broken": 1}

    def test_values_beside_numbers(self) -> None:
        cells = pl.Series("v", [44.5, 140.0, -1.0, None, float("nan")])
        frame = pl.DataFrame([cells, pl.Series("m", ["a@b.de"] * 5)])
        found = identify(frame, plan(EMAIL="m", LOOKALIKE_VALUE="v"))
        assert found.rows["LOOKALIKE_VALUE"].to_list() == ["44.5", "140", None, None, None]
        assert found.refused == {"LOOKALIKE_VALUE": {"lookalike_value_negative": 1}}


class TestBirth:
    def test_single_parts_fill_in_where_there_is_no_date(self) -> None:
        frame = pl.DataFrame(
            {
                "m": ["a@b.de"] * 3,
                "dob": ["1997-02-16", None, "03/04/1998"],
                "y": ["1950", "1951", "1952"],
                "mo": ["1", "2", "March"],
            }
        )
        found = identify(frame, plan(EMAIL="m", DOB="dob", DOBY="y", DOBM="mo"))
        assert found.rows["DOBY"].to_list() == [sha("1997"), sha("1951"), sha("1952")]
        assert found.rows["DOBM"].to_list() == [sha("02"), sha("02"), sha("03")]
        assert found.rows["DOBD"].to_list() == [sha("16"), None, None]
        assert found.filled == {"EMAIL": 3, "DOB": 2, "DOBY": 3, "DOBM": 3}
        assert found.refused == {"DOB": {"dob_ambiguous": 1}}

    def test_dates_of_a_date_column_are_range_checked(self) -> None:
        cells = pl.Series("d", [date(1899, 12, 31), date(1900, 1, 1), date(2999, 1, 1), None])
        frame = pl.DataFrame([cells, pl.Series("m", ["a@b.de"] * 4)])
        found = identify(frame, plan(EMAIL="m", DOB="d"))
        assert found.rows["DOBY"].to_list() == [None, sha("1900"), None, None]
        assert found.refused == {"DOB": {"dob_out_of_range": 2}}


def test_nothing_that_holds_values_can_be_printed() -> None:
    frame = pl.DataFrame({"m": ["mary@example.com"]})
    assert "mary" not in repr(explain({"EMAIL": "mary@example.com", "FN": "mary"}))
    assert sha("mary@example.com").hex() not in repr(explain({"EMAIL": "mary@example.com"}))
    assert "EMAIL" not in repr(identify(frame, plan(EMAIL="m")))


def test_an_error_of_the_engine_is_told_without_its_message() -> None:
    def fail() -> None:
        pl.Series(["mary@example.com"]).cast(pl.Int64)

    with pytest.raises(AppError) as caught:
        guarded(fail)()
    assert caught.value.code == "identifiers-failed"
    assert "mary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_threads_share_everything_and_agree() -> None:
    frame = pl.DataFrame(
        {
            "m": [f"Member{n}@example.com" for n in range(8_000)],
            "p": [f"+1 650 555 {n:04}" for n in range(8_000)],
            "c": ["US", "Deutschland"] * 4_000,
        }
    )
    keys = plan(EMAIL="m", PHONE="p", COUNTRY="c")
    alone = identify(frame, keys).rows
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: identify(frame, keys).rows, range(8)):
            assert found.equals(alone)
