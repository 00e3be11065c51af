"""Names the columns Meta knows, in one order, so that every part of the service agrees on them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RULES_VERSION: Final = "2026-11.3"
"""Changes whenever any text could get another hash; kept with every run."""

HASHED_KEYS: Final = (
    "EMAIL",
    "PHONE",
    "FN",
    "LN",
    "FI",
    "GEN",
    "DOBY",
    "DOBM",
    "DOBD",
    "CT",
    "ST",
    "ZIP",
    "COUNTRY",
)
PLAIN_KEYS: Final = ("MADID", "EXTERN_ID", "LOOKALIKE_VALUE")
LDU_KEYS: Final = (
    "DATA_PROCESSING_OPTIONS",
    "DATA_PROCESSING_OPTIONS_COUNTRY",
    "DATA_PROCESSING_OPTIONS_STATE",
)
SCHEMA_KEYS: Final = (*HASHED_KEYS, *PLAIN_KEYS, *LDU_KEYS)
"""The canonical column order of everything that is staged and sent."""

DIGEST_BYTES: Final = 32
"""What a hashed cell measures in memory; on the wire it is 64 hex characters."""

BIRTH_KEYS: Final = ("DOBY", "DOBM", "DOBD")
MULTIPLE_KEYS: Final = ("EMAIL", "PHONE")
"""Keys that may be mapped to several attributes: one row each."""


class KeyIdentifier(StrEnum):
    """What a row must have to be sent at all (S46)."""

    EMAIL = "email"
    NAME_AND_ADDRESS = "name_and_address"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class AttributeKey:
    """A key that an attribute of the members may be mapped to."""

    key: str
    friendly_name: str
    description: str
    hashed: bool


ATTRIBUTE_KEYS: Final = (
    AttributeKey("EMAIL", "Email", "E-mail address; several attributes give one row each.", True),
    AttributeKey(
        "PHONE",
        "Phone",
        "Phone number; national forms need the member's country or a default country.",
        True,
    ),
    AttributeKey("FN", "First Name", "Given name, in any script.", True),
    AttributeKey("LN", "Last Name", "Family name, in any script.", True),
    AttributeKey("FI", "First Initial", "First letter of the given name, a to z.", True),
    AttributeKey("GEN", "Gender", "Gender as a word or code; only m and f can be sent.", True),
    AttributeKey("DOB", "Date of birth", "Date of birth; sent as year, month and day.", True),
    AttributeKey("DOBY", "Year of birth", "Four-digit year, where there is no full date.", True),
    AttributeKey("DOBM", "Month of birth", "Month, where there is no full date.", True),
    AttributeKey("DOBD", "Day of birth", "Day of the month, where there is no full date.", True),
    AttributeKey("CT", "City", "City or town.", True),
    AttributeKey("ST", "State", "State or province, as name or code.", True),
    AttributeKey("ZIP", "Postal code / ZIP Code", "Postal code or ZIP code.", True),
    AttributeKey("COUNTRY", "Country / Region", "Country as name, alpha-2 or alpha-3 code.", True),
    AttributeKey("MADID", "Mobile advertiser ID", "Apple IDFA or Android advertising id.", False),
    AttributeKey("EXTERN_ID", "External ID", "Your own id of the member, sent as it is.", False),
    AttributeKey(
        "LOOKALIKE_VALUE",
        "Customer value",
        "A number of at least 0; needs a value-based audience.",
        False,
    ),
)
"""What an export may map, with the friendly names of S54 (CT is the city: S55 was a slip)."""

_KEY_COLUMNS: Final = {
    KeyIdentifier.EMAIL: ("EMAIL",),
    KeyIdentifier.PHONE: ("PHONE",),
    KeyIdentifier.NAME_AND_ADDRESS: ("FN", "LN", "ZIP", "CT", "COUNTRY"),
}


def key_columns(key_identifier: KeyIdentifier) -> tuple[str, ...]:
    """The columns whose cells identify a person for a mirror and for buckets."""
    return _KEY_COLUMNS[KeyIdentifier(key_identifier)]


def schema_keys_of(key: str) -> tuple[str, ...]:
    """The columns a mapped key ends in: DOB is split (Meta has no such key), others stay."""
    return BIRTH_KEYS if key == "DOB" else (key,)
