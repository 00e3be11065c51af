"""What a mirror remembers of its audience, written anew without some people. Blocking; for threads."""

import polars as pl

from app.exports.members.suppression import SuppressionList
from app.identifiers import SCHEMA_KEYS
from app.snapshots import BatchReader, Manifest, SnapshotStore, StageWriter, plan_batches, verify

FOLDER = "erasures"
"""What is written anew lies below this folder of the store: a run's own folder goes with the run."""

_ROWS = 100_000


def rewrite(
    store: SnapshotStore, old: Manifest, listed: SuppressionList, *, prefix: str
) -> tuple[Manifest | None, int]:
    """The manifest without the listed people, written below `prefix`, and how many rows left.

    None when they are not in it: then nothing is written. The old files stay. Raises `SnapshotError`.
    """
    reader = BatchReader(store, old)
    batches = plan_batches(old, _ROWS)
    gone = 0
    for batch in batches:
        rows = reader.read(batch)
        gone += rows.height - listed.without(rows).height
    if not gone:
        return None, 0
    # an interrupted attempt may have left files there
    store.delete_prefix(prefix)
    present = {name for group in old.groups for name in group.schema}
    writer = StageWriter(
        store,
        prefix,
        key_columns=old.key_columns,
        columns=[name for name in SCHEMA_KEYS if name in present],
    )
    try:
        for batch in batches:
            _add(writer, listed.without(reader.read(batch)))
        written = writer.finish()
    except BaseException:
        writer.abort()
        raise
    verify(store, written)
    return written, gone


def _add(writer: StageWriter, rows: pl.DataFrame) -> None:
    if rows.height:
        writer.add(rows)
