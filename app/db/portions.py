"""Deleting what has grown old, in portions: nobody waits for the locks of a large delete.

Any number of processes may be at it: what one deletes, the others pass over.
"""

from sqlalchemy import ColumnElement, delete, inspect, select, tuple_

from app.db.models import Base
from app.db.session import Database

_AT_ONCE = 500


async def delete_in_portions(
    database: Database, table: type[Base], *conditions: ColumnElement[bool]
) -> int:
    """Delete the rows that meet all conditions, each portion in a transaction; how many there were.

    The conditions should begin with what an index tells, since every portion asks for them anew. Raises
    `Unavailable`.
    """
    key = inspect(table).primary_key
    total = 0
    while True:
        some = select(*key).where(*conditions).limit(_AT_ONCE).with_for_update(skip_locked=True)
        gone = delete(table).where(tuple_(*key).in_(some)).returning(key[0])
        async with database.transaction() as session:
            count = len((await session.scalars(gone)).all())
        total += count
        if count < _AT_ONCE:
            return total
