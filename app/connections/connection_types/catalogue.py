"""The kinds of connection there are, and what can be mapped for each (L8, S19, S54)."""

from app.connections.connection_types.kinds import DISPLAY_NAMES
from app.connections.connection_types.schemas import (
    AttributeKeyInfo,
    ConnectionTypeInfo,
    KeyIdentifierInfo,
)
from app.identifiers import ATTRIBUTE_KEYS, KeyIdentifier

_DEFAULT = KeyIdentifier.EMAIL
_LABELS = {
    KeyIdentifier.EMAIL: "Email",
    KeyIdentifier.NAME_AND_ADDRESS: "Name and address",
    KeyIdentifier.PHONE: "Phone",
}
_TIPS = {
    KeyIdentifier.EMAIL: "Email gives the best chances for a match. More attributes may improve it.",
    KeyIdentifier.NAME_AND_ADDRESS: "Needs first and last name, a postal code or city, and a country; "
    "map an email address as well, if there is one: it matches best.",
    KeyIdentifier.PHONE: "Numbers need their country: with the calling code, by COUNTRY, or by "
    "default_country. Email gives better chances for a match.",
}
_REQUIRED: dict[KeyIdentifier, list[list[str]]] = {
    KeyIdentifier.EMAIL: [["EMAIL"]],
    KeyIdentifier.NAME_AND_ADDRESS: [["FN"], ["LN"], ["ZIP", "CT"], ["COUNTRY", "default_country"]],
    KeyIdentifier.PHONE: [["PHONE"]],
}


def connection_types() -> list[ConnectionTypeInfo]:
    """The catalogue."""
    return [
        ConnectionTypeInfo(
            type=kind,
            display_name=display_name,
            description="Custom audiences of type customer list, for campaigns on Facebook and Instagram.",
            attribute_keys=[
                AttributeKeyInfo(
                    key=item.key,
                    friendly_name=item.friendly_name,
                    description=item.description,
                    hashed=item.hashed,
                )
                for item in ATTRIBUTE_KEYS
            ],
            key_identifiers=[str(item) for item in KeyIdentifier],
            key_identifier_details=[_detailed(item) for item in KeyIdentifier],
            default_key_identifier=str(_DEFAULT),
        )
        for kind, display_name in DISPLAY_NAMES.items()
    ]


def _detailed(item: KeyIdentifier) -> KeyIdentifierInfo:
    return KeyIdentifierInfo(
        key_identifier=str(item),
        label=_LABELS[item],
        tip=_TIPS[item],
        default=item is _DEFAULT,
        required_keys=_REQUIRED[item],
    )
