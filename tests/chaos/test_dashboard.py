"""Prometheus scrapes API and worker during runs; each question of the dashboard has an answer."""

import asyncio
import json
import math
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import DELIVERED, ended, make_job, make_jobs, start_all
from tests.conftest import ROOT, free_port
from tests.flows.journey import expect
from tests.operate.servers import Server

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not FULL, reason="waits for scrapes: make chaos"),
    pytest.mark.skipif(
        PROMETHEUS is None, reason="Prometheus is not here: Debian's package is prometheus"
    ),
]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))


def questions() -> list[tuple[str, str]]:
    """Title and expression of every target of every panel, with Grafana's variables filled in."""
    found = []
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "20s")
                found.append((panel["title"], expression.replace("$__range", "1h")))
    return found


class Prometheus(Server):
    """Scrapes every half second."""

    def __init__(self, folder: Path, *, api: int, worker: int) -> None:
        place, port = folder / "prometheus", free_port()
        place.mkdir()
        # the one that is handed out, with the addresses of here
        config = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
        config = config.replace("127.0.0.1:8080", f"127.0.0.1:{api}")
        config = config.replace("127.0.0.1:9464", f"127.0.0.1:{worker}")
        config = re.sub(r"(scrape|evaluation)_interval: \S+", r"\1_interval: 500ms", config)
        (place / "prometheus.yml").write_text(
            config.replace(
                "scrape_interval: 500ms", "scrape_interval: 500ms\n  scrape_timeout: 500ms"
            )
        )
        shutil.copy(ROOT / "deploy" / "prometheus" / "alerts.yml", place)
        assert PROMETHEUS is not None
        words = [
            *(PROMETHEUS, f"--config.file={place}/prometheus.yml"),
            *(f"--storage.tsdb.path={place}/data", f"--web.listen-address=127.0.0.1:{port}"),
        ]
        super().__init__("prometheus", folder, words, port=port)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    def ask(self, expression: str) -> list[float]:
        """The values of an instant query that are numbers."""
        answer = self.http.get("/api/v1/query", params={"query": expression})
        body: dict[str, Any] = answer.json()
        assert body["status"] == "success", (expression, body)
        values = [float(item["value"][1]) for item in body["data"]["result"]]
        return [value for value in values if not math.isnan(value)]


@pytest.fixture
def prometheus(plant: Plant, tmp_path: Path) -> Iterator[Prometheus]:
    port = plant.api.base_url.port
    assert port is not None
    plant.dismiss()
    made = Prometheus(tmp_path, api=port, worker=free_port())
    yield made
    made.http.close()
    made.kill()


async def test_every_question_of_the_dashboard_has_an_answer(
    plant: Plant, prometheus: Prometheus, tmp_path: Path
) -> None:
    """While runs work; and at their end the sums are what the runs say."""
    config = (tmp_path / "prometheus" / "prometheus.yml").read_text()
    ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", config)]
    plant.hire(WORKER_METRICS_PORT=ports[1], RUN_ATTEMPT_BUDGET=1)
    prometheus.start()
    # one that nobody answers
    await expect(
        await plant.api.post(
            "/v1/webhooks", json={"url": "https://hooks.invalid/x", "events": ["run.finished"]}
        ),
        201,
    )
    jobs = await make_jobs(plant, ("add", "mirror"))
    away = await make_job(plant, people=100)
    away.file.unlink()
    plant.sandbox.control("PUT", "settings", json={"latency": 1.0})
    runs = await start_all([*jobs, away])
    asked = questions()
    assert len(asked) > 30
    lacking: set[tuple[str, str]] = set(asked)
    deadline = time.monotonic() + 45
    while lacking and time.monotonic() < deadline:
        lacking = {question for question in lacking if not prometheus.ask(question[1])}
        await asyncio.sleep(0.5)
    statuses = await ended(plant, runs)
    assert statuses.pop(away.id) == "skipped"
    assert set(statuses.values()) <= DELIVERED
    assert not lacking, sorted(lacking)
    await asyncio.sleep(1.5)
    counts = [(await job.read())["counts"] for job in jobs]
    # the mirror ran once before
    rows = await plant.rows(
        "select sum(read) as read, sum(staged) as staged, sum(added + removed) as sent from runs "
        "where export_id = any($1)",
        [job.export["id"] for job in (*jobs, away)],
    )
    assert counts[0]["read"]
    total = "sum(audience_export_members_{}_total)"
    assert prometheus.ask(total.format("read")) == [rows[0]["read"]]
    assert prometheus.ask(total.format("staged")) == [rows[0]["staged"]]
    assert prometheus.ask(total.format("sent")) == [rows[0]["sent"]]
    assert prometheus.ask('up{job=~"audience-export-.*"}') == [1, 1]
