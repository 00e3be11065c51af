"""ClickHouse's members for its tests, and a short way to what reading ends in."""

import pytest

from app.errors import SourceError
from app.sources import SourceAccess, open_source

SCRIPT = """
CREATE DATABASE crm
CREATE TABLE crm.members (id UInt64, email String, born Date, agreed Bool) ENGINE = MergeTree ORDER BY id
INSERT INTO crm.members SELECT number, concat(toString(number), '@m.example'), '1990-01-01', number % 2 FROM numbers(5000)
CREATE TABLE crm.kinds (`Upper` Nullable(String), a Decimal(38, 2), b DateTime('Europe/Berlin'), c DateTime64(3, 'UTC'), d Float64, e Array(String), f LowCardinality(Nullable(String)), g UInt256, h FixedString(4), i Map(String, UInt8), j Nullable(Int64), k Array(Int8), `odd ``\\\\name"` String) ENGINE = Memory
INSERT INTO crm.kinds VALUES ('é \U0001f600 "],[null', 12345678901234567890.10, '2020-01-01 01:00:00', '2020-01-01 00:00:00.250', 4915112345678, ['a', 'b"'], 'x', 115792089237316195423570985008687907853269984665640564039457584007913129639935, 'DE', {'a': 1}, NULL, [1], 'odd')
"""  # noqa: E501


def fault(access: SourceAccess, source: dict[str, object], *columns: str) -> SourceError:
    """What reading everything ends in."""
    with pytest.raises(SourceError) as caught:
        list(open_source(source, access).chunks(columns or ["email"]))
    return caught.value
