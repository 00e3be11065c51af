"""Reads the character references of HTML: what a web page, a form or an XML export left in a text."""

import re
from html import unescape
from typing import Final

_REFERENCE: Final = re.compile(
    r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};|(?:amp|lt|gt|quot|apos|nbsp)(?![A-Za-z0-9=]))"
)
"""Numbers with or without their semicolon, names with it, and the commonest ones without."""

_TIMES: Final = 4
"""A text that was escaped again by each program it went through."""


def without_entities(text: str) -> str:
    """`O&#039;Brien` and `O&amp;#039;Brien` as O'Brien; an & that begins no reference stays."""
    for _ in range(_TIMES):
        if "&" not in text:
            break
        read = _REFERENCE.sub(lambda found: _character(found[0]), text)
        if read == text:
            break
        text = read
    return text


def _character(reference: str) -> str:
    return unescape(reference if reference.endswith(";") else f"{reference};")
