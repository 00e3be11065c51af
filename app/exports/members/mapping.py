"""An export's mapping, as the identifiers understand it: from the row, or from a run's frozen copy."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from app.identifiers import Consent, IdentifierPlan, KeyIdentifier, Ldu
from app.sources import columns_named

# of a segment with fewer usable members something is wrong: its data, or the mapping
MIN_USABLE_RATIO = 0.1

MAPPING_FIELDS: Final = (
    *("key_identifier", "attributes", "default_country", "date_format", "time_zone"),
    *("consent", "ldu"),
)
"""The fields of an export that decide what its members' values become."""


class Mapped(Protocol):
    """What has a mapping: an export's row."""

    key_identifier: Any
    attributes: Any
    default_country: Any
    date_format: Any
    time_zone: Any
    consent: Any
    ldu: Any


def identifier_plan(row: Mapped, *, already_hashed: bool = False) -> IdentifierPlan:
    """The plan of an export's row."""
    return plan_of_spec(
        {name: getattr(row, name) for name in MAPPING_FIELDS}, already_hashed=already_hashed
    )


def is_hashed(source: Mapping[str, Any]) -> bool:
    """Whether members come as hashes: pushed ones were hashed when they came, others were elsewhere."""
    return source["kind"] == "upload" or bool(source.get("hashed"))


def plan_for(
    source: Mapping[str, Any], plan: IdentifierPlan, there: Collection[str] = ()
) -> IdentifierPlan:
    """The plan as it holds for the members of this source, whose columns are `there`.

    Hashes stand in the columns the keys are mapped to or, where there is none of that name, in those
    that are named by the keys themselves; pushed ones always in the latter.
    """
    if not is_hashed(source):
        return plan
    if source["kind"] == "upload":
        return replace(plan, already_hashed=True)
    stored_in = {
        key: tuple(dict.fromkeys(_column(source, name, key, there) for name in names))
        for key, names in plan.attributes.items()
    }
    return replace(plan, already_hashed=True, stored_in=stored_in)


def _column(source: Mapping[str, Any], name: str, key: str, there: Collection[str]) -> str:
    found = columns_named(source, (name, key), there)
    return key if found[name] is None and found[key] is not None else name


def plan_of_spec(spec: Mapping[str, Any], *, already_hashed: bool = False) -> IdentifierPlan:
    """The plan of a run's frozen copy of its export."""
    consent, ldu = spec.get("consent"), spec.get("ldu")
    return IdentifierPlan(
        key_identifier=KeyIdentifier(spec["key_identifier"]),
        attributes={
            key: (names,) if isinstance(names, str) else tuple(names)
            for key, names in spec["attributes"].items()
        },
        default_country=spec.get("default_country"),
        date_format=spec.get("date_format"),
        time_zone=spec.get("time_zone") or "UTC",
        consent=None
        if consent is None
        else Consent(attribute=consent["attribute"], equals=consent["equals"]),
        ldu=None if ldu is None else Ldu(states=tuple(ldu["states"]), country=ldu["country"]),
        already_hashed=already_hashed,
    )
