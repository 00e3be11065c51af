"""Shows for one member what becomes of every value, by the rules that make the exports."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from app.identifiers.cell_values.rule import Steps
from app.identifiers.columns.apply_rule import Cells
from app.identifiers.keys import ATTRIBUTE_KEYS, BIRTH_KEYS, SCHEMA_KEYS, KeyIdentifier
from app.identifiers.plan import IdentifierPlan
from app.identifiers.rulebook import Found, Notes, apply_rules


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one value; it holds the caller's own value and is for the caller only.

    `given`: the source had any text. `steps`: (rule, text after it), only where the text changed.
    `text`: what is hashed or, for plain keys, sent; None for a value that came hashed.
    `hash`: hex SHA-256 of hashed keys. `reason`: why nothing is sent.
    """

    key: str
    given: bool
    steps: tuple[tuple[str, str], ...] = field(repr=False)
    text: str | None = field(repr=False)
    hash: str | None = field(repr=False)
    reason: str | None


def explain(
    member: Mapping[str, str | None], plan: IdentifierPlan | None = None
) -> list[Explanation]:
    """Every key of the plan for one member, in canonical order; several e-mails give several.

    Without a plan the member's own fields named by Meta's keys (and DOB) are explained. A DOB
    gives DOBY, DOBM and DOBD. Fields the plan names and the member lacks count as not given.
    """
    if plan is None:
        known = [attribute.key for attribute in ATTRIBUTE_KEYS if attribute.key in member]
        plan = IdentifierPlan(KeyIdentifier.EMAIL, {key: (key,) for key in known})
    plan = replace(plan, consent=None, ldu=None, already_hashed=False)
    names = plan.columns()
    frame = pl.DataFrame(
        {name: [member.get(name)] for name in names}, schema=dict.fromkeys(names, pl.String)
    )
    notes = {
        (key, slot): Steps([])
        for key, sources in plan.attributes.items()
        for slot in range(len(sources))
    }
    found = apply_rules(frame, plan, notes)
    return [
        _explanation(key, cells, _steps(key, slot, notes, found))
        for key in SCHEMA_KEYS
        for slot, cells in enumerate(found.cells.get(key, ()))
    ]


def _steps(key: str, slot: int, notes: Notes, found: Found) -> list[tuple[str, str]]:
    """What was noted for one entry of a key; parts of a date have the date's steps and their own."""
    several = found.steps.get(key)
    own = several[slot] if several else notes.get((key, slot))
    date = notes.get(("DOB", slot)) if key in BIRTH_KEYS else None
    return [step for steps in (date, own) if steps is not None for step in steps.taken or ()]


def _explanation(key: str, cells: Cells, steps: list[tuple[str, str]]) -> Explanation:
    value = cells.value[0]
    return Explanation(
        key=key,
        given=cells.filled > 0,
        steps=tuple(steps),
        text=cells.text[0],
        hash=value.hex() if isinstance(value, bytes) else None,
        reason=cells.reason[0],
    )
