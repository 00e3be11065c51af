"""Whatever other programs put around a value: what goes out is the value, or it is refused."""

import html
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.identifiers import HASHED_KEYS, PLAIN_KEYS, IdentifierPlan, KeyIdentifier
from app.identifiers.rulebook import apply_rules
from tests.conftest import tries

VALUES = {
    "EMAIL": ("jane.roe+a@example.com", "jane.roe+a@example.com"),
    "PHONE": ("+1 650-555-1212", "16505551212"),
    "FN": ("Seán", "seán"),
    "LN": ("O'Brien", "obrien"),
    "FI": ("Jane", "j"),
    "GEN": ("Female", "f"),
    "DOB": ("1985-03-14", ("1985", "03", "14")),
    "DOBY": ("1985", "1985"),
    "DOBM": ("03", "03"),
    "DOBD": ("14", "14"),
    "CT": ("São Paulo", "saopaulo"),
    "ST": ("California", "ca"),
    "ZIP": ("02139", "02139"),
    "COUNTRY": ("Germany", "de"),
    "MADID": ("AECE52E7-03EE-455A-B3C4-E57283966239", "aece52e7-03ee-455a-b3c4-e57283966239"),
    "EXTERN_ID": ("Kd-00123", "Kd-00123"),
    "LOOKALIKE_VALUE": ("44.5", "44.5"),
}
"""A value of each key as people write it, and what goes out of it."""


def numbered(text: str, form: str) -> str:
    """Every character as an HTML reference: `&#106;` (form d) or `&#x6a;` (form x)."""
    mark = "x" if form == "x" else ""
    return "".join(f"&#{mark}{format(ord(sign), form)};" for sign in text)


def wide(text: str) -> str:
    return "".join(chr(ord(s) + 0xFEE0) if "!" <= s <= "~" else s for s in text)


def around(before: str, after: str = "") -> Callable[[str], str]:
    return lambda text: f"{before}{text}{after}"


DECORATIONS: dict[str, Callable[[str], str]] = {
    "guard": around("'"),
    "typographic guard": around("’"),
    "formula": lambda text: '="' + text.replace('"', '""') + '"',
    "formula without quotes": around("="),
    **{
        f"quotes {a}{b}": around(a, b)
        for a, b in ("''", '""', "“”", "„“", "«»", "‘’", "``", "「」", "＂＂")
    },
    "quote lost": around('"'),
    "quote left": around("", '"'),
    "escaped quotes": around('\\"', '\\"'),
    **{f"brackets {a}{b}": around(a, b) for a, b in ("()", "<>", "[]", "{}", "（）", "＜＞")},
    "bracket lost": around("<"),
    "bracket left": around("", ">"),
    "label": around("email: "),
    "scheme": around("mailto:"),
    "scheme and query": around("mailto:", "?subject=hi"),
    "name before": around("Jane Roe <", ">"),
    "comment behind": around("", " (work)"),
    "link": lambda text: f"[{text}](mailto:{text})",
    "anchor": lambda text: f'<a href="mailto:{text}">{text}</a>',
    "bullet": around("- "),
    **{f"behind {sign}": around("", sign) for sign in (",", ";", ".", ">", "|", " ,", ";;")},
    **{
        f"space {ord(sign):x}": around(sign, sign)
        for sign in "\t\n\r\u00a0\u2003\u200b\ufeff\u200e\x1f"
    },
    "references": html.escape,
    "references twice": lambda text: html.escape(html.escape(text)),
    "references in decimal": lambda text: numbered(text, "d"),
    "references in hexadecimal": lambda text: numbered(text, "x"),
    "blank reference": around("&nbsp;", "&#160;"),
    "full width": wide,
    "JSON text": json.dumps,
    "JSON list": lambda text: json.dumps([text]),
    "JSON list of two": lambda text: json.dumps([text, text]),
    "JSON list with null": lambda text: json.dumps([None, text]),
    "JSON object": lambda text: json.dumps({"value": text}),
    "JSON list of an object": lambda text: json.dumps([{"value": text}]),
    "Postgres array": around("{", "}"),
    "Postgres array, quoted": lambda text: '{"' + text.replace('"', '\\"') + '"}',
    "Python list": lambda text: repr([text]),
    "Python bytes": lambda text: f"b{text!r}",
    "Python bytes of UTF-8": lambda text: repr(text.encode()),
    "misread": lambda text: text.encode().decode("latin-1"),
    "percent signs": quote,
    "Python object": lambda text: f"Decimal({text!r})",
}


