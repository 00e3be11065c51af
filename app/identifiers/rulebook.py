"""Says which rule makes which key, in the order in which one needs the other's result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import polars as pl

from app import clock
from app.identifiers.cell_values.multiple_values import Split
from app.identifiers.cell_values.placeholders import PLACEHOLDER
from app.identifiers.cell_values.rule import Rule, Shortcut, Steps
from app.identifiers.cell_values.text import blank, certain
from app.identifiers.columns.already_hashed import stored_cells
from app.identifiers.columns.apply_rule import Cells, hashed_cells, plain_cells
from app.identifiers.columns.digest import in_bytes, sha256
from app.identifiers.columns.distinct_values import Memory
from app.identifiers.columns.error_guard import guarded
from app.identifiers.columns.further_values import further_cells
from app.identifiers.columns.mapped_columns import column_of
from app.identifiers.dates.birth import birth_cells, birth_part
from app.identifiers.dates.date_format import parse_date_format
from app.identifiers.phones.multiple_numbers import NUMBERS
from app.identifiers.phones.phone import phone, plain_phones
from app.identifiers.places.country import country, country_of
from app.identifiers.places.postal_code import postal_code
from app.identifiers.places.state import state
from app.identifiers.plan import IdentifierPlan
from app.identifiers.texts.email import email, plain_emails
from app.identifiers.texts.names import city, first_initial, first_name, gender, last_name
from app.identifiers.texts.plain import customer_value, device, external_id
from app.identifiers.texts.surname_null import beside_first_name

_HASHED: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "EMAIL": email,
        "FN": first_name,
        "LN": last_name,
        "FI": first_initial,
        "GEN": gender,
        "CT": city,
    }
)
_REGIONAL: Final[Mapping[str, Rule]] = MappingProxyType(
    {"PHONE": phone, "ST": state, "ZIP": postal_code}
)
_PLAIN: Final[Mapping[str, Rule]] = MappingProxyType(
    {"MADID": device, "EXTERN_ID": external_id, "LOOKALIKE_VALUE": customer_value}
)
_SHORTCUTS: Final[Mapping[str, Shortcut]] = MappingProxyType(
    {"EMAIL": plain_emails, "PHONE": plain_phones}
)
_SPLIT: Final[Mapping[str, Split]] = MappingProxyType({"PHONE": NUMBERS})
_UNHEARD: Final = Steps()

Notes = Mapping[tuple[str, int], Steps]
"""Who takes the steps of a mapped key's first, second, … attribute."""


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """The keys of every member: one entry a mapped attribute, so EMAIL and PHONE may have several.

    Where cells hold several values, each further one is an entry of its own behind its attribute's.
    `filled` and `refused` count source cells by mapped key (DOB, not its three parts), and every value
    of a cell that holds several. `steps`: what was noted for each entry of the keys with a rule.
    """

    cells: dict[str, list[Cells]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: dict[str, list[Steps]] = field(default_factory=dict)

    def add(self, key: str, cells: Cells, steps: Steps) -> None:
        """Count one attribute's cells and keep them beside those the key has."""
        self.count(key, cells)
        self.cells.setdefault(key, []).append(cells)
        self.steps.setdefault(key, []).append(steps)

    def count(self, key: str, cells: Cells) -> None:
        """Add one attribute's cells to the counts of its key."""
        self.filled[key] = self.filled.get(key, 0) + cells.filled
        refused = self.refused.setdefault(key, {})
        for reason, number in cells.refusals().items():
            refused[reason] = refused.get(reason, 0) + number
        if not refused:
            del self.refused[key]


@guarded
def apply_rules(
    members: pl.DataFrame,
    plan: IdentifierPlan,
    notes: Notes = MappingProxyType({}),
    memory: Memory | None = None,
) -> Found:
    """Every key of the plan for every member; `notes` takes the steps of mapped keys.

    `memory` knows what the values of frames before became; then values may be Categorical.

    Raises:
        SourceError: `attribute-missing`.

    """
    found = Found()
    region = _countries(members, plan, notes.get(("COUNTRY", 0), _UNHEARD), found, memory)
    for key, sources in plan.attributes.items():
        for slot, source in enumerate(sources):
            column = column_of(members, source)
            steps = notes.get((key, slot), _UNHEARD)
            if key in _HASHED or key in _REGIONAL:
                cells = hashed_cells(
                    column,
                    key,
                    _rule(key),
                    steps,
                    region=region if key in _REGIONAL else None,
                    shortcut=_SHORTCUTS.get(key),
                    split=_SPLIT.get(key),
                    memory=memory,
                    name=f"{key} {slot}",
                )
            elif key in _PLAIN:
                cells = plain_cells(column, key, _rule(key), steps)
            else:
                continue
            found.add(key, cells, steps)
            for further, own in further_cells(
                cells, key, _rule(key), steps, region=region, split=_SPLIT.get(key)
            ):
                found.add(key, further, own)
    _birth(members, plan, notes, found, memory)
    if "FN" in found.cells and "LN" in found.cells:
        _last_name_of_nobody(found)
    return found


def _rule(key: str) -> Rule:
    return _HASHED.get(key) or _REGIONAL.get(key) or _PLAIN[key]


def _last_name_of_nobody(found: Found) -> None:
    last = found.cells["LN"][0]
    kept = beside_first_name(last, found.cells["FN"][0])
    found.cells["LN"] = [kept]
    lost = kept.value.null_count() - last.value.null_count()
    if lost:
        refused = found.refused.setdefault("LN", {})
        refused[PLACEHOLDER] = refused.get(PLACEHOLDER, 0) + lost


def _countries(
    members: pl.DataFrame,
    plan: IdentifierPlan,
    steps: Steps,
    found: Found,
    memory: Memory | None,
) -> pl.Series:
    """The COUNTRY cells into `found`, and each member's country as alpha-2, null if not known."""
    for source in plan.attributes.get("COUNTRY", ()):
        column = column_of(members, source)
        cells = hashed_cells(column, "COUNTRY", country, steps, memory=memory, name="COUNTRY")
        found.count("COUNTRY", cells)
        found.cells["COUNTRY"] = [cells]
    default = _default_country(found, plan, members.height, steps)
    if "COUNTRY" not in found.cells:
        return default
    return country_of(found.cells["COUNTRY"][0]).fill_null(default)


def _default_country(found: Found, plan: IdentifierPlan, height: int, steps: Steps) -> pl.Series:
    """The plan's default country for every member, put into COUNTRY cells where none was given."""
    code = plan.default_country.lower() if plan.default_country else None
    default = pl.Series("region", [code], dtype=pl.String).new_from_index(0, height)
    if code is None or "COUNTRY" not in plan.schema():
        return default
    digest = sha256(pl.Series([code]))
    if "COUNTRY" not in found.cells:
        value = digest.new_from_index(0, height)
        found.cells["COUNTRY"] = [Cells(value, default, blank(default), 0)]
        return default
    cells = found.cells["COUNTRY"][0]
    nothing = certain(cells.reason == PLACEHOLDER)
    absent = cells.value.is_null() & (cells.reason.is_null() | nothing)
    if absent.any():
        given = in_bytes(cells.value)
        value = pl.select(pl.when(absent).then(digest[0]).otherwise(given)).to_series()
        text = cells.text.set(absent, code)
        reason = cells.reason.set(nothing, None) if nothing.any() else cells.reason
        steps.note("default country", text)
        found.cells["COUNTRY"] = [Cells(value, text, reason, cells.filled)]
    return default


def _birth(
    members: pl.DataFrame,
    plan: IdentifierPlan,
    notes: Notes,
    found: Found,
    memory: Memory | None,
) -> None:
    """DOB split into its three columns, single parts where there is no date."""
    today = clock.now().date()
    form = parse_date_format(plan.date_format) if plan.date_format else None
    short_year = form is not None and form.short_year
    for source in plan.attributes.get("DOB", ()):
        steps = notes.get(("DOB", 0), _UNHEARD)
        parts = birth_cells(
            column_of(members, source),
            form=form,
            zone=plan.time_zone,
            today=today,
            steps=steps,
            memory=memory,
        )
        found.count("DOB", parts["DOBY"])
        found.cells.update({key: [cells] for key, cells in parts.items()})
    for key in ("DOBY", "DOBM", "DOBD"):
        for source in plan.attributes.get(key, ()):
            rule = birth_part(key, today.year, short_year=short_year)
            column, steps = column_of(members, source), notes.get((key, 0), _UNHEARD)
            cells = hashed_cells(column, key, rule, steps, memory=memory, name=key)
            found.count(key, cells)
            whole = found.cells.get(key)
            found.cells[key] = [cells if whole is None else _filled_in(whole[0], cells)]


def _filled_in(whole: Cells, part: Cells) -> Cells:
    """The part of the date, and the single part where there was none."""
    return Cells(
        in_bytes(whole.value).fill_null(in_bytes(part.value)),
        whole.text.fill_null(part.text),
        whole.reason.fill_null(part.reason),
        max(whole.filled, part.filled),
    )


def pass_through(members: pl.DataFrame, plan: IdentifierPlan) -> Found:
    """Every key of the plan for members whose hashed keys are hashes already."""
    found = Found()
    for key in plan.stored():
        for name in plan.stored_in.get(key, (key,)):
            cells = stored_cells(column_of(members, name), key)
            found.count(key, cells)
            found.cells.setdefault(key, []).append(cells)
    _default_country(found, plan, members.height, _UNHEARD)
    return found
