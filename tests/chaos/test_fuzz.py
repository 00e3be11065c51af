"""Ten minutes of nonsense for every operation and every parser: no 5xx, no hang, no growing memory.

`make chaos` gives each parser FUZZ_SECONDS (600); without CHAOS=full it is half a second, so that the test
itself is known to work. The parsers of files are fed through the one door there is for them.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.http.idempotency import check_key
from app.http.pagination import PageQuery
from app.http.preconditions import check_version
from app.sources import SourceAccess, open_source
from app.webhooks.allowed_addresses import check_form, is_public

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

SECONDS = float(
    os.environ.get("FUZZ_SECONDS", "600" if os.environ.get("CHAOS") == "full" else "0.5")
)
LONGEST_SECONDS = 2.0
GROWTH_BYTES = 200 * 1024 * 1024

CELLS = st.text(max_size=40) | st.sampled_from(
    ['"', '""', ",", "\t", "\\", "\0", "\ufeff", "\r", "=1"]
)
LINES = st.lists(st.lists(CELLS, max_size=6).map(",".join), max_size=20).map("\n".join)
TEXTS = st.binary(max_size=2000) | LINES.map(lambda text: text.encode("utf-8", "surrogatepass"))
JSON_LINES = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(repr),
    max_size=10,
).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass"))


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def fuzz(strategy: st.SearchStrategy[Any], feed: Callable[[Any], None]) -> int:
    """Feed what the strategy makes until the time is over; how many there were."""
    until, count, idle = time.monotonic() + SECONDS, 0, resident()

    @settings(
        max_examples=1_000_000_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(value: Any) -> None:
        nonlocal count
        if time.monotonic() > until:
            raise _Over
        began = time.monotonic()
        try:
            feed(value)
        except AppError as error:
            broken = error.status >= 500
        else:
            broken = False
        assert not broken
        assert time.monotonic() - began < LONGEST_SECONDS
        count += 1

    with contextlib.suppress(_Over):
        run()
    assert resident() - idle < GROWTH_BYTES
    return count


class _Over(BaseException):
    """The time is over."""


def read(path: Path, kind: str = "file", **fields: Any) -> None:
    """A source from its columns to its last member."""
    access = SourceAccess.from_settings_values((str(path.parent),), {}, statement_timeout_seconds=5)
    source = open_source({"kind": kind, "url": str(path), **fields}, access)
    names = [attribute.name for attribute in source.attributes()]
    source.count()
    for _ in source.chunks(names[:3], rows=1000):
        pass


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("a.csv", TEXTS),
        ("a.tsv", TEXTS),
        ("a.ndjson", JSON_LINES | TEXTS),
        ("a.csv.gz", st.binary()),
    ],
)
def test_text(tmp_path: Path, name: str, strategy: st.SearchStrategy[bytes]) -> None:
    path = tmp_path / name

    def feed(data: bytes) -> None:
        path.write_bytes(b"email,a\n" + data if name.endswith("sv") and len(data) % 2 else data)
        read(path)

    assert fuzz(strategy, feed) > 0


def test_parquet(tmp_path: Path) -> None:
    """A good file with bytes of its footer changed."""
    import polars as pl  # noqa: PLC0415 - not before the marks above

    path = tmp_path / "a.parquet"
    pl.DataFrame({"email": ["a@example.com"] * 50, "n": range(50)}).write_parquet(path)
    good = path.read_bytes()
    changes = st.lists(st.tuples(st.integers(4, len(good) - 1), st.integers(0, 255)), max_size=8)

    def feed(changed: list[tuple[int, int]]) -> None:
        data = bytearray(good)
        for at, value in changed:
            data[at] = value
        path.write_bytes(data)
        read(path)

    assert fuzz(changes, feed) > 0


def test_delta(tmp_path: Path) -> None:
    """A table whose log holds anything."""
    log = tmp_path / "table" / "_delta_log"
    log.mkdir(parents=True)

    def feed(data: bytes) -> None:
        (log / f"{0:020}.json").write_bytes(data)
        read(tmp_path / "table", kind="delta")

    assert fuzz(JSON_LINES | TEXTS, feed) > 0


def test_cursors() -> None:
    fuzz(st.text(max_size=500), lambda text: PageQuery(50, text).after("runs") and None)


def test_versions() -> None:
    fuzz(st.text(max_size=300), lambda text: check_version(text, 7))


def test_idempotency_keys() -> None:
    """What is let through can be written down as it is."""

    def feed(key: str) -> None:
        check_key(key)
        assert 1 <= len(key.encode()) <= 255 * 4
        assert "\0" not in key

    fuzz(
        st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")), feed
    )


def test_webhook_addresses() -> None:
    fuzz(
        st.text(max_size=200) | st.text(max_size=80).map("https://{}".format),
        lambda text: check_form(text, allow_private=False),
    )
    fuzz(st.ip_addresses(), lambda address: is_public(address) and None)
