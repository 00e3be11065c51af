"""Each alert fires when it should and clears again, and leads to its paragraph."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.guide.pages import ROOT, anchors

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not here: Debian's package is prometheus"
)

# alert → series by minute, a minute at which it fires, and a later one at which it does not
ENDED = "audience_export_runs_ended_total"
POOL = "audience_export_database_pool_connections"
CASES: dict[str, tuple[dict[str, str], int, int]] = {
    "DatabaseDown": ({"audience_export_database_up": "1 0x9 1x20"}, 6, 12),
    "TargetDown": ({'up{job="audience-export-worker"}': "1 0x11 1x20"}, 9, 14),
    "NoWorker": ({"audience_export_workers": "2 0x9 1x20"}, 6, 12),
    "QueueStuck": ({"audience_export_queue_oldest_seconds": "840+60x10 0x20"}, 8, 13),
    # the counter appears with the first failure
    "RunsFailing": (
        {f'{ENDED}{{status="failed", culprit="system", code="worker-lost"}}': "_x5 1x60"},
        8,
        30,
    ),
    "RunsFailingOutside": (
        {f'{ENDED}{{status="failed", culprit="external", code="meta-unavailable"}}': "0+1x10 10x90"},
        10,
        80,
    ),
    "ReauthenticationRequired": (
        {'audience_export_connections{status="reauthentication_required"}': "0 1x5 0x20"},
        3,
        9,
    ),
    "TokenEnds": (
        {"audience_export_token_first_expiry_timestamp_seconds": "200000x5 6000000x20"},
        3,
        9,
    ),
    "AccountBlocked": ({"audience_export_connections_blocked": "0 1x5 0x20"}, 3, 9),
    "Throttled": (
        {'audience_export_graph_throttled_total{code="throttled"}': "0+3x45 135x60"},
        40,
        60,
    ),
    "GraphErrors": (
        {
            'audience_export_graph_calls_total{edge="users", status="0"}': "0+5x20 100x40",
            'audience_export_graph_calls_total{edge="users", status="200"}': "0+10x60",
        },
        15,
        40,
    ),
    "LeasesLost": ({"audience_export_lease_losses_total": "0 0 4 4x60"}, 6, 30),
    "SourcesFail": (
        {'audience_export_source_errors_total{kind="file", code="source-not-found"}': "0+1x8 8x90"},
        8,
        90,
    ),
    "WebhooksFail": ({"audience_export_webhooks_failing": "0 1x80 0x40"}, 70, 90),
    "ApiErrors": (
        {
            'http_requests_total{status="500"}': "0+5x20 100x40",
            'http_requests_total{status="200"}': "0+10x60",
        },
        15,
        40,
    ),
    "PoolExhausted": (
        {
            f'{POOL}{{instance="a", pool="api", state="used"}}': "3 20x9 3x20",
            f'{POOL}_max{{instance="a", pool="api"}}': "20x40",
        },
        6,
        13,
    ),
    "HashingSlow": (
        {'audience_export_hash_engine_info{engine="hashlib"}': "1x15 _x20"},
        12,
        25,
    ),
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def firing(alert: str, minute: int, count: int) -> dict[str, Any]:
    expected = [{"labels": "{}", "value": count}] if count else []
    return {
        "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})',
        "eval_time": f"{minute}m",
        "exp_samples": expected,
    }


@needs_promtool
def test_each_alert_fires_and_clears(tmp_path: Path) -> None:
    names = [rule["alert"].removeprefix("AudienceExport") for rule in rules()]
    assert sorted(names) == sorted(CASES)
    cases = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": told} for name, told in given.items()],
                "promql_expr_test": [
                    firing(f"AudienceExport{alert}", at, 1),
                    firing(f"AudienceExport{alert}", later, 0),
                ],
            }
            for alert, (given, at, later) in CASES.items()
        ],
    }
    file = tmp_path / "cases.yml"
    file.write_text(yaml.safe_dump(cases))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_its_paragraph_and_says_how_bad_it_is() -> None:
    page = ROOT / "docs" / "runbook.md"
    text = page.read_text()
    for rule in rules():
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert ROOT / path == page
        assert anchor in anchors(page), rule["alert"]
        assert f"`{rule['alert']}`" in text
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]


def test_alerts_and_dashboard_name_metrics_that_are_documented() -> None:
    documented = set(
        re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    )
    dashboard = (ROOT / "deploy" / "grafana" / "audience-export.json").read_text()
    for text in (RULES.read_text(), dashboard):
        used = set(re.findall(r"\b((?:audience_export|http)_[a-z_]+)\b", text))
        assert used
        for name in used:
            assert re.sub(r"_(bucket|sum|count)$", "", name) in documented, name
