"""Looks at the databases of SEGMENT_DATABASES: whether they answer, and what the service may do there."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.errors import NotFound, SourceError
from app.sources.access import SourceAccess
from app.sources.databases.mysql.source import probe_mysql
from app.sources.databases.postgres.source import probe_postgres
from app.sources.databases.segment_databases import Probe, Rights, kind_of
from app.sources.table_formats.iceberg.catalogs import probe_iceberg
from app.sources.warehouses.bigquery.source import probe_bigquery
from app.sources.warehouses.clickhouse.source import probe_clickhouse
from app.sources.warehouses.errors import fault
from app.sources.warehouses.snowflake.source import probe_snowflake

CheckName = Literal["reachable", "signed_in", "may_read", "may_not_write"]

_PROBES: Final[Mapping[str, Probe]] = MappingProxyType(
    {
        "postgres": probe_postgres,
        "mysql": probe_mysql,
        "clickhouse": probe_clickhouse,
        "bigquery": probe_bigquery,
        "snowflake": probe_snowflake,
        "iceberg": probe_iceberg,
    }
)
_NAMES: Final[tuple[CheckName, ...]] = ("reachable", "signed_in", "may_read", "may_not_write")
# the check that fails by an error of this code; those before it went well
_FAILS: Final[Mapping[str, CheckName]] = MappingProxyType(
    {
        "account-disabled": "signed_in",
        "credentials-expired": "signed_in",
        "credentials-refused": "signed_in",
        "mfa-required": "signed_in",
        "network-policy-refused": "signed_in",
        "quota-exceeded": "may_read",
        "warehouse-suspended": "may_read",
        "database-not-found": "signed_in",
        "database-permission-denied": "may_read",
        "database-writable": "may_not_write",
        "account-may-write": "may_not_write",
    }
)
_LIST_SECONDS = 3.0
_CHECK_SECONDS = 10.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `ok` is None where one before it failed.

    `warning`: it is as it must be, and could be better.
    """

    name: CheckName
    ok: bool | None
    code: str | None = None
    detail: str | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A database that was looked at, and for how many seconds."""

    name: str
    kind: str | None
    checks: tuple[Check, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether segments can be read from it."""
        return all(check.ok for check in self.checks)


def check_database(name: str, access: SourceAccess, *, seconds: float = _CHECK_SECONDS) -> Checked:
    """Connect, sign in, look at what the account may do, and try to write. Blocking.

    Raises `NotFound` for a name that SEGMENT_DATABASES does not have.
    """
    if name not in access.databases:
        raise NotFound("There is no database of this name among those SEGMENT_DATABASES allows.")
    address = access.databases[name]
    kind, began = kind_of(address), time.monotonic()
    probe = _PROBES.get(kind or "")
    if probe is None:
        schemes = "Its address in SEGMENT_DATABASES has a scheme that nothing here reads."
        checks = _failed(SourceError(schemes, code="database-kind-unknown"))
    else:
        try:
            checks = _passed(probe(name, address, seconds), writers_allowed=access.writers_allowed)
        except SourceError as error:
            checks = _failed(error)
        except TimeoutError:
            checks = _failed(fault(name, "database-unreachable"))
    return Checked(name, kind, checks, round(time.monotonic() - began, 3))


def check_databases(access: SourceAccess) -> list[Checked]:
    """All of them at once, each for a few seconds at most, in the order of their names. Blocking."""
    names = sorted(access.databases)
    if not names:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(names))) as threads:
        return list(
            threads.map(lambda name: check_database(name, access, seconds=_LIST_SECONDS), names)
        )


def _passed(rights: Rights, *, writers_allowed: bool) -> tuple[Check, ...]:
    reads = Check("may_read", True)
    if not rights.may_read:
        reads = Check(
            "may_read",
            False,
            "nothing-readable",
            "The account may read no table. Have the owner of the database grant SELECT on what segments "
            "are read from.",
        )
    writes = Check("may_not_write", True)
    if rights.may_write:
        writes = Check(
            "may_not_write",
            writers_allowed,
            "account-may-write",
            "The service reads in read-only transactions, and an attempt to write was refused. The account "
            "itself holds rights to write: give the service one that has SELECT and nothing else"
            + (
                "."
                if writers_allowed
                else "; segments are not read with this one (ALLOW_WRITING_SOURCE_ACCOUNTS)."
            ),
            warning=writers_allowed,
        )
    return (Check("reachable", True), Check("signed_in", True), reads, writes)


def _failed(error: SourceError) -> tuple[Check, ...]:
    place = _NAMES.index(_FAILS.get(error.code, "reachable"))
    return (
        *(Check(name, True) for name in _NAMES[:place]),
        Check(_NAMES[place], False, error.code, error.detail),
        *(Check(name, None) for name in _NAMES[place + 1 :]),
    )
