"""Says what to make of the members' columns, and what is missing from such a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.identifiers.dates.date_format import parse_date_format
from app.identifiers.keys import (
    ATTRIBUTE_KEYS,
    MULTIPLE_KEYS,
    SCHEMA_KEYS,
    KeyIdentifier,
    schema_keys_of,
)
from app.identifiers.places.country_names import ALPHA_2
from app.identifiers.places.state_names import states_of
from app.schedule_times import zones

_KNOWN: Final = frozenset(attribute.key for attribute in ATTRIBUTE_KEYS)


@dataclass(frozen=True, slots=True)
class Consent:
    """Only members whose `attribute` equals this value are used; others are counted."""

    attribute: str
    equals: str | bool | int | float


@dataclass(frozen=True, slots=True)
class Ldu:
    """Rows of these states of this country are sent with limited data use."""

    states: tuple[str, ...]
    country: str


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Why a plan cannot be run: the field, a stable code and what to do about it."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class IdentifierPlan:
    """Which columns become which keys, and what is known about all members at once.

    `attributes` maps Meta's keys (and DOB) to source columns; several only for EMAIL and PHONE.
    `time_zone` (IANA) is where columns of instants have their dates of birth.
    `already_hashed` members carry columns named by Meta's keys whose hashed cells are 32 bytes (or
    their 64 hex digits); `stored_in` has the columns of keys that are named otherwise.
    """

    key_identifier: KeyIdentifier
    attributes: Mapping[str, tuple[str, ...]]
    default_country: str | None = None
    date_format: str | None = None
    time_zone: str = "UTC"
    consent: Consent | None = None
    ldu: Ldu | None = None
    already_hashed: bool = False
    stored_in: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def columns(self) -> tuple[str, ...]:
        """The source columns that must be read, each once, in the order of the plan."""
        if self.already_hashed:
            names = [name for key in self.stored() for name in self.stored_in.get(key, (key,))]
        else:
            names = [name for sources in self.attributes.values() for name in sources]
        if self.consent is not None:
            names.append(self.consent.attribute)
        return tuple(dict.fromkeys(names))

    def stored(self) -> tuple[str, ...]:
        """The columns of already hashed members that the plan takes, in canonical order."""
        mapped = {name for key in self.attributes for name in schema_keys_of(key)}
        return tuple(key for key in SCHEMA_KEYS if key in mapped)

    def schema(self) -> tuple[str, ...]:
        """The columns this plan can produce, in canonical order."""
        produced = {*self.stored()}
        if self.default_country and self.key_identifier == KeyIdentifier.NAME_AND_ADDRESS:
            produced.add("COUNTRY")
        if self.ldu is not None:
            produced.update(key for key in SCHEMA_KEYS if key.startswith("DATA_PROCESSING"))
        return tuple(key for key in SCHEMA_KEYS if key in produced)


def check_plan(plan: IdentifierPlan) -> list[PlanProblem]:
    """Everything that keeps `plan` from being run; empty when it can.

    Required attributes: S49 and the keys Meta needs to tell a person apart
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    return [*_mapping(plan), *_required(plan), *_settings(plan)]


def _mapping(plan: IdentifierPlan) -> list[PlanProblem]:
    problems = []
    for key, sources in plan.attributes.items():
        field = f"attributes.{key}"
        if key not in _KNOWN:
            detail = f"{key} is not a key that can be mapped; see GET /v1/connection-types."
            problems.append(PlanProblem(field, "attribute-unknown", detail))
        elif not sources or not all(sources):
            detail = f"Name the attribute of the members that holds {key}."
            problems.append(PlanProblem(field, "attribute-empty", detail))
        elif len(sources) > 1 and key not in MULTIPLE_KEYS:
            detail = f"{key} takes one attribute; only EMAIL and PHONE take several."
            problems.append(PlanProblem(field, "attribute-not-multiple", detail))
    return problems


def _required(plan: IdentifierPlan) -> list[PlanProblem]:
    def missing(key: str, detail: str) -> PlanProblem:
        return PlanProblem(f"attributes.{key}", "attribute-required", detail)

    mapped = {key for key, sources in plan.attributes.items() if sources}
    if plan.key_identifier == KeyIdentifier.EMAIL:
        wanted: tuple[str, ...] = ("EMAIL",)
    elif plan.key_identifier == KeyIdentifier.PHONE:
        wanted = ("PHONE",)
    else:
        wanted = ("FN", "LN")
    problems = [
        missing(key, f"Map {key}: the key identifier {plan.key_identifier} needs it.")
        for key in wanted
        if key not in mapped
    ]
    if plan.key_identifier == KeyIdentifier.NAME_AND_ADDRESS:
        if not mapped & {"ZIP", "CT"}:
            problems.append(missing("ZIP", "Map ZIP or CT: a name needs an address beside it."))
        if "COUNTRY" not in mapped and not plan.default_country:
            detail = "Map COUNTRY or set default_country: an address needs its country."
            problems.append(missing("COUNTRY", detail))
    return problems


def _settings(plan: IdentifierPlan) -> list[PlanProblem]:
    problems = []
    if plan.default_country and plan.default_country.lower() not in ALPHA_2:
        detail = "default_country is an ISO 3166-1 alpha-2 code, such as US."
        problems.append(PlanProblem("default_country", "country-unknown", detail))
    if plan.date_format and parse_date_format(plan.date_format) is None:
        detail = "date_format names day, month and year in order: DD/MM/YYYY, MM/DD/YY, …"
        problems.append(PlanProblem("date_format", "date-format-unknown", detail))
    if plan.time_zone not in zones():
        detail = "time_zone is a name of the IANA time zone database, such as Europe/Berlin."
        problems.append(PlanProblem("time_zone", "time-zone-unknown", detail))
    if plan.consent is not None and not plan.consent.attribute:
        detail = "Name the attribute of the members that holds their consent."
        problems.append(PlanProblem("consent.attribute", "attribute-empty", detail))
    if plan.ldu is not None:
        problems.extend(_limited_data_use(plan, plan.ldu))
    return problems


def _limited_data_use(plan: IdentifierPlan, ldu: Ldu) -> list[PlanProblem]:
    problems = []
    if ldu.country.lower() != "us":
        detail = "Meta's limited data use exists in the United States only: country is us."
        problems.append(PlanProblem("ldu.country", "ldu-country-unsupported", detail))
    if not ldu.states:
        detail = "Name the states whose members are sent with limited data use."
        problems.append(PlanProblem("ldu.states", "ldu-states-empty", detail))
    elif not all(_written(name) in states_of("us") for name in ldu.states):
        detail = "One of the states is no state of that country; use codes, such as ca."
        problems.append(PlanProblem("ldu.states", "ldu-state-unknown", detail))
    if "ST" not in plan.attributes:
        detail = "Map ST: limited data use is decided by the member's state."
        problems.append(PlanProblem("attributes.ST", "attribute-required", detail))
    if "COUNTRY" not in plan.attributes and not plan.default_country:
        detail = "Map COUNTRY or set default_country: limited data use is decided by both."
        problems.append(PlanProblem("attributes.COUNTRY", "attribute-required", detail))
    return problems


def _written(state: str) -> str:
    return "".join(filter(str.isalpha, state.lower()))
