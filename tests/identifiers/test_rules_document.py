"""RULES.md is complete: every key, every reason, the version."""

import json
import re
from pathlib import Path

import app.identifiers
from app.identifiers import ATTRIBUTE_KEYS, RULES_VERSION, SCHEMA_KEYS

PACKAGE = Path(app.identifiers.__file__).parent
RULES = (PACKAGE / "RULES.md").read_text()


def test_it_names_every_key_in_a_heading() -> None:
    headings = " ".join(re.findall(r"^## (.*)$", RULES, re.MULTILINE))
    keys = {*SCHEMA_KEYS, *(attribute.key for attribute in ATTRIBUTE_KEYS)}
    assert {key for key in keys if not re.search(rf"\b{key}\b", headings)} == set()


def test_it_names_the_version() -> None:
    assert f"`{RULES_VERSION}`" in RULES


def test_it_names_every_reason_of_the_vectors() -> None:
    lines = (Path(__file__).parent / "vectors.jsonl").read_text().splitlines()
    reasons = {json.loads(line)["reason"] for line in lines} - {None}
    by_pattern = {f"dob{part}_{end}" for part in "md" for end in ("invalid", "out_of_range")}
    assert {reason for reason in reasons - by_pattern if f"`{reason}`" not in RULES} == set()


def test_friendly_names_are_those_of_the_product() -> None:
    """S54; S55: CT is the city."""
    names = {attribute.key: attribute.friendly_name for attribute in ATTRIBUTE_KEYS}
    assert names["FN"] == "First Name"
    assert names["LN"] == "Last Name"
    assert names["FI"] == "First Initial"
    assert names["PHONE"] == "Phone"
    assert names["GEN"] == "Gender"
    assert names["DOB"] == "Date of birth"
    assert names["ST"] == "State"
    assert names["CT"] == "City"
    assert names["ZIP"] == "Postal code / ZIP Code"
    assert names["COUNTRY"] == "Country / Region"
