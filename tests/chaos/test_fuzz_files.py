"""Ten minutes of nonsense for every parser of files: nothing but a clear complaint, soon, in little memory.

`make chaos` gives each FUZZ_SECONDS (600); otherwise it is a moment, so that the tests themselves work.
"""

import gzip
import io
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from app.errors import SourceError
from app.exports.members.mapping import plan_of_spec
from app.identifiers.columns.distinct_values import Memory
from app.identifiers.hash_tally import HashTally
from app.identifiers.identify import identify
from app.sources import SourceAccess, open_source, tally_beside
from app.sources.limits.thrift import BadThrift, Reader
from tests.chaos.fuzzing import Fuzzed, fuzz
from tests.sources.hostile import (
    CSV,
    CSV_OPTIONS,
    DELTA_ACTIONS,
    JSON,
    NDJSON,
    parquet,
    read_all,
    reading,
    spoilt,
)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

_CELLS = st.text(max_size=40) | st.sampled_from(['"', '""', ",", "\t", "\\", "\0", "\ufeff", "\r"])
_ROWS = st.lists(st.lists(_CELLS, max_size=6).map(",".join), max_size=20).map(
    lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")
)
_HEADED = st.builds(
    lambda head, rest: head + rest, st.sampled_from([b"", b"email,a\n"]), CSV | _ROWS
)


def _file(folder: Path, name: str, into: list[Fuzzed], target: str, bytes_: Any) -> None:
    path = folder / name

    def feed(given: tuple[bytes, dict[str, Any]]) -> None:
        path.write_bytes(given[0])
        read_all({"kind": "file", "url": str(path), **given[1]}, reading(folder))

    fuzz(target, bytes_, feed, into)


def _plain(bytes_: st.SearchStrategy[bytes]) -> Any:
    return st.tuples(bytes_, st.just({}))


