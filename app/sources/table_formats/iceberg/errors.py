"""The sentences Iceberg tables and their catalogs fail with; never with the catalog's own words."""

from app.errors import Culprit, SourceError
from app.sources import errors


def broken(name: str, what: str) -> SourceError:
    """The table's own description cannot be read."""
    return errors.broken(
        "iceberg-broken",
        name,
        None,
        f"{what} cannot be read, or does not fit the rest of the table",
        "Have the table checked by whoever writes it; files of expired snapshots are gone.",
    )


def unsupported(name: str, what: str) -> SourceError:
    """It asks more of a reader than there is here."""
    return SourceError(
        f"{name} {what}. Compact it (rewrite_data_files), or write the members to a table without that.",
        code="iceberg-unsupported",
        source=name,
    )


def too_large(name: str, what: str, most: str) -> SourceError:
    """Its description would take too much memory."""
    return unsupported(name, f"has {what} of more than {most}")


def snapshot_missing(name: str, snapshot: int) -> SourceError:
    return SourceError(
        f"{name} has no snapshot {snapshot}, or no longer. Leave snapshot out to read the newest.",
        code="iceberg-snapshot-missing",
        source=name,
    )


def table_missing(name: str) -> SourceError:
    return SourceError(
        f"There is no {name}. Check the names of the namespace and the table.",
        code="source-not-found",
        source=name,
    )


def catalog(name: str, code: str, why: str, culprit: Culprit = Culprit.SYSTEM) -> SourceError:
    """The catalog of SEGMENT_DATABASES said no, or nothing."""
    return SourceError(
        f"{name}: {why}. Have the operator check its address in SEGMENT_DATABASES.",
        code=code,
        culprit=culprit,
        source=name,
    )


def unreachable(name: str) -> SourceError:
    return catalog(
        name,
        "database-unreachable",
        "the catalog cannot be reached, or gives no usable answer; try again",
        Culprit.EXTERNAL,
    )


def refused(name: str) -> SourceError:
    return catalog(name, "credentials-refused", "the catalog refuses this service's credentials")


def forbidden(name: str) -> SourceError:
    return SourceError(
        f"{name}: the service may not read it. Have the owner of the catalog grant it.",
        code="database-permission-denied",
        source=name,
    )