Outcome = tuple[list[str | tuple[str | None, ...] | None], set[str | None]]


def outcomes(key: str, texts: Sequence[str]) -> list[Outcome]:
    """Of each text: what goes out under `key` (a date as one, or several values), and the reasons."""
    plan = IdentifierPlan(
        KeyIdentifier.EMAIL,
        {key: ("value",)} if key == "COUNTRY" else {key: ("value",), "COUNTRY": ("country",)},
    )
    frame = pl.DataFrame({"value": texts, "country": ["US"] * len(texts)})
    found = apply_rules(frame, plan).cells
    parts = ("DOBY", "DOBM", "DOBD") if key == "DOB" else (key,)
    made: list[Outcome] = []
    for place in range(len(texts)):
        cells = [one for part in parts for one in found[part]]
        sent = [one.text[place] for one in cells]
        reasons = {one.reason[place] for one in cells}
        if key == "DOB":
            made.append(([None if sent == [None] * 3 else tuple(sent)], reasons))
        else:
            made.append((sent, reasons))
    return made


def holds(key: str, text: str, names: Sequence[str], outcome: Outcome) -> None:
    """`text`, decorated by `names`, is the value or refused.

    What a bracket behind a name or a city holds is part of it: Mary (Ann), Frankfurt (Oder).
    """
    if key in ("FN", "LN", "CT") and "comment behind" in names:
        return
    texts, reasons = outcome
    right = VALUES[key][1]
    assert set(texts) <= {right, None}, (key, text, texts)
    assert right in texts or reasons != {None}, (key, text)


def test_every_key_has_a_value() -> None:
    assert set(VALUES) == {*HASHED_KEYS, *PLAIN_KEYS, "DOB"}
    for key, (text, right) in VALUES.items():
        assert outcomes(key, [text]) == [([right], {None})]


@pytest.mark.parametrize("key", VALUES)
def test_one_decoration(key: str) -> None:
    texts = [decorate(VALUES[key][0]) for decorate in DECORATIONS.values()]
    for name, text, outcome in zip(DECORATIONS, texts, outcomes(key, texts), strict=True):
        holds(key, text, [name], outcome)


TAKEN_OFF = [
    *("guard", "formula", 'quotes ""', "quotes “”", "references", "references in hexadecimal"),
    *("JSON list", "JSON text", "Python list", "Postgres array, quoted", "Python bytes"),
    *("space a0", "blank reference", "JSON list with null"),
]


@pytest.mark.parametrize("key", VALUES)
def test_what_nobody_types_is_taken_off(key: str) -> None:
    """The commonest decorations give the value in every key: refusing all would be no rule."""
    text, right = VALUES[key]
    found = outcomes(key, [DECORATIONS[name](text) for name in TAKEN_OFF])
    assert {name: one[0] for name, one in zip(TAKEN_OFF, found, strict=True)} == {
        name: [right] for name in TAKEN_OFF
    }


@settings(
    max_examples=tries(150),
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.sampled_from(sorted(VALUES)),
    st.lists(st.sampled_from(sorted(DECORATIONS)), min_size=2, max_size=4),
)
@example("EXTERN_ID", ["guard", "JSON list"])
def test_decorations_upon_decorations(key: str, names: list[str]) -> None:
    text = VALUES[key][0]
    for name in names:
        text = DECORATIONS[name](text)
    holds(key, text, names, outcomes(key, [text])[0])
