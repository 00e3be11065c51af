"""Each alert fires when it should and clears again, and leads to its paragraph."""

import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
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
    # four workers met it once each: each of their counters appears with it
    "RunsFailingOutside": (
        {
            f'{ENDED}{{status="failed", culprit="external", code="meta-unavailable", instance="{name}"}}':
            f"_x{name} 1x150"
            for name in "5678"
        },
        12,
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
        # three failures between two scrapes, and never before
        {'audience_export_source_errors_total{kind="file", code="source-not-found"}': "_x5 3x150"},
        8,
        90,
    ),
    "WebhooksFail": ({"audience_export_webhooks_failing": "0 1x80 0x40"}, 70, 90),
    "ErasureStuck": ({"audience_export_erasure_oldest_seconds": "86000+60x30 0x20"}, 15, 40),
    "ErasureFailed": (
        {
            'audience_export_erasure_attempts_total{outcome="failed", code="gone"}': "_x5 1x400"
        },
        60,
        380,
    ),
    # a quiet API is asked by probes more than by anybody else
    "ApiErrors": (
        {
            'http_requests_total{status="500", route="/v1/runs"}': "0+1x20 20x40",
            'http_requests_total{status="200", route="/v1/runs"}': "0+10x60",
            'http_requests_total{status="200", route="/readyz"}': "0+60x60",
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


def paragraphs() -> dict[str, str]:
    """The runbook's paragraph of each alert."""
    found = {}
    for part in (ROOT / "docs" / "runbook.md").read_text().split("\n## ")[1:]:
        (alert,) = set(re.findall(r"`(AudienceExport[A-Za-z]+)`", part))
        found[alert] = part
    return found


def test_a_paragraph_says_how_to_confirm_what_to_do_and_when_it_clears() -> None:
    assert sorted(paragraphs()) == sorted(rule["alert"] for rule in rules())
    for alert, text in paragraphs().items():
        assert re.findall(r"^- \*\*(\w+)\*\*: ", text, re.MULTILINE) == [
            "Confirm",
            "Do",
            "Clears",
        ], alert


@needs_promtool
def test_what_confirms_an_alert_is_a_question_that_prometheus_takes(tmp_path: Path) -> None:
    """Each paragraph has one at least."""
    asked = []
    for alert, text in paragraphs().items():
        confirm = text.partition("**Confirm**: ")[2].partition("\n- **")[0].replace("\n  ", " ")
        mine = [
            one
            for one in re.findall(r"`([^`]+)`", confirm)
            if re.search(r"\w_\w+[({[)]|^up\{", one)
        ]
        assert mine, alert
        asked += mine
    named = [{"record": f"asked:{number}", "expr": one} for number, one in enumerate(asked)]
    file = tmp_path / "questions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": named}]}))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_one_of_grafanas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is lost on its way through Grafana's own types; what they do not know would be."""
    monkeypatch.syspath_prepend(str(ROOT / ".data" / "tools" / "python"))
    types = pytest.importorskip(
        "grafana_foundation_sdk.models.dashboard", reason="make chart brings it"
    )
    cog = "grafana_foundation_sdk.cog"
    importlib.import_module(f"{cog}.plugins").register_default_plugins()
    encoder = importlib.import_module(f"{cog}.encoder").JSONEncoder

    def through(dashboard: Any) -> Any:
        return json.loads(json.dumps(types.Dashboard.from_json(dashboard), cls=encoder))

    text = (ROOT / "deploy" / "grafana" / "audience-export.json").read_text()
    ours = json.loads(text)
    assert list(lost(ours, through(ours))) == []
    wrong = json.loads(text.replace('"legendFormat"', '"legend_format"'))
    assert list(lost(wrong, through(wrong)))
    # no two panels lie on each other, and none leaves the page
    taken: set[tuple[int, int]] = set()
    for panel in ours["panels"]:
        at = panel["gridPos"]
        fields = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not fields & taken, panel["title"]
        taken |= fields
    assert len({panel["id"] for panel in ours["panels"]}) == len(ours["panels"])


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where a document has something that another one has not."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in theirs:
                yield from lost(value, theirs[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif ours != theirs:
        yield path


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
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    for text in (RULES.read_text(), dashboard, runbook):
        used = set(re.findall(r"\b((?:audience_export|http)_[a-z_]+)\b", text))
        assert used
        for name in used:
            assert re.sub(r"_(bucket|sum|count)$", "", name) in documented, name
