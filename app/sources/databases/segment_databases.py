"""The databases of SEGMENT_DATABASES: of which kind each is, and what a segment names in one of them.

An entry is an address whose scheme says its kind. Secrets may stand in files that the address names
(`…?password_file=/run/secrets/crm`); a file is read at every connection, so that it may be replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from app.addresses.segment_databases import scheme_of
from app.errors import Culprit, SourceError
from app.sources import errors
from app.sources.access import SourceAccess

_FIELDS = frozenset({"kind", "database", "table", "query", "hashed"})
_PART = r"""{q}(?:[^{q}\0]|{q}{q})+{q}|[^{q}.\0]+"""


@dataclass(frozen=True, slots=True)
class Relation:
    """What is read: a quoted table, or the caller's query. `name` is for people."""

    name: str
    # a query may quote values
    text: str = field(repr=False)
    is_query: bool

    @property
    def alone(self) -> str:
        """A statement that reads all of it."""
        return self.text if self.is_query else f"SELECT * FROM {self.text}"  # noqa: S608 - quoted

    @property
    def inside(self) -> str:
        """What follows FROM. On lines of its own: the query may end with a comment."""
        return f"(\n{self.text}\n) AS members" if self.is_query else self.text


@dataclass(frozen=True, slots=True)
class Address:
    """An entry taken apart, everything decoded; it holds secrets, so nothing of it is shown."""

    host: str = field(repr=False)
    port: int | None = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)
    database: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)


def kind_of(address: str) -> str | None:
    """The kind its scheme names, or None for a scheme nobody reads."""
    scheme = scheme_of(address)
    return None if scheme is None else scheme.kind


def address_of(
    source: Mapping[str, Any],
    kind: str,
    access: SourceAccess,
    *,
    fields: frozenset[str] = _FIELDS,
) -> str:
    """The address of the database a source of this kind names.

    Raises `source-invalid` for fields it does not have, `database-unknown`, `database-kind-mismatch`.
    """
    if surplus := sorted(set(source) - fields):
        raise errors.invalid(f'A source of kind {kind} has no field "{surplus[0]}".')
    name = source.get("database")
    if not isinstance(name, str) or name not in access.databases:
        raise errors.database_unknown()
    found = kind_of(access.databases[name])
    if found != kind:
        what = "another kind" if found is None else f"kind {found}"
        raise SourceError(
            f'The database {name} is of {what}, not of kind {kind}. Set "kind" to what its address in '
            "SEGMENT_DATABASES says; GET /v1/segment-sources lists both.",
            code="database-kind-mismatch",
            source=name,
        )
    return access.databases[name]


def relation_of(
    source: Mapping[str, Any], *, quote_mark: str, parts: int = 2, escapes: bool = False
) -> Relation:
    """The table or query a source names; a table has up to `parts` names with dots between them.

    `escapes` says that a backslash means something within quotes there.

    Raises `source-invalid`.
    """
    database, table, query = (source.get(key) for key in ("database", "table", "query"))
    given = table if query is None else query
    if (table is None) == (query is None) or not isinstance(given, str) or "\0" in given:
        raise errors.invalid('Give either "table" (schema.name) or "query" (one SELECT).')
    if query is not None:
        return Relation(f"query on {database}", given, is_query=True)
    names = names_of(given, quote_mark=quote_mark)
    if not 1 <= len(names) <= parts:
        raise errors.invalid('"table" must be a name or schema.name; quote names with dots.')
    quoted = ".".join(quoted_name(name, quote_mark, escapes=escapes) for name in names)
    return Relation(f"table {given} of {database}", quoted, is_query=False)


def names_of(table: str, *, quote_mark: str) -> list[str]:
    """The names between the dots, without their quotes; none where it cannot be taken apart."""
    names = re.findall(_PART.format(q=quote_mark), table)
    return [_bare(name, quote_mark) for name in names] if ".".join(names) == table else []


def quoted_name(name: str, quote_mark: str, *, escapes: bool = False) -> str:
    """The name so that it cannot end early."""
    if escapes:
        name = name.replace("\\", "\\\\")
    return quote_mark + name.replace(quote_mark, quote_mark * 2) + quote_mark


def _bare(name: str, mark: str) -> str:
    return name[1:-1].replace(mark * 2, mark) if name.startswith(mark) else name


