"""What a deployment allows sources to reach; everything else does not exist for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import unquote

from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses, Tolerance
from app.sources.member_source import KeptMembers


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds a database may take: `connect` until it first answers, `statement` for one query."""

    connect: float
    statement: float


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """Folders, object-storage prefixes and databases that segments may be read from.

    `kept` reads the members that were pushed; without it there are none. `databases` maps a name
    to an address with its password: it is left out of `repr`. A database may take `connect_timeout_seconds`
    until it first answers, a query `statement_timeout_seconds`, which includes the time its members take to
    be staged. An account of a database that may write is refused unless `writers_allowed`.
    """

    roots: tuple[Path, ...] = ()
    root_urls: tuple[str, ...] = ()
    databases: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, hash=False
    )
    connect_timeout_seconds: float = 10.0
    statement_timeout_seconds: float = 900.0
    maximum_bytes_billed: int = 1 << 40
    tolerance: Tolerance = field(default_factory=Tolerance)
    unpacking: UnpackLimits = field(default_factory=UnpackLimits)
    kept: KeptMembers | None = field(default=None, repr=False, hash=False, compare=False)
    writers_allowed: bool = False

    @property
    def patience(self) -> Patience:
        """How long one database may take."""
        return Patience(
            min(self.connect_timeout_seconds, self.statement_timeout_seconds),
            self.statement_timeout_seconds,
        )

    def losses(self) -> Losses:
        """For one reading of a source."""
        return Losses(self.tolerance)

    @classmethod
    def from_settings_values(
        cls,
        roots: Sequence[str],
        databases: Mapping[str, str],
        *,
        connect_timeout_seconds: float = 10.0,
        statement_timeout_seconds: float = 900.0,
        maximum_bytes_billed: int = 1 << 40,
        tolerance: Tolerance | None = None,
        unpacking: UnpackLimits | None = None,
        kept: KeptMembers | None = None,
        writers_allowed: bool = False,
    ) -> Self:
        """Sort the entries of SEGMENT_ROOTS into folders and addresses (`s3://bucket/prefix`)."""
        plain = [
            unquote(root.removeprefix("file://")) if root.startswith("file://") else root
            for root in roots
        ]
        folders = tuple(Path(root) for root in plain if "://" not in root)
        urls = tuple(root.rstrip("/") for root in plain if "://" in root)
        return cls(
            folders,
            urls,
            MappingProxyType(dict(databases)),
            connect_timeout_seconds,
            statement_timeout_seconds,
            maximum_bytes_billed,
            tolerance or Tolerance(),
            unpacking or UnpackLimits(),
            kept,
            writers_allowed,
        )
