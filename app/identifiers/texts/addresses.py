# ruff: noqa: RUF001
"""Takes e-mail addresses out of texts that hold more than one address, or more than an address.

A text is believed only as a whole: an address is taken out of it when all that is left are signs,
labels, names and comments that stand around addresses. `jane,roe@example.com` and
`jane roe@example.com` hold a mistyped address, not roe's: they stay as they are, to be refused.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from app.identifiers.cell_values.list_texts import SEPARATOR
from app.identifiers.cell_values.placeholders import is_nothing
from app.identifiers.cell_values.text import SPACE, trimmed
from app.identifiers.cell_values.wrapping import QUOTES

Note = Callable[[str, str], None]
"""Takes a rule and the text after it."""

_LAYERS: Final = 6
_AROUND: Final = QUOTES + SPACE + "*,;:|<>()[]{}\\/"
_BEHIND: Final = _AROUND + ".!?"
_BULLET: Final = re.compile(r"(?:[-–—•·▪●→>#]+|[0-9]{1,3}[.)])\s+")
_ANCHOR: Final = re.compile(r"<a\s[^>]*>(.*?)</a\s*>", re.DOTALL)
_TAG: Final = re.compile(r"</?(?:p|b|i|u|em|strong|span|div|td|li|br)(?:\s[^<>@]*)?/?>")
_QUERY: Final = re.compile(r"\?[a-z-]{2,20}=[^;,|<>)\n\x1e]*")
_BETWEEN: Final = re.compile(
    rf"\s*(?:[;,|/\n\r\t、{SEPARATOR}]|:{{2,}}|\s(?:or|and|und|oder|y|o|et|ou|e|&)\s)\s*"
)
_GAP: Final = re.compile(r"[\s<>()\[\]{}]+")
_ENCLOSED: Final = re.compile(r"<([^<>@]+@[^<>@]+)>")
_NAME_BEFORE: Final = re.compile(r"[^<>@]*<\s*([^<>]+@[^<>]+?)\s*>?[\s,;.]*")
_IN_BRACKETS: Final = re.compile(
    r"[^@()\[\]{}]*[(\[{]\s*([^()\[\]{}\s]+@[^()\[\]{}\s]+)\s*[)\]}]?[\s,;.]*"
)
_COMMENT_BEHIND: Final = re.compile(r"([^\s()\[\]{}<>]+@[^\s()\[\]{}<>]+)\s*[(\[{<][^@]*[)\]}>]?")
_COMMENT_BEFORE: Final = re.compile(
    r"[(\[{][^@()\[\]{}]*[)\]}]\s*([^\s()\[\]{}<>]+@[^\s()\[\]{}<>]+)"
)
_LABEL: Final = re.compile(r"[^\W_][\w .()#&-]{0,40}:\s*(\S.*)")
_EQUALS: Final = re.compile(
    r"(?:[\w-]*mail|[\w-]*address|adresse|correo|to|from|user|value)\s*=\s*(\S.*)"
)


def addresses(text: str, note: Note) -> list[str]:
    """The addresses that a lower-case text holds, each once, none of them checked for its shape."""
    if "@" not in text and "%40" not in text:
        return [text]
    bare = _TAG.sub(" ", _ANCHOR.sub(r"\1", text)).replace("mailto://", "mailto:")
    if "://" in bare:
        return [text]
    bare = _QUERY.sub("", bare)
    if "%" in bare:
        bare = unquote(bare)
        note("percent signs decoded", bare)
    parts = _parts(bare)
    found = [*dict.fromkeys(_bare(part, note if len(parts) == 1 else _silent) for part in parts)]
    if len(found) > 1:
        note("first of several", found[0])
    return found


def _silent(_rule: str, _text: str) -> None:
    """Notes of one value of several would be taken for notes of the cell."""


def _parts(text: str) -> list[str]:
    """The parts of a text that hold an address each; the text itself where that is not sure."""
    enclosed = _ENCLOSED.findall(text)
    if len(enclosed) > 1 and len(enclosed) == text.count("@"):
        return enclosed
    between = [part for part in _BETWEEN.split(text) if trimmed(part).strip(_AROUND + "-")]
    kept = [part for part in between if not is_nothing(trimmed(part))]
    if SEPARATOR in text:
        return kept or [text]
    parts = [piece for part in kept for piece in _pieces(part)]
    return parts if parts and all("@" in part for part in parts) else [text]


def _pieces(part: str) -> list[str]:
    """Addresses with nothing but space or brackets between them: `a@b.de <a@b.de>`."""
    return [part] if part.count("@") < 2 else [piece for piece in _GAP.split(part) if piece]


def _bare(text: str, note: Note) -> str:
    """One address without what stands around it."""
    for _ in range(_LAYERS):
        before = text
        for rule, form in _FORMS:
            found = form.fullmatch(text)
            if found is not None:
                text = found[1]
                note(rule, text)
        bare = _BULLET.sub("", trimmed(text), count=1) if _BULLET.match(trimmed(text)) else text
        text = bare.lstrip(_AROUND).rstrip(_BEHIND)
        note("signs around it out", text)
        if text == before:
            break
    return text


_FORMS: Final = (
    ("name before it out", _NAME_BEFORE),
    ("taken out of brackets", _IN_BRACKETS),
    ("comment out", _COMMENT_BEHIND),
    ("comment out", _COMMENT_BEFORE),
    ("label out", _LABEL),
    ("label out", _EQUALS),
)
