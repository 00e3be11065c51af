"""CPU seconds of a run's steps, one after the other in one process: where the time of staging goes.

    python -m benchmarks.steps

What a worker needs beyond it is its event loop: requests, records, leases.
"""

import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.report import Table, replace_tables
from workers.health.allocator import keep_freed_memory

_Result = TypeVar("_Result")
_STEPS = ("reading", "identifiers and hashes", "set aside", "distinct rows, files", "bodies")
TITLE = "CPU seconds for a million members, step by step"


def steps_of(kind: str, rows: int) -> Counter[str]:
    """The CPU seconds of each step for so many members of `file_of`."""
    keep_freed_memory()
    from app.exports.members.mapping import plan_of_spec  # noqa: PLC0415 - after the line above
    from app.exports.members.staging import NOBODY  # noqa: PLC0415
    from app.facebook.upload.body import UploadSession  # noqa: PLC0415
    from app.identifiers import Memory, identify, key_columns  # noqa: PLC0415
    from app.snapshots import (  # noqa: PLC0415
        BatchReader,
        SnapshotStore,
        StageWriter,
        plan_batches,
    )
    from app.sources import SourceAccess, open_source  # noqa: PLC0415
    from benchmarks import members  # noqa: PLC0415
    from workers.sending.batch import Batch  # noqa: PLC0415

    spent: Counter[str] = Counter()

    def timed(step: str, work: Callable[[], _Result]) -> _Result:
        began = _cpu()
        result = work()
        spent[step] += _cpu() - began  # type: ignore[assignment]
        return result

    attributes = {"EMAIL": "email"} if kind == "email" else members.ALL_ATTRIBUTES
    plan = plan_of_spec({"key_identifier": "email", "attributes": attributes})
    access = SourceAccess.from_settings_values([str(members.DATA)], {})
    source = {"kind": "file", "url": str(members.file_of(kind, rows))}
    session = UploadSession(1, 1, last_batch=False, estimated_num_total=rows)
    with tempfile.TemporaryDirectory() as folder:
        store, memory = SnapshotStore.open(folder), Memory()
        keys = key_columns(plan.key_identifier)
        writer = StageWriter(store, "steps", key_columns=keys, columns=plan.schema())
        frames = open_source(source, access).chunks(plan.columns(), losses=access.losses())
        while (frame := timed(_STEPS[0], lambda: next(frames, None))) is not None:
            found = timed(_STEPS[1], lambda frame=frame: identify(frame, plan, memory))  # type: ignore[misc]
            timed(_STEPS[2], lambda found=found: writer.add(found.rows))  # type: ignore[misc]
        manifest = timed(_STEPS[3], writer.finish)
        reader = BatchReader(store, manifest, hexadecimal=True)
        for part in plan_batches(manifest):
            batch = Batch(reader, part, NOBODY)
            timed(_STEPS[4], lambda batch=batch: batch.body(session))  # type: ignore[misc]
    return spent


def table(rows: int = 1_000_000) -> Table:
    """Both kinds of members, each in a process of its own."""
    lines = []
    for kind, name in (("email", "e-mail"), ("all", "12 columns")):
        command = [sys.executable, "-m", "benchmarks.steps", kind, str(rows)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines.append((name, *output.split()))
    return Table(TITLE, ("what", *_STEPS, "together"), lines)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    if len(sys.argv) > 1:
        kind, rows = sys.argv[1], int(sys.argv[2])
        spent = steps_of(kind, rows)
        million = rows / 1_000_000
        values = [spent[step] / million for step in _STEPS]
        print(*(f"{value:.3f}" for value in (*values, sum(values))))
    else:
        Path(__file__).parent.joinpath(".data").mkdir(exist_ok=True)
        replace_tables([table()])
