"""What can go wrong with staged files, told apart by what the caller does about it."""

from app.errors import AppError


class SnapshotError(AppError):
    """Staged rows could not be written or read.

    `code` says what to do: `snapshot-unreachable` (the storage is away, full or refuses us: try
    again or repair it), `snapshot-missing` and `snapshot-corrupt` (the staged rows are lost: stage
    again if nothing was sent yet), `snapshot-key-mismatch` (the two snapshots of a mirror were
    staged under different key identifiers), `snapshot-rows-unusable` (the rows offered for staging
    break the rules of staged columns).
    """

    code = "snapshot-unreachable"
    status = 503
