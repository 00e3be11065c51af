"""The recipes of docs/clusters.md, run by Spark and Ray themselves with the rules alone: `make spark ray`."""

import asyncio
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.identifiers import HashTally, IdentifierPlan, KeyIdentifier, identify
from tests.flows.exporting import Exporting
from tests.guide.pages import ROOT, blocks

PYTHONS = {engine: os.environ.get(f"{engine.upper()}_PYTHON", "") for engine in ("spark", "ray")}
PEOPLE = 100_000
PLAN = IdentifierPlan(
    KeyIdentifier.EMAIL, {"EMAIL": ("mail",), "PHONE": ("mobile",)}, default_country="DE"
)
_BOTH = """
import importlib.util
import pathlib
import sys

for server in ("fastapi", "sqlalchemy", "pydantic", "arq", "redis", "httpx"):
    assert importlib.util.find_spec(server) is None, server
place, out = sys.argv[1:]


def write(path, text):
    pathlib.Path(path).write_text(text)

"""
_SPARK = """
from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "1g")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
members = spark.read.parquet(place).repartition(4)
assert members.rdd.getNumPartitions() == 4
"""
_RAY = """
import ray

ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000, log_to_driver=False)
"""


def dirty_members() -> pl.DataFrame:
    """As people type them: capitals, blanks, nothing, no address, numbers of several countries, and twice."""
    chance = random.Random(17)
    mails, mobiles = [], []
    for number in range(PEOPLE):
        name = (
            f"member.{number if chance.random() > 0.02 else chance.randrange(PEOPLE)}@example.com"
        )
        kinds = [name] * 12 + [f"  {name.upper()} ", name.title(), f"<{name}>", f"mailto:{name}"]
        mails.append(
            chance.choice([*kinds, "", None, "n/a", "no address", name.replace("@", " at ")])
        )
        digits = f"151{chance.randrange(10**8):08d}"
        shapes = [f"0{digits}", f"+49 {digits}", f"0049-{digits[:3]}/{digits[3:]}", f"(0){digits}"]
        mobiles.append(
            chance.choice([*shapes, None, "", "unknown", "12", "0000000000", "+1 212 555 0100"])
        )
    return pl.DataFrame({"id": range(PEOPLE), "mail": mails, "mobile": mobiles})


def job(engine: str) -> str:
    """The recipe as the page has it, and what is around it in every job."""
    page = [one.code for one in blocks(ROOT / "docs" / "clusters.md") if one.language == "python"]
    spark, ray = page
    if engine == "spark":
        return _BOTH + _SPARK + spark
    plan, found, _ = spark.partition("both = members.mapInArrow")
    assert found
    return _BOTH + _RAY + plan + ray


@pytest.mark.parametrize("engine", PYTHONS)
@pytest.mark.timeout(400)
async def test_the_recipe_gives_the_direct_run(
    exporting: Exporting, segment_root: Path, tmp_path: Path, engine: str
) -> None:
    python = PYTHONS[engine]
    if not python:
        pytest.skip(
            {"spark": "needs Spark and Java: make spark", "ray": "needs Ray: make ray"}[engine]
        )
    frame, out = dirty_members(), segment_root / "out"
    frame.write_parquet(segment_root / "plain.parquet")
    script = tmp_path / "job.py"
    script.write_text(job(engine))
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYSPARK_PYTHON": python}
    given |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    if "JAVA_HOME" in os.environ:
        given["JAVA_HOME"] = os.environ["JAVA_HOME"]
    ended = await asyncio.to_thread(
        subprocess.run,
        [python, str(script), str(segment_root / "plain.parquet"), str(out)],
        env=given, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]

    direct, tally = identify(frame, PLAN), HashTally()
    tally.add(direct)
    written = pl.read_parquet(out / "*.parquet")
    if engine == "spark":
        assert sorted(path.name for path in out.glob("*.parquet"))[3].startswith("part-00003")
    by = ["EMAIL", "PHONE"]
    assert written.select(by).sort(by).equals(direct.rows.select(by).sort(by))
    assert json.loads((out / "_tally.json").read_text()) == tally.to_json()
    assert 0 < tally.rows < PEOPLE

    mapping = {"attributes": {"EMAIL": "mail", "PHONE": "mobile"}, "default_country": "DE"}
    plain = await exporting.segment({"kind": "file", "url": f"{segment_root}/plain.parquet"})
    outside = await exporting.segment({"kind": "file", "url": str(out), "hashed": True})
    exports: list[dict[str, Any]] = [
        await exporting.export(segment, **mapping) for segment in (plain, outside)
    ]
    (one, first), (two, second) = await exporting.run_all(exports)
    assert exporting.holds(one) == exporting.holds(two)
    assert (first["counts"], first["skipped_reasons"]) == (
        second["counts"],
        second["skipped_reasons"],
    )
    assert first["refused_values"] == second["refused_values"] != {}
    assert second["counts"]["received"] > PEOPLE // 2
