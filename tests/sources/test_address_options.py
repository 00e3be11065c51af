"""What addresses say of encryption: honoured as it is written, or refused."""

import ssl

import pytest

from app.errors import SourceError
from app.sources.databases.mysql.tls import encryptions
from app.sources.databases.postgres.connection_options import connecting
from app.sources.databases.segment_databases import parse_address


@pytest.mark.parametrize(
    ("options", "verified", "named"),
    [
        ("", None, None), ("ssl_mode=DISABLED", None, None), ("ssl=0", None, None),
        ("ssl-mode=REQUIRED", ssl.CERT_NONE, False), ("sslmode=required", ssl.CERT_NONE, False),
        ("ssl_mode=VERIFY_CA", ssl.CERT_REQUIRED, False), ("ssl=required", ssl.CERT_REQUIRED, True),
        ("ssl-mode=verify_identity", ssl.CERT_REQUIRED, True), ("ssl=true", ssl.CERT_REQUIRED, True),
    ],
)  # fmt: skip
def test_mysql(options: str, verified: ssl.VerifyMode | None, *, named: bool | None) -> None:
    (found,) = encryptions("shop", parse_address("shop", f"mysql://reader:r@db/shop?{options}"))
    assert (found and found.verify_mode, found and found.check_hostname) == (verified, named)


@pytest.mark.parametrize("options", ["ssl_mode=x", "sslmode=require", "ssl=x", "ssl-ca=/nowhere"])
def test_what_mysql_cannot_honour_is_refused(options: str) -> None:
    with pytest.raises(SourceError) as caught:
        encryptions("shop", parse_address("shop", f"mysql://reader:r@db/shop?{options}"))
    assert caught.value.code == "address-invalid"


def test_mysql_prefers_encryption_where_that_is_asked() -> None:
    first, second = encryptions("s", parse_address("s", "mysql://r@db/s?ssl_mode=PREFERRED"))
    assert (first is None, second) == (False, None)


def test_postgres() -> None:
    found = connecting(
        "crm", "postgresql+asyncpg://r:p%2F@[::1]:5433/crm?sslmode=verify-full&connect_timeout=5"
    )
    assert found["dsn"] == "postgresql://r:p%2F@[::1]:5433/crm?sslmode=verify-full"
    assert (found["ssl"].check_hostname, found["ssl"].verify_mode) == (True, ssl.CERT_REQUIRED)
    plain = connecting("crm", "postgres://r@/crm?host=%2Frun%2Fpg&application_name=x")
    assert plain == {"dsn": "postgresql://r@/crm?host=%2Frun%2Fpg&application_name=x"}


@pytest.mark.parametrize(
    "options", ["sslmode=x", "channel_binding=require", "sslrootcert=/nowhere", "sslcert=/nowhere"]
)
def test_what_postgres_cannot_honour_is_refused(options: str) -> None:
    with pytest.raises(SourceError) as caught:
        connecting("crm", f"postgresql://r@db/crm?{options}")
    assert caught.value.code == "address-invalid"