def with_password(name: str, address: str) -> str:
    """The address with the password of its `password_file`, percent-encoded; others as they are.

    Raises `secret-unreadable`.
    """
    parts = urlsplit(address)
    options = parse_qsl(parts.query, keep_blank_values=True)
    file = dict(options).get("password_file")
    if file is None:
        return address
    person, at, place = parts.netloc.rpartition("@")
    user = person.partition(":")[0] if at else ""
    netloc = f"{user}:{quote(secret_of(name, file), safe='')}@{place}"
    rest = urlencode([item for item in options if item[0] != "password_file"])
    return urlunsplit(parts._replace(netloc=netloc, query=rest))


def secret_of(name: str, path: str) -> str:
    """The secret in a file, without the line end behind it. Raises `secret-unreadable`."""
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError):
        raise SourceError(
            f"{name}: the file that its address in SEGMENT_DATABASES names for a secret cannot be read. "
            "Have the operator check that it is there and that the service may read it.",
            code="secret-unreadable",
            culprit=Culprit.SYSTEM,
            source=name,
        ) from None


def secret_invalid(name: str, what: str) -> SourceError:
    """The file is there, and holds something else than what is signed in with."""
    return SourceError(
        f"{name}: the file that its address in SEGMENT_DATABASES names for a secret does not hold {what}. "
        "Have the operator put it there.",
        code="secret-unreadable",
        culprit=Culprit.SYSTEM,
        source=name,
    )


def parse_address(name: str, address: str) -> Address:
    """Its parts, percent-decoding done and secrets read. Raises `address-invalid`, `secret-unreadable`."""
    try:
        parts = urlsplit(with_password(name, address))
        return Address(
            host=unquote(parts.hostname or ""),
            port=parts.port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.removeprefix("/")),
            options=dict(parse_qsl(parts.query, keep_blank_values=True)),
        )
    except ValueError:
        raise address_invalid(name) from None


@contextmanager
def taken_apart(name: str) -> Iterator[None]:
    """While a library makes a connection of an address, whose parts it may stumble over in its own way.

    Raises `address-invalid`; what a server says passes.
    """
    try:
        yield
    except (UnicodeError, OverflowError, TypeError):
        raise address_invalid(name) from None
    except ValueError as error:
        if type(error) is ValueError:
            raise address_invalid(name) from None
        raise  # a kind of its own: asyncpg's and httpx's are told apart by whoever asked


def is_yes(name: str, option: str, value: str) -> bool:
    """Whether an option is on. Raises `address-invalid`: one misread may send members in the clear."""
    if value.lower() in {"required", "true", "1", "yes"}:
        return True
    if value.lower() in {"", "false", "0", "no"}:
        return False
    raise address_invalid(name, f"has a value of {option} that is not known")


def address_invalid(name: str, why: str = "cannot be taken apart") -> SourceError:
    """The operator's entry is wrong."""
    return SourceError(
        f"{name}: its address in SEGMENT_DATABASES {why}. Have the operator write it as "
        "scheme://user:password@host:port/database, with percent-encoded values.",
        code="address-invalid",
        culprit=Culprit.SYSTEM,
        source=name,
    )


def extra_missing(kind: str, extra: str) -> SourceError:
    """The package that reads this kind is not installed."""
    return SourceError(
        f'This installation cannot read sources of kind {kind}; have the operator add the extra "{extra}" '
        f"(pip install 'audience-export[{extra}]').",
        code="extra-missing",
        culprit=Culprit.SYSTEM,
        extra=extra,
    )


@dataclass(frozen=True, slots=True)
class Rights:
    """What the account of an entry holds: whether it reads any table, and whether it could write one."""

    may_read: bool
    may_write: bool


Probe = Callable[[str, str, float], Rights]
"""`(name, address, seconds)`: sign in, look at the account's rights, try to write.

Raises `SourceError`; `database-writable` if the attempt to write was not refused.
"""


def may_write(name: str, remedy: str) -> SourceError:
    """The account of an entry holds rights that nothing here needs; `remedy` makes one that does not."""
    return SourceError(
        f"{name}: the account that SEGMENT_DATABASES names may write, and nothing is read with such a one. "
        f"Have the database's owner make one that may only read: {remedy} Or have the operator set "
        "ALLOW_WRITING_SOURCE_ACCOUNTS=true.",
        code="account-may-write",
        culprit=Culprit.SYSTEM,
        source=name,
    )


def writable(name: str) -> SourceError:
    """The server let the service write although it was told to read only."""
    return SourceError(
        f"{name}: the database did not refuse an attempt to write. Have its owner give the service an "
        "account that may only read.",
        code="database-writable",
        culprit=Culprit.SYSTEM,
        source=name,
    )
