"""Makes the rows of one frame of members ready to send: the package's one way through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from app.identifiers.cell_values.text import blank
from app.identifiers.columns.apply_rule import Cells
from app.identifiers.columns.digest import in_bytes
from app.identifiers.columns.distinct_values import Memory, tally
from app.identifiers.columns.error_guard import guarded
from app.identifiers.consent import consenting
from app.identifiers.expansion import expand
from app.identifiers.keys import KeyIdentifier, key_columns
from app.identifiers.limited_use import limited_use
from app.identifiers.plan import IdentifierPlan
from app.identifiers.rulebook import apply_rules, pass_through

_USABLE: Final = "the member has a row"


@dataclass(frozen=True, slots=True, repr=False)
class Identified:
    """What one frame of members became; read + expanded = rows.height + sum(skipped.values()).

    `rows`: usable rows; the plan's columns in canonical order; hashed keys Binary of 32 bytes (or
    Categorical of their hexadecimal digits, from a `Memory`), others String; null where there is
    nothing to send.
    `read`: rows of the input. `expanded`: rows beyond one a member, of members with several
    e-mails or phones. `skipped`: reason to members that gave no row.
    `refused`: mapped key to reason to cells that were given but cannot be used.
    `filled`: mapped key to cells that held any text. Both leave members without consent out.
    """

    rows: pl.DataFrame
    read: int
    expanded: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)


@guarded
def identify(frame: pl.DataFrame, plan: IdentifierPlan, memory: Memory | None = None) -> Identified:
    """Normalize, hash, filter and count the members of `frame`; any types, any row order.

    Thread-safe; the columns are worked on outside the interpreter's lock. Memory is a small
    multiple of the frame: feed it 50,000 to 100,000 rows at a time. With `memory`, one for all
    frames of a source and a plan, values that repeat are normalized and hashed once.

    Raises:
        SourceError: `attribute-missing` when a column of the plan is not in the frame.

    """
    members = consenting(frame, plan.consent)
    found = (
        pass_through(members, plan)
        if plan.already_hashed
        else apply_rules(members, plan, memory=memory)
    )
    why = skip_reason(found.cells, plan.key_identifier, members.height)
    usable = why.is_null()
    single = {key: cells[0] for key, cells in found.cells.items()}
    columns = [cells[0].value.alias(key) for key, cells in found.cells.items() if len(cells) == 1]
    several = {key: cells for key, cells in found.cells.items() if len(cells) > 1}
    limits = limited_use(single, plan).get_columns()
    rows = pl.DataFrame([usable.alias(_USABLE), *columns, *limits]).filter(usable)
    values = {
        key: [in_bytes(slot.value).filter(usable).alias(key) for slot in cells]
        for key, cells in several.items()
    }
    sent = expand(rows, values)
    skipped = tally(why)
    if members.height < frame.height:
        skipped["no_consent"] = frame.height - members.height
    return Identified(
        rows=sent.select(plan.schema()),
        read=frame.height,
        expanded=sent.height - int(usable.sum()),
        skipped=skipped,
        refused=found.refused,
        filled=found.filled,
    )


def skip_reason(
    cells: Mapping[str, Sequence[Cells]], key_identifier: KeyIdentifier, height: int
) -> pl.Series:
    """Why each member gives no row: the first part of the key identifier it lacks; null if none.

    The reason of the refused value, or `…_missing` where nothing was given.
    """
    parts: tuple[tuple[str, ...], ...] = tuple((key,) for key in key_columns(key_identifier))
    if key_identifier == KeyIdentifier.NAME_AND_ADDRESS:
        parts = (("FN",), ("LN",), ("ZIP", "CT"), ("COUNTRY",))
    reasons = [_lacking(part, cells, height) for part in parts]
    return pl.DataFrame(reasons).select(pl.coalesce(pl.all())).to_series()


def _lacking(keys: tuple[str, ...], cells: Mapping[str, Sequence[Cells]], height: int) -> pl.Series:
    """Why no cell of these keys is usable; null where one is."""
    slots = [slot for key in keys for slot in cells.get(key, ())]
    name = "address" if len(keys) > 1 else keys[0].lower()
    lacking = pl.Series([True]).new_from_index(0, height)
    for slot in slots:
        lacking = lacking & slot.value.is_null()
    places = lacking.arg_true()
    reason = pl.Series([f"{name}_missing"]).new_from_index(0, places.len())
    for slot in reversed(slots):
        reason = slot.reason.gather(places).fill_null(reason)
    return blank(lacking).scatter(places, reason).alias(name)