def test_csv(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    _file(tmp_path, "a.csv", fuzzed, "CSV", st.tuples(_HEADED, CSV_OPTIONS))


def test_ndjson(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    _file(tmp_path, "a.ndjson", fuzzed, "NDJSON", _plain(NDJSON | _ROWS))


def test_parquet_footers(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    several = parquet(d=[1.5, None, 2.0], e=[b"x", b"", None], f=[True, None, False])
    _file(tmp_path, "a.parquet", fuzzed, "Parquet", _plain(spoilt(parquet()) | spoilt(several)))


def test_packed(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    """gzip and zstd, of several pieces, spoilt."""
    zstd = pytest.importorskip("zstandard")
    text = b"email,a\n" + b"a@example.com,b\n" * 40
    wholes = [gzip.compress(text) + gzip.compress(text), zstd.ZstdCompressor().compress(text)]
    made = st.one_of(*map(spoilt, wholes)) | CSV.map(gzip.compress)
    _file(tmp_path, "a.csv.gz", fuzzed, "gzip and zstd", _plain(made))


def test_thrift(fuzzed: list[Fuzzed]) -> None:
    """What Parquet's footers and heads of pages are made of."""

    def feed(data: bytes) -> None:
        try:
            Reader(data).struct()
        except BadThrift:
            raise SourceError(code="parquet-broken") from None

    whole = parquet()
    footer = whole[-8 - int.from_bytes(whole[-8:-4], "little") : -8]
    fuzz("Thrift", st.binary(max_size=4_000) | spoilt(footer), feed, fuzzed)


def test_hashed(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    """Files of hashes that another job left, and what is no hash."""
    path = tmp_path / "hashed.parquet"
    values = st.lists(
        st.text(max_size=70)
        | st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
        | st.binary(max_size=40)
        | st.none(),
        max_size=12,
    )
    plan = plan_of_spec(
        {"key_identifier": "email", "attributes": {"EMAIL": ["EMAIL"], "FN": ["FN"]},
         "default_country": None, "date_format": None, "time_zone": "UTC", "consent": None, "ldu": None},
        already_hashed=True,
    )  # fmt: skip

    def feed(columns: tuple[list[Any], list[Any]]) -> None:
        rows = min(map(len, columns))
        pl.DataFrame(
            [pl.Series(name, column[:rows], dtype=pl.Binary if any(isinstance(one, bytes) for one in column)
                       else pl.String, strict=False)
             for name, column in zip(("EMAIL", "FN"), columns, strict=True)]
        ).write_parquet(path)  # fmt: skip
        opened = open_source({"kind": "file", "url": str(path), "hashed": True}, reading(tmp_path))
        for frame in opened.chunks(["EMAIL", "FN"]):
            found = identify(frame, plan, Memory())
            assert found.read + found.expanded == found.rows.height + sum(found.skipped.values())

    fuzz("hashed files", st.tuples(values, values), feed, fuzzed)


def test_tally(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    """What it counts goes into the numbers of a run: they must stay numbers that a database takes."""
    good = HashTally(read=5, rows=4).to_json() | {"skipped": {"no_usable_identifier": 1}}
    numbers = st.integers() | st.floats() | st.text(max_size=5) | st.none() | st.just("9" * 5_000)
    counts = st.dictionaries(st.text(max_size=5), numbers, max_size=3) | JSON
    changed = st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("read", "expanded", "rows", "rules_version"), numbers),
            **dict.fromkeys(("skipped", "filled"), counts),
            "refused": st.dictionaries(st.text(max_size=5), counts, max_size=2) | JSON,
        },
    ).map(lambda change: json.dumps({**good, **change}).encode())
    text = json.dumps(good).encode()

    def feed(data: bytes) -> None:
        (tmp_path / "_tally.json").write_bytes(data)
        document = tally_beside({"url": str(tmp_path), "hashed": True}, reading(tmp_path))
        assert document is not None
        try:
            found = HashTally.from_json(document)
        except ValueError:
            raise SourceError(code="tally-invalid") from None
        counted = [found.read, found.expanded, found.rows, *found.skipped.values()]
        counted += [number for reasons in found.refused.values() for number in reasons.values()]
        assert all(0 <= number < 1 << 63 for number in (*counted, *found.filled.values()))
        assert "\0" not in "".join([found.rules_version, *found.skipped, *found.refused])

    fuzz("_tally.json", changed | spoilt(text) | st.binary(max_size=50), feed, fuzzed)


# -- Delta -----------------------------------------------------------------------------------------


def _delta(folder: Path) -> Path:
    deltalake = pytest.importorskip("deltalake")
    frame = pl.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    deltalake.write_deltalake(str(folder), frame)
    deltalake.write_deltalake(str(folder), frame, mode="append")
    return folder


def test_delta_logs(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    """A commit more, or the last one spoilt."""
    table = _delta(tmp_path / "table")
    last, more = (table / "_delta_log" / f"{number:020}.json" for number in (1, 2))
    good = last.read_bytes()

    def feed(given: tuple[bytes, bytes | None]) -> None:
        spoilt_last, added = given
        last.write_bytes(spoilt_last)
        more.unlink(missing_ok=True)
        if added is not None:
            more.write_bytes(added)
        read_all({"kind": "delta", "url": str(table)}, reading(tmp_path))

    fuzz("Delta logs", st.tuples(spoilt(good) | st.just(good), st.none() | DELTA_ACTIONS | NDJSON), feed,
         fuzzed)  # fmt: skip


def test_delta_checkpoints(tmp_path: Path, fuzzed: list[Fuzzed]) -> None:
    """Spoilt, with and without the commits they stand for."""
    deltalake = pytest.importorskip("deltalake")
    table = _delta(tmp_path / "table")
    deltalake.DeltaTable(str(table)).create_checkpoint()
    log = table / "_delta_log"
    for commit in log.glob("*.json"):
        commit.unlink()
    checkpoint, hint = next(log.glob("*.parquet")), log / "_last_checkpoint"
    good, told = checkpoint.read_bytes(), hint.read_bytes()

    def feed(given: tuple[bytes, bytes]) -> None:
        checkpoint.write_bytes(given[0])
        hint.write_bytes(given[1])
        read_all({"kind": "delta", "url": str(table)}, reading(tmp_path))

    hints = st.just(told) | spoilt(told) | NDJSON
    fuzz("Delta checkpoints", st.tuples(spoilt(good) | st.just(good), hints), feed, fuzzed)


# -- Iceberg ---------------------------------------------------------------------------------------


class _Lake:
    """A table, its documents by kind, and how they are replaced."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("pyiceberg")
        from tests.sources.lake import Lake  # noqa: PLC0415 - the extra may be missing

        lake = Lake(folder / "lake")
        table = lake.table("members", pl.DataFrame({"email": ["a@example.com"] * 5, "n": range(5)}))
        lake.delete("members", lake.positions("members", {lake.files("members")[0]: [1]}))
        self.metadata = lake.metadata("members")
        folder_of = self.metadata.parent
        self.lists = sorted(folder_of.glob("snap-*.avro"))
        self.manifests = sorted(set(folder_of.glob("*.avro")) - set(self.lists))
        self.deletions = sorted(folder_of.parent.glob("data/position_deletes-*.parquet"))
        self.catalog = lake.file
        self._folder, self._kept = folder / "lake", folder / "kept"
        shutil.copytree(self._folder, self._kept)
        self.access = SourceAccess(roots=(folder,), databases={"lake": lake.address})
        del table

    def read(self, path: Path, data: bytes) -> None:
        """The table, with one of its documents replaced for as long as that takes."""
        path.write_bytes(data)
        try:
            read_all({"kind": "iceberg", "database": "lake", "table": "crm.members"}, self.access)
        finally:
            shutil.copyfile(self._kept / path.relative_to(self._folder), path)

    def fuzz(self, name: str, paths: list[Path], into: list[Fuzzed], *, more: Any = None) -> None:
        """One target for each kind of document."""
        assert paths
        each = [st.tuples(st.just(path), spoilt(path.read_bytes())) for path in paths]
        if more is not None:
            each += [st.tuples(st.just(path), more) for path in paths]
        fuzz(name, st.one_of(each), lambda given: self.read(*given), into)


@pytest.fixture
def lake(tmp_path: Path) -> _Lake:
    return _Lake(tmp_path)


def test_iceberg_metadata(lake: _Lake, fuzzed: list[Fuzzed]) -> None:
    """Fields changed for other values, not only letters."""
    document = json.loads(lake.metadata.read_text())
    odd = JSON | st.sampled_from(
        ["../../etc/passwd", "file:///etc/passwd", -1, 1 << 70, "", {}, []]
    )

    def changed(places: list[tuple[int, Any]]) -> bytes:
        copy = json.loads(json.dumps(document))
        for at, value in places:
            holders = list(_holders(copy))
            holder, key = holders[at % len(holders)]
            holder[key] = value
        return json.dumps(copy).encode()

    more = st.lists(st.tuples(st.integers(0, 10_000), odd), min_size=1, max_size=3).map(changed)
    lake.fuzz("Iceberg metadata", [lake.metadata], fuzzed, more=more)


def _holders(node: Any) -> Any:
    """Every place in a document that holds a value."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from _holders(value)


def test_iceberg_manifests(lake: _Lake, fuzzed: list[Fuzzed]) -> None:
    """Avro: lists of manifests, and manifests."""
    lake.fuzz(
        "Iceberg manifests", [*lake.lists, *lake.manifests], fuzzed, more=st.binary(max_size=200)
    )


def test_iceberg_deletions(lake: _Lake, fuzzed: list[Fuzzed]) -> None:
    lake.fuzz("Iceberg deletions", lake.deletions, fuzzed)


def test_iceberg_catalogs(lake: _Lake, fuzzed: list[Fuzzed]) -> None:
    """The SQLite file, whose pages may be anything."""
    target = io.BytesIO()
    with sqlite3.connect(lake.catalog) as connection:
        target.write(connection.serialize())
    connection.close()
    lake.fuzz("Iceberg catalogs", [lake.catalog], fuzzed)
