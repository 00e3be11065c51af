"""Tells the states and provinces of countries whose codes Meta expects, by name and by code.

A table. Names are lower-case letters with accents folded. Sources: ANSI INCITS 38 (United States
and its territories, with the postal codes of the armed forces), Canada Post, Australia Post.
"""

from typing import Final

_UNITED_STATES: Final = {
    "al": "alabama",
    "ak": "alaska",
    "az": "arizona",
    "ar": "arkansas",
    "ca": "california",
    "co": "colorado",
    "ct": "connecticut",
    "de": "delaware",
    "dc": "districtofcolumbia washingtondc",
    "fl": "florida",
    "ga": "georgia",
    "hi": "hawaii",
    "id": "idaho",
    "il": "illinois",
    "in": "indiana",
    "ia": "iowa",
    "ks": "kansas",
    "ky": "kentucky",
    "la": "louisiana",
    "me": "maine",
    "md": "maryland",
    "ma": "massachusetts",
    "mi": "michigan",
    "mn": "minnesota",
    "ms": "mississippi",
    "mo": "missouri",
    "mt": "montana",
    "ne": "nebraska",
    "nv": "nevada",
    "nh": "newhampshire",
    "nj": "newjersey",
    "nm": "newmexico",
    "ny": "newyork newyorkstate",
    "nc": "northcarolina",
    "nd": "northdakota",
    "oh": "ohio",
    "ok": "oklahoma",
    "or": "oregon",
    "pa": "pennsylvania",
    "ri": "rhodeisland",
    "sc": "southcarolina",
    "sd": "southdakota",
    "tn": "tennessee",
    "tx": "texas",
    "ut": "utah",
    "vt": "vermont",
    "va": "virginia",
    "wa": "washington washingtonstate stateofwashington",
    "wv": "westvirginia",
    "wi": "wisconsin",
    "wy": "wyoming",
    "as": "americansamoa",
    "gu": "guam",
    "mp": "northernmarianaislands commonwealthofthenorthernmarianaislands",
    "pr": "puertorico commonwealthofpuertorico",
    "vi": "virginislands usvirginislands virginislandsus unitedstatesvirginislands",
    "um": "usminoroutlyingislands unitedstatesminoroutlyingislands",
    "fm": "federatedstatesofmicronesia",
    "mh": "marshallislands",
    "pw": "palau",
    "aa": "armedforcesamericas armedforcesofamericas",
    "ae": "armedforceseurope armedforceseuropethemiddleeastandcanada",
    "ap": "armedforcespacific",
}

_UNITED_STATES_SHORT: Final = {
    "al": "ala",
    "az": "ariz",
    "ar": "ark",
    "ca": "calif cal",
    "co": "colo",
    "ct": "conn",
    "dc": "columbia washdc",
    "de": "del",
    "fl": "fla",
    "il": "ill",
    "in": "ind",
    "ks": "kans kan",
    "ma": "mass",
    "mi": "mich",
    "mn": "minn",
    "ms": "miss",
    "mt": "mont",
    "ne": "neb nebr",
    "nv": "nev",
    "nm": "nmex",
    "nc": "ncar",
    "nd": "ndak",
    "ok": "okla",
    "or": "ore oreg",
    "pa": "penn penna",
    "sc": "scar",
    "sd": "sdak",
    "tn": "tenn",
    "tx": "tex",
    "wa": "wash",
    "wv": "wva",
    "wi": "wis wisc",
    "wy": "wyo",
}
"""Older abbreviations, understood where the country is known to be the United States."""

_CANADA: Final = {
    "ab": "alberta",
    "bc": "britishcolumbia colombiebritannique",
    "mb": "manitoba",
    "nb": "newbrunswick nouveaubrunswick",
    "nl": "newfoundlandandlabrador newfoundland newfoundlandlabrador terreneuveetlabrador terreneuve",
    "ns": "novascotia nouvelleecosse",
    "nt": "northwestterritories territoiresdunordouest",
    "nu": "nunavut",
    "on": "ontario",
    "pe": "princeedwardisland ileduprinceedouard",
    "qc": "quebec",
    "sk": "saskatchewan",
    "yt": "yukon yukonterritory",
}

_CANADA_SHORT: Final = {
    "ab": "alta",
    "mb": "man",
    "nl": "nf nfld",
    "nt": "nwt",
    "on": "ont",
    "pe": "pei",
    "qc": "pq que",
    "sk": "sask",
    "yt": "yk",
}

_AUSTRALIA: Final = {
    "act": "australiancapitalterritory",
    "nsw": "newsouthwales",
    "nt": "northernterritory",
    "qld": "queensland",
    "sa": "southaustralia",
    "tas": "tasmania",
    "vic": "victoria",
    "wa": "westernaustralia",
}

_AUSTRALIA_SHORT: Final = {"qld": "qnsld", "tas": "tassie", "vic": "vict", "wa": "westaus"}


def _written(codes: dict[str, str]) -> dict[str, str]:
    return {name: code for code, names in codes.items() for name in names.split()}


def _known(country: str, names: dict[str, str], short: dict[str, str]) -> dict[str, str]:
    """Names, abbreviations, codes, and codes after the country's (US-CA) of one country."""
    codes = {code: code for code in names} | {f"{country}{code}": code for code in names}
    return _written(names) | _written(short) | codes


STATE_OF: Final = {
    "us": _known("us", _UNITED_STATES, _UNITED_STATES_SHORT),
    "ca": _known("ca", _CANADA, _CANADA_SHORT),
    "au": _known("au", _AUSTRALIA, _AUSTRALIA_SHORT),
}
"""Country to written form to code; a form that is not in the table is no state of that country."""

STATE_ANYWHERE: Final = _written(_AUSTRALIA) | _written(_CANADA) | _written(_UNITED_STATES)
"""Full names that mean one state wherever the country is not known."""

US_TERRITORIES: Final = frozenset({"pr", "vi", "gu", "as", "mp", "um", "fm", "mh", "pw"})
"""Countries of ISO 3166-1 that the United States' state and ZIP codes cover."""
