"""Which of Meta's keys an attribute's name suggests, so that a mapping starts half filled in.

The names are in column_names.tsv, with the product or the language that uses each. Whole names are
compared, so that a column that merely contains the word (`email_opt_in`) is not suggested.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files

_TWIN = re.compile(r"(?<=[^0-9])[ _.-]*[2-9]$")
_UNFOLDED = str.maketrans({"ø": "o", "ł": "l", "\u0131": "i", "ß": "ss", "æ": "ae", "đ": "d"})


def suggest_key(attribute: str) -> str | None:
    """Meta's key for an attribute's name, or None.

    Case, accents, punctuation and space aside; `email_2` and `phone_3` are as `email` and `phone`.
    """
    names = _names()
    found = names.get(_spelled(attribute))
    if found is None:
        twin = names.get(_spelled(_TWIN.sub("", attribute)))
        found = twin if twin in {"EMAIL", "PHONE"} else None
    return found


@cache
def _names() -> dict[str, str]:
    lines = files("app.segments").joinpath("column_names.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return {_spelled(name): key for _, key, names in rows for name in names.split()}


def _spelled(name: str) -> str:
    """Letters and digits in lower case, Latin ones without accents."""
    apart = unicodedata.normalize("NFKD", name.lower()).translate(_UNFOLDED)
    bare = "".join(sign for sign in apart if unicodedata.category(sign)[0] in "LN")
    return unicodedata.normalize("NFC", bare)
