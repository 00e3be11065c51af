"""Members that were hashed elsewhere: the same audience, the same counts, and no hash taken on trust."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.identifiers import RULES_VERSION
from tests.flows.exporting import Exporting
from tests.sources_end_to_end.conftest import fingerprint, member_frame

PEOPLE = 3_000
MAPPING = {"EMAIL": "email", "FN": "first_name"}


def hashed(frame: pl.DataFrame, folder: Path, *options: str) -> Any:
    path = folder.parent / f"{folder.name}.parquet"
    frame.write_parquet(path)
    attributes = "EMAIL=email,FN=first_name"
    return CliRunner().invoke(
        app, ["hash", str(path), str(folder), "--attributes", attributes, *options]
    )


async def test_hashing_outside_gives_the_same_run(
    exporting: Exporting, segment_root: Path, tmp_path: Path
) -> None:
    frame = member_frame(PEOPLE)
    frame = frame.vstack(frame.head(40).with_columns(email=pl.lit("no address")))
    answer = hashed(frame, segment_root / "out")
    assert answer.exit_code == 0, answer.output
    tally = json.loads((segment_root / "out" / "_tally.json").read_text())
    assert (tally["rules_version"], tally["read"], tally["rows"]) == (
        RULES_VERSION,
        PEOPLE + 40,
        PEOPLE,
    )
    assert b"example" not in (segment_root / "out" / "part-00000.parquet").read_bytes()
    frame.write_parquet(segment_root / "plain.parquet")
    plain = await exporting.segment({"kind": "file", "url": f"{segment_root}/plain.parquet"})
    source = {"kind": "file", "url": f"{segment_root}/out", "hashed": True}
    outside = await exporting.segment(source)
    exports = [
        await exporting.export(plain, attributes=MAPPING),
        # by the names of the keys, although the mapping names others
        await exporting.export(outside, attributes=MAPPING),
    ]
    (one, direct), (two, taken) = await exporting.run_all(exports)
    assert exporting.holds(one) == exporting.holds(two) == fingerprint(PEOPLE)
    assert {**direct["counts"]} == {**taken["counts"]}
    assert direct["skipped_reasons"] == taken["skipped_reasons"] == {"email_invalid": 40}
    again = hashed(frame, segment_root / "out")
    assert again.exit_code == 2


async def test_hashes_in_a_database_with_consent(
    exporting: Exporting, crm: Any, segment_root: Path
) -> None:
    """Bytes, hexadecimal in both cases, mapped names; what is no hash is refused, not hashed."""
    digests = [hashlib.sha256(f"m{number}@example.com".encode()) for number in range(9)]
    await crm.execute("CREATE TABLE hashes (mail bytea, agreed bool)")
    rows = [(one.digest(), number < 6) for number, one in enumerate(digests)]
    await crm.executemany("INSERT INTO hashes VALUES ($1, $2)", rows)
    texts = [one.hexdigest() for one in digests[:5]] + [digests[5].hexdigest().upper()]
    bad = ["plain@example.com", "ab" * 31, hashlib.sha256(b"").hexdigest()]
    pl.DataFrame({"mail": texts + bad}).write_csv(segment_root / "h.csv")
    table = await exporting.segment(
        {"kind": "postgres", "database": "crm", "table": "hashes", "hashed": True}
    )
    text = await exporting.segment({"kind": "file", "url": f"{segment_root}/h.csv", "hashed": True})
    consent = {"attribute": "agreed", "equals": "t"}
    exports = [
        await exporting.export(table, attributes={"EMAIL": "mail"}, consent=consent),
        await exporting.export(text, attributes={"EMAIL": "mail"}),
    ]
    (one, first), (two, second) = await exporting.run_all(exports)
    assert exporting.holds(one) == exporting.holds(two)
    assert exporting.holds(one)[0] == 6
    assert first["skipped_reasons"] == {"no_consent": 3}
    assert second["skipped_reasons"] == {"digest_invalid": 2, "digest_of_nothing": 1}


NOTHING = {"rules_version": "x", "expanded": 0, "skipped": {}, "refused": {}, "filled": {}}


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (json.dumps(NOTHING | {"read": 4, "rows": 4}), "skipped", "tally-mismatch"),
        (json.dumps(NOTHING | {"read": 9, "rows": 3}), "failed", "tally-invalid"),
        ("[]", "failed", "tally-invalid"),
        ("{", "failed", "tally-invalid"),
        ('{"rows": "many"}', "failed", "tally-invalid"),
    ],
)
async def test_a_tally_of_other_rows_sends_nothing(
    exporting: Exporting, segment_root: Path, document: str, status: str, code: str
) -> None:
    """An incomplete delivery of a cluster is told from a smaller segment."""
    folder = segment_root / "out"
    folder.mkdir()
    digests = [hashlib.sha256(f"m{number}@example.com".encode()).digest() for number in range(3)]
    pl.DataFrame({"EMAIL": digests}).write_parquet(folder / "part.parquet")
    (folder / "_tally.json").write_text(document)
    segment = await exporting.segment({"kind": "file", "url": str(folder), "hashed": True})
    run = await exporting.run(await exporting.export(segment, attributes={"EMAIL": "EMAIL"}))
    assert (run["status"], run["error"]["code"]) == (status, code)
    assert exporting.uploads() == []


async def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    frame = member_frame(3)
    for options in (["--attributes", "EMAIL"], ["--attributes", "NOBODY=id"], ["--consent", "x"]):
        assert hashed(frame, tmp_path / "out", *options).exit_code == 2
    assert hashed(frame, tmp_path / "out", "--attributes", "LN=absent").exit_code == 1
    assert not (tmp_path / "out" / "_tally.json").exists()
    assert hashed(frame.clear(), tmp_path / "none").exit_code == 0
    assert pl.read_parquet(tmp_path / "none" / "part-00000.parquet").columns == ["EMAIL", "FN"]
