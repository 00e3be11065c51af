"""The DAG of docs/schedulers.md, run by Airflow itself: `make airflow`.

Airflow pins most of what a service needs to other versions, so it lives in an environment of its own,
whose Python is named by AIRFLOW_PYTHON.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import environment
from tests.guide.conftest import runs_of
from tests.guide.pages import ROOT, blocks

PYTHON = os.environ.get("AIRFLOW_PYTHON", "")
pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="needs Airflow: make airflow"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def dag(tmp_path: Path, story: dict[str, str]) -> dict[str, str]:
    """An Airflow with nothing but that DAG and its connection; the environment of its commands."""
    (dag,) = [
        one
        for one in blocks(ROOT / "docs" / "schedulers.md")
        if "airflow" in one.code.lower() and one.language == "python"
    ]
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "newsletter.py").write_text(dag.code)
    given = environment(
        tmp_path,
        {
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "EXPORT": story["EXPORT"],
            "AIRFLOW_CONN_AUDIENCE_EXPORT": json.dumps(
                {
                    "conn_type": "http",
                    "host": story["AUDIENCE_EXPORT_URL"],
                    "extra": {"Authorization": f"Bearer {story['AUDIENCE_EXPORT_API_KEY']}"},
                }
            ),
        },
    )
    given["PATH"] = f"{Path(PYTHON).parent}:{given['PATH']}"
    assert airflow(given, "db", "migrate").returncode == 0
    return given


def airflow(given: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", "airflow", *words],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_the_dag_runs_an_export_and_fails_with_it(
    dag: dict[str, str], story: dict[str, str]
) -> None:
    before = len(runs_of(story))
    done = airflow(dag, "dags", "test", "newsletter_to_meta")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "state=success" in done.stdout + done.stderr
    after = runs_of(story)
    assert len(after) == before + 1
    assert after[0]["status"] == "succeeded"
    refused = airflow(dag | {"EXPORT": "exp_" + "0" * 32}, "dags", "test", "newsletter_to_meta")
    assert "state=failed" in refused.stdout + refused.stderr, refused.stdout[-2000:]
