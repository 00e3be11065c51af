"""The kinds of connection there are, and what can be mapped for each (L8, S19, S54)."""

from app.connections.kinds import DISPLAY_NAMES
from app.connections.schemas import AttributeKeyInfo, ConnectionTypeInfo
from app.identifiers import ATTRIBUTE_KEYS, KeyIdentifier


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
        )
        for kind, display_name in DISPLAY_NAMES.items()
    ]
