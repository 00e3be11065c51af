"""What was staged, small enough for a database column, and the batches that follow from it.

A manifest names the files of each group with their digests, so that any worker can send exactly
the same batches later. Batches are arithmetic over it: no file is touched to plan them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.snapshots.errors import SnapshotError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of distinct rows; `first` and `last` are the buckets its rows begin and end in."""

    name: str
    rows: int
    bytes: int
    digest: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that go to Meta under one schema, in the order of their files.

    `forms` says of each column of the schema whether it is hashed (`cells`, or `codes` if it has
    few distinct values) or plain (`text:` and the width its longest value needs, in bytes).
    """

    schema: tuple[str, ...]
    forms: tuple[str, ...]
    rows: int
    files: tuple[StagedFile, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished staging.

    `staged` counts distinct rows, `duplicates` the rows that were like another one,
    `distinct_keys` the people: distinct key identifiers over all groups.
    """

    prefix: str
    key_columns: tuple[str, ...]
    groups: tuple[Group, ...]
    staged: int
    duplicates: int
    distinct_keys: int
    # the key of the sealed columns, itself sealed; None where there are none
    sealed_key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values, about 200 bytes for each file of 16 MB."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The manifest that `to_json` wrote; raises `SnapshotError` (`snapshot-corrupt`)."""
        try:
            if value["format"] != FORMAT:
                raise SnapshotError(
                    f"The manifest has format {value['format']!r}, this version reads {FORMAT}; "
                    "stage the rows again.",
                    code="snapshot-corrupt",
                )
            return cls(
                prefix=value["prefix"],
                key_columns=tuple(value["key_columns"]),
                groups=tuple(_group(group) for group in value["groups"]),
                staged=value["staged"],
                duplicates=value["duplicates"],
                distinct_keys=value["distinct_keys"],
                sealed_key=value.get("sealed_key"),
            )
        except (KeyError, TypeError) as error:
            raise SnapshotError(
                "The manifest of the staged rows is incomplete; stage them again.",
                code="snapshot-corrupt",
            ) from error


def _group(value: Mapping[str, Any]) -> Group:
    files = tuple(StagedFile(**file) for file in value["files"])
    return Group(tuple(value["schema"]), tuple(value["forms"]), value["rows"], files)


@dataclass(frozen=True, slots=True)
class BatchSlice:
    """Rows `offset` to `offset + rows` of one group; `sequence` counts from 1 over all groups."""

    sequence: int
    group: int
    offset: int
    rows: int


def plan_batches(manifest: Manifest, rows_per_batch: int = 10_000) -> Sequence[BatchSlice]:
    """Every batch of a manifest in sending order; the same manifest gives the same batches.

    At most 10,000 rows fit one request
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    if rows_per_batch < 1:
        raise ValueError(f"A batch holds at least one row, not {rows_per_batch}.")
    slices: list[BatchSlice] = []
    for number, group in enumerate(manifest.groups):
        for offset in range(0, group.rows, rows_per_batch):
            rows = min(rows_per_batch, group.rows - offset)
            slices.append(BatchSlice(len(slices) + 1, number, offset, rows))
    return slices
