"""What addresses say behind the `?`: honoured as it is written, or refused."""

import ssl

import pytest

from app.errors import SourceError
from app.settings import SettingsError, read_settings
from app.sources import SourceAccess, open_source
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


@pytest.mark.parametrize("kind", ["clickhouse", "mysql"])
def test_encryption_that_is_misspelt_is_not_left_out(kind: str) -> None:
    source = {"kind": kind, "database": "shop", "table": "members"}
    address = f"{kind}://reader:r@127.0.0.1:1/shop?ssl=reqired"
    with pytest.raises(SourceError) as caught:
        open_source(source, SourceAccess(databases={"shop": address})).attributes()
    assert caught.value.code == "address-invalid"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("snowflake://u@org-shop/CRM?warehous=W&role=R", ' has an option "warehous", which this '),
        ("snowflake://u@org-shop/CRM?Role=R", '; the nearest is "role" (it knows endpoint, '),
        ("bigquery://shop/crm?maximum_byte_billed=9", 'the nearest is "maximum_bytes_billed"'),
        ("bigquery://shop/crm?warehouse=W", 'has an option "warehouse", which this scheme does not know'),
        ("iceberg+https://catalog/api?token_fil=/run/x", 'the nearest is "token_file"'),
        ("iceberg+sqlite:///lake/catalog.db?catalogue=main", 'the nearest is "catalog"'),
        ("iceberg+sqlite:///lake/catalog.db?warehouse=main", "it knows catalog)"),
        ("clickhouse://r:p@db/shop?secure=true", "it knows password_file, ssl, ssl_ca)"),
        ("mysql://r:p@db/shop?passwordfile=/run/x", 'the nearest is "password_file"'),
        ("mariadb://r:p@db/shop?ssl-mod=REQUIRED", 'the nearest is "ssl_mode"'),
        ("mysql://r:p@db/shop?Unix_Socket=/run/x", 'the nearest is "unix_socket"'),
        ("postgresql://r:p@db/shop?sslmod=require", 'the nearest is "sslmode"'),
        ("postgres://r:p@db/shop?pasword_file=/run/x", 'the nearest is "password_file"'),
        ("clickhouse://r:hunt#r2@db/shop", "holds a #"),
        # what stands there may be the end of a password
        ("clickhouse://r:hunt?hunter2@db/shop", "percent-encode values"),
        ("clickhouse://r:hunt?hunter2=x@db/shop", "percent-encode values"),
        ("bigquery://shop/crm?location=EU&hunter2", "percent-encode values"),
    ],
)  # fmt: skip
def test_an_option_that_is_not_known_ends_the_start(address: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(segment_databases=f"fine=bigquery://shop shop={address}")
    assert str(caught.value).startswith("Wrong settings. SEGMENT_DATABASES: the address of shop h")
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_options_that_are_known_or_the_servers_own() -> None:
    addresses = (
        "mysql://r@db/s?charset=utf8mb4&ssl-mode=REQUIRED&SSL_CA=/x&unix_socket=/y",
        "postgresql://r@/s?host=%2Frun&connect_timeout=5&tcp_keepalives_idle=9&my.own=1&work_mem=64MB",
        "snowflake://u@org-shop/CRM/PUBLIC?warehouse=W&role=R&private_key_file=/k&endpoint=http://x",
        "iceberg+http://c:s@catalog/api?warehouse=main&scope=all&token_url=https://x/t",
        "unknown://db/shop?anything=1",
    )
    given = " ".join(f"n{number}={address}" for number, address in enumerate(addresses))
    assert len(read_settings(segment_databases=given).segment_databases) == len(addresses)
