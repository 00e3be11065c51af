"""How much of a Delta table's log may be read: the package that reads it holds it whole in memory.

What is read is the newest checkpoint and the commits after it
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md#action-reconciliation).
"""

import re
from collections.abc import Callable, Mapping

from app.sources.limits.parquet_footer import UnpackLimits, read_groups, too_large, unpacked_sizes
from app.sources.storage.file import StoredFile

MAX_LOG_BYTES = 256 << 20
MAX_CHECKPOINT_BYTES = 1 << 30
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.(?:.+\.)?(?:parquet|json)")


def check_log(
    sizes: Mapping[str, int],
    name: str,
    version: int | None,
    limits: UnpackLimits,
    find: Callable[[str], StoredFile],
) -> None:
    """Refuse a log of more than `MAX_LOG_BYTES`, or whose checkpoint unpacks to `MAX_CHECKPOINT_BYTES`.

    `sizes`: of the files in the log's folder, by name; `find` opens one. The newest version is looked at
    first, whichever is named. Raises `parquet-too-large-unpacked`, `parquet-broken`.
    """
    for newest in {None, version}:
        until = float("inf") if newest is None else newest
        checkpoints = _versions(_CHECKPOINT, sizes, until)
        last = max(checkpoints.values(), default=-1)
        parts = [file for file, number in checkpoints.items() if number == last]
        commits = [file for file, at in _versions(_COMMIT, sizes, until).items() if at > last]
        if sum(sizes[file] for file in (*parts, *commits)) > MAX_LOG_BYTES:
            raise too_large(name, "the table's log", f"more than {MAX_LOG_BYTES >> 20} MiB")
        unpacked = 0
        for part in parts:
            if part.endswith(".parquet"):
                unpacked += _unpacked(find(part), limits)
            if unpacked > MAX_CHECKPOINT_BYTES:
                most = f"more than {MAX_CHECKPOINT_BYTES >> 20} MiB"
                raise too_large(name, "the checkpoint of the table's log", most)


def _versions(form: re.Pattern[str], sizes: Mapping[str, int], until: float) -> dict[str, int]:
    found = {file: form.fullmatch(file) for file in sizes}
    return {
        file: int(at[1]) for file, at in found.items() if at is not None and int(at[1]) <= until
    }


def _unpacked(file: StoredFile, limits: UnpackLimits) -> int:
    with file.opened() as opened:
        return sum(
            unpacked_sizes(opened, file.name, group, list(group.chunks), limits)
            for group in read_groups(opened, file.name, limits)
        )
