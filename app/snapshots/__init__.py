"""Staged hashed rows: distinct, in batches that never change, comparable for a mirror.

    StageWriter ── add(frame)…, finish() ──► Manifest ──► plan_batches ──► BatchReader.read
                                                    └──► diff(old, new) ──► removals, additions

Everything here blocks and is meant for threads. Suppression lists would be a third consumer of
`comparison.Comparison`, with the keys to leave out as the old source.
"""

from app.snapshots.diff import Diff, diff
from app.snapshots.errors import SnapshotError
from app.snapshots.manifest import BatchSlice, Group, Manifest, StagedFile, plan_batches
from app.snapshots.members import MemberFiles, MemberWriter
from app.snapshots.reader import BatchReader, verify
from app.snapshots.store import SnapshotStore
from app.snapshots.writer import StageWriter

__all__ = [
    "BatchReader",
    "BatchSlice",
    "Diff",
    "Group",
    "Manifest",
    "MemberFiles",
    "MemberWriter",
    "SnapshotError",
    "SnapshotStore",
    "StageWriter",
    "StagedFile",
    "diff",
    "plan_batches",
    "verify",
]
