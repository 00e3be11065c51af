"""What an export that is not saved yet would make of its members, told by the first few of them.

Made for somebody who is typing: it reads a sample and answers within two seconds, whatever the source
holds. Values leave it only masked.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from app import clock
from app.access.callers import Caller
from app.db.models import Export
from app.errors import TooManyRequests
from app.exports.collaborators import Exports
from app.exports.members.mapping import identifier_plan, is_hashed, plan_for
from app.exports.validation import check_export
from app.exports.warnings import usability_warnings
from app.identifiers import IdentifierPlan, explain, identify, refusal_warnings
from app.identifiers.masking import mask
from app.segments import service as segments
from app.segments.key_suggestions import suggest_key
from app.segments.pushed import readable_sources
from app.sources import Cost, MemberSource, SourceAccess, cost_of, open_source

MOST_ROWS = 1000
# of a key: as many that are refused, if there are, as ones that are not
_CELLS = 10
# the sample is what was read by then, the cells what was explained by then
_READING_SECONDS, _EXPLAINING_SECONDS = 1.0, 0.5
_AT_ONCE = 2
# identifiers that more people have than have none; more of them find more people
_ADVISED = ("EMAIL", "PHONE")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value's form, what each rule made of it, and what is sent; null if it is refused."""

    text: str
    steps: tuple[tuple[str, str], ...]
    result: str | None
    reason: str | None


@dataclass(slots=True)
class KeySample:
    """One of Meta's keys in the sample."""

    key: str
    filled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    cells: list[Cell] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Advice:
    """An attribute that is not mapped, and the share of the sample that has it."""

    key: str
    attribute: str
    share: float


@dataclass(slots=True)
class Draft:
    """The sample and what became of it; `complete` if it was everybody."""

    read: int = 0
    expanded: int = 0
    duplicates: int = 0
    staged: int = 0
    complete: bool = True
    skipped: Counter[str] = field(default_factory=Counter)
    keys: dict[str, KeySample] = field(default_factory=dict)
    advice: list[Advice] = field(default_factory=list)
    warnings: list[Any] = field(default_factory=list)
    cost: Cost | None = None


@dataclass(slots=True)
class Drafts:
    """How many drafts are previewed at once in this process."""

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))


async def preview_draft(
    deps: Exports, drafts: Drafts, *, caller: Caller, given: Mapping[str, Any], rows: int
) -> Draft:
    """What becomes of the first `rows` members of the draft's segments.

    Raises as saving does for its mapping and segments, and `TooManyRequests` while others type.
    """
    now = clock.now()
    row = Export(created_at=now, created_by=caller.id, updated_at=now, updated_by=caller.id)
    for name, value in given.items():
        if name != "segment_ids":
            setattr(row, name, value)
    ids = list(given["segment_ids"])
    warnings = await check_export(
        deps, row, ids, caller, look_at_audience=False, look_at_values=False
    )
    async with deps.database.transaction() as session:
        sources = await readable_sources(
            session, deps.connections.vault, await segments.find_segments(session, ids)
        )
    plan = identifier_plan(row)
    if drafts.places.locked():
        raise TooManyRequests(
            "Other previews are being made; try again shortly.", code="preview-busy"
        )
    async with drafts.places:
        found = await asyncio.to_thread(_sample, deps.access, sources, plan, rows)
    found.warnings = [
        *warnings,
        *usability_warnings(
            row.min_usable_ratio,
            staged=found.staged,
            rows=found.read + found.expanded,
            skipped=found.skipped,
            sample=not found.complete,
        ),
        *refusal_warnings(
            {key: item.refused for key, item in found.keys.items()},
            {key: item.filled for key, item in found.keys.items()},
            deps.refused_share,
        ),
    ]
    return found


