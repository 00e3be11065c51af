"""Finding runs by text without reading them all: names and error codes are few, runs are many.

`run_names` has, of each export, the names its runs were asked for under; a trigger of the database keeps
it, whichever version writes a run. What is found by it is looked at again in the run itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import contains, one_of
from app.db.models import IdText, Run, RunNames

Columns = TypeVarTuple("Columns")

_CODE: ColumnElement[str] = literal_column("runs.error ->> 'code'")
# the newest of each of so many exports are read off an index; of more, some are on every page of history
_FEW = 50
# the codes there are: from one to the next along the index, however many runs have each
_CODES = text(
    """
    with recursive codes as (
        (select error ->> 'code' as code from runs where error is not null
         order by error ->> 'code' limit 1)
        union all
        select (select error ->> 'code' from runs
                where error is not null and error ->> 'code' > codes.code
                order by error ->> 'code' limit 1)
        from codes where codes.code is not null
    )
    select code from codes where strpos(lower(code), lower(:words)) > 0
    """
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where runs that match can be: exports that had such a name, and error codes."""

    exports: Sequence[str]
    codes: Sequence[str]


async def places_of(session: AsyncSession, words: str) -> Places:
    """Exports and codes of which the text is a part."""
    named = select(RunNames.export_id).where(func.strpos(RunNames.names, func.lower(words)) > 0)
    exports = {*await session.scalars(named.distinct()), words}
    return Places(sorted(exports), [*await session.scalars(_CODES, {"words": words})])


def found(
    listed: Select[*Columns],
    words: str,
    places: Places,
    conditions: Sequence[ColumnElement[bool]],
    *,
    limit: int,
    oldest_first: bool,
) -> Select[*Columns]:
    """The newest (or oldest) `limit` runs of `listed` that match the text and the conditions."""
    order = Run.id.asc() if oldest_first else Run.id.desc()
    wanted = (_matches(words), *conditions)
    if len(places.exports) + len(places.codes) > _FEW:
        among = or_(
            Run.export_id == one_of(places.exports),
            and_(Run.error.is_not(None), one_of(places.codes) == _CODE),
            Run.id == words,
        )
        return listed.where(among, *wanted).order_by(order).limit(limit)

    def newest(values: Sequence[str], here: Any) -> Select[Any]:
        each = func.unnest(literal(list(values), ARRAY(IdText))).table_valued("value")
        each = each.render_derived()
        some = listed.where(here(each.c.value), *wanted).order_by(order).limit(limit).lateral()
        return select(*some.c).select_from(each.join(some, true()))

    # all columns at once: looked up by their ids afterwards, the planner may go along all of history
    every = union(
        newest(places.exports, lambda value: Run.export_id == value),
        newest(places.codes, lambda value: and_(Run.error.is_not(None), value == _CODE)),
        listed.where(Run.id == words, *wanted),
    ).subquery()
    by_id = every.c.id.asc() if oldest_first else every.c.id.desc()
    return cast("Select[*Columns]", select(*every.c).order_by(by_id).limit(limit))


def _matches(words: str) -> ColumnElement[bool]:
    return or_(
        contains(Run.spec["export"]["display_name"].astext, words),
        contains(Run.spec["connection"]["display_name"].astext, words),
        contains(Run.error["code"].astext, words),
        Run.id == words,
        Run.export_id == words,
    )
