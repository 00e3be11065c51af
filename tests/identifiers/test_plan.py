"""What a plan reads and makes, and what is said about plans that cannot be run."""

import pytest

from app.identifiers import (
    SCHEMA_KEYS,
    Consent,
    IdentifierPlan,
    KeyIdentifier,
    Ldu,
    check_plan,
    key_columns,
)

EMAIL, PHONE, ADDRESS = KeyIdentifier.EMAIL, KeyIdentifier.PHONE, KeyIdentifier.NAME_AND_ADDRESS


def problems(plan: IdentifierPlan) -> set[tuple[str, str]]:
    found = check_plan(plan)
    assert all(problem.detail.endswith(".") or "…" in problem.detail for problem in found)
    return {(problem.field, problem.code) for problem in found}


@pytest.mark.parametrize(
    ("kind", "keys", "default_country", "missing"),
    [
        (EMAIL, ["EMAIL"], None, set()),
        (EMAIL, ["PHONE"], None, {"EMAIL"}),
        (PHONE, ["PHONE"], None, set()),
        (PHONE, [], None, {"PHONE"}),
        (ADDRESS, ["FN", "LN", "ZIP", "COUNTRY"], None, set()),
        (ADDRESS, ["FN", "LN", "CT"], "US", set()),
        (ADDRESS, ["FN", "LN", "CT"], None, {"COUNTRY"}),
        (ADDRESS, ["FN", "COUNTRY"], None, {"LN", "ZIP"}),
        (ADDRESS, [], None, {"FN", "LN", "ZIP", "COUNTRY"}),
    ],
)
def test_required_attributes(
    kind: KeyIdentifier, keys: list[str], default_country: str | None, missing: set[str]
) -> None:
    """S49: the mappings of the key identifier are mandatory."""
    plan = IdentifierPlan(kind, {key: (key.lower(),) for key in keys}, default_country)
    assert problems(plan) == {(f"attributes.{key}", "attribute-required") for key in missing}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"SHOE": ("shoe",)}, {("attributes.SHOE", "attribute-unknown")}),
        ({"FN": ()}, {("attributes.FN", "attribute-empty")}),
        ({"FN": ("",)}, {("attributes.FN", "attribute-empty")}),
        ({"FN": ("a", "b")}, {("attributes.FN", "attribute-not-multiple")}),
        ({"PHONE": ("a", "b"), "DOB": ("dob",)}, set()),
    ],
)
def test_mappings(attributes: dict[str, tuple[str, ...]], expected: set[tuple[str, str]]) -> None:
    """S53: each further mapping is one key and one attribute, but for e-mails and phones."""
    plan = IdentifierPlan(EMAIL, {"EMAIL": ("mail", "mail2"), **attributes})
    assert problems(plan) == expected


@pytest.mark.parametrize("country", ["US", "us", "De", "XK"])
def test_a_real_default_country(country: str) -> None:
    assert check_plan(IdentifierPlan(EMAIL, {"EMAIL": ("m",)}, country)) == []


@pytest.mark.parametrize("country", ["USA", "UK", "XX", "Germany", "XZ"])
def test_an_unreal_default_country(country: str) -> None:
    plan = IdentifierPlan(EMAIL, {"EMAIL": ("m",)}, country)
    assert problems(plan) == {("default_country", "country-unknown")}


@pytest.mark.parametrize(
    "written", ["DD/MM/YYYY", "mm-dd-yyyy", "YYYY-MM-DD", "D.M.YYYY", "DDMMYYYY"]
)
def test_date_formats(written: str) -> None:
    assert check_plan(IdentifierPlan(EMAIL, {"EMAIL": ("m",)}, date_format=written)) == []


@pytest.mark.parametrize("written", ["DD/MM", "YYYY-DD-MM", "%d.%m.%Y today", "European"])
def test_no_date_formats(written: str) -> None:
    plan = IdentifierPlan(EMAIL, {"EMAIL": ("m",)}, date_format=written)
    assert problems(plan) == {("date_format", "date-format-unknown")}


def test_consent_and_limited_data_use() -> None:
    plan = IdentifierPlan(
        EMAIL, {"EMAIL": ("m",)}, consent=Consent("", "yes"), ldu=Ldu(states=(), country="fr")
    )
    assert problems(plan) == {
        ("consent.attribute", "attribute-empty"),
        ("ldu.country", "ldu-country-unsupported"),
        ("ldu.states", "ldu-states-empty"),
        ("attributes.ST", "attribute-required"),
        ("attributes.COUNTRY", "attribute-required"),
    }


def test_limited_data_use_of_states_that_are_none() -> None:
    plan = IdentifierPlan(
        EMAIL,
        {"EMAIL": ("m",), "ST": ("s",)},
        default_country="US",
        ldu=Ldu(states=("ca", "Bavaria"), country="us"),
    )
    assert problems(plan) == {("ldu.states", "ldu-state-unknown")}


def test_columns_are_read_once_and_made_in_canonical_order() -> None:
    plan = IdentifierPlan(
        ADDRESS,
        {"ZIP": ("zip",), "DOB": ("birth",), "FN": ("name",), "FI": ("name",), "LN": ("last",)},
        default_country="US",
        consent=Consent("agreed", "yes"),
    )
    assert plan.columns() == ("zip", "birth", "name", "last", "agreed")
    assert plan.schema() == ("FN", "LN", "FI", "DOBY", "DOBM", "DOBD", "ZIP", "COUNTRY")
    assert [key for key in SCHEMA_KEYS if key in plan.schema()] == list(plan.schema())


def test_key_columns() -> None:
    assert key_columns(EMAIL) == ("EMAIL",)
    assert key_columns(PHONE) == ("PHONE",)
    assert key_columns(ADDRESS) == ("FN", "LN", "ZIP", "CT", "COUNTRY")