def _sample(
    access: SourceAccess, sources: Sequence[Mapping[str, Any]], plan: IdentifierPlan, rows: int
) -> Draft:
    """Blocking: read, identify and explain; every source gives an equal share."""
    until = time.monotonic() + _READING_SECONDS
    draft = Draft(keys={key: KeySample(key) for key in plan.attributes})
    draft.cost = cost_of(sources, access)
    hashed: list[pl.DataFrame] = []
    extra: Counter[tuple[str, str]] = Counter()
    frames: list[pl.DataFrame] = []
    for number, source in enumerate(sources):
        opened = open_source(source, access)
        there = {item.name for item in opened.attributes()} if is_hashed(source) else ()
        own = plan_for(source, plan, there)
        share = (rows - draft.read) // (len(sources) - number)
        frame, complete = _first(opened, own, share, until, advised=_unmapped(plan))
        draft.complete &= complete
        if frame.is_empty():
            continue
        mapped = frame.select(own.columns())
        found = identify(mapped, own)
        hashed.append(found.rows)
        draft.read += found.read
        draft.expanded += found.expanded
        draft.skipped.update(found.skipped)
        for key, sample in draft.keys.items():
            sample.filled += found.filled.get(key, 0)
            sample.refused.update(found.refused.get(key, {}))
        for name in set(frame.columns) - set(own.columns()):
            key = suggest_key(name) or ""
            extra[key, name] += frame.height - frame[name].null_count()
        if not own.already_hashed:
            frames.append(mapped)
    if hashed:
        together = pl.concat(hashed, how="diagonal")
        draft.staged = together.n_unique()
        draft.duplicates = together.height - draft.staged
    _explain(draft, frames, plan)
    draft.advice = [
        Advice(key, name, round(filled / draft.read, 4))
        for (key, name), filled in extra.most_common()
        if filled and draft.read
    ]
    return draft


def _unmapped(plan: IdentifierPlan) -> tuple[str, ...]:
    return tuple(key for key in _ADVISED if key not in plan.attributes)


def _first(
    opened: MemberSource,
    plan: IdentifierPlan,
    rows: int,
    until: float,
    *,
    advised: Sequence[str],
) -> tuple[pl.DataFrame, bool]:
    """The first members, with columns that could be mapped to the advised keys; whether they are all."""
    wanted = list(plan.columns())
    if advised and not plan.already_hashed:
        suggested = [item.name for item in opened.attributes() if suggest_key(item.name) in advised]
        wanted += [name for name in suggested if name not in wanted]
    frames: list[pl.DataFrame] = []
    left, complete = rows, True
    for frame in opened.chunks(wanted, rows=rows + 1):
        complete = frame.height <= left
        frames.append(frame.head(left))
        left -= frames[-1].height
        if not complete:
            break
        if time.monotonic() > until:
            complete = False
            break
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String)), True
    return pl.concat(frames, how="vertical_relaxed"), complete


def _explain(draft: Draft, frames: Sequence[pl.DataFrame], plan: IdentifierPlan) -> None:
    """Up to twenty cells a key, those that are refused among them."""
    until = time.monotonic() + _EXPLAINING_SECONDS
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    plan = replace(plan, already_hashed=False)
    for frame in frames:
        for member in frame.cast(pl.String, strict=False).iter_rows(named=True):
            if time.monotonic() > until:
                return
            for one in explain(member, plan):
                # what a date of birth gives is shown with the date
                key = "DOB" if one.key.startswith("DOB") and "DOB" in draft.keys else one.key
                if not one.given or key not in draft.keys:
                    continue
                counts = good if one.reason is None else bad
                cell = _cell(member, plan, key, one)
                if counts[key] >= _CELLS or (key, cell.text) in seen:
                    continue
                seen.add((key, cell.text))
                counts[key] += 1
                draft.keys[key].cells.append(cell)


def _cell(member: Mapping[str, str | None], plan: IdentifierPlan, key: str, one: Any) -> Cell:
    values = [member.get(name) for name in plan.attributes[key]]
    given = next((value for value in values if value), "")
    return Cell(
        text=mask(given),
        steps=tuple((rule, mask(text)) for rule, text in one.steps),
        result=None if one.text is None else mask(one.text),
        reason=one.reason,
    )
