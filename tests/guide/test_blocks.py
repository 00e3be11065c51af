"""Code of the pages for people is run as it stands, page by page, or says why not."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from app.cli.server.child_processes import free_port
from tests.cli.conftest import environment
from tests.guide.conftest import KEY, runs_of
from tests.guide.pages import PAGES, ROOT, Block, blocks

PROGRAMS = {"sh", "bash", "python"}
RUNNABLE = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.language in PROGRAMS and block.why_not is None and page.name != "README.md"
]


def run(
    block: Block, folder: Path, given: dict[str, str], shell: str = "bash"
) -> subprocess.CompletedProcess[str]:
    """A block as a file of its own, as a reader would save it."""
    file = folder / "block"
    file.write_text(block.code)
    words = [sys.executable, "-W", "error"] if block.language == "python" else [shell]
    scripts = str(Path(sys.executable).parent)
    return subprocess.run(
        [*words, str(file)],
        env=environment(folder, given) | {"PATH": f"{scripts}:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def cron_script() -> Block:
    return blocks(ROOT / "docs" / "schedulers.md")[0]


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_blocks_run_as_they_stand(block: Block, story, tmp_path: Path) -> None:
    done = run(block, tmp_path, story)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_block_that_is_not_run_says_why() -> None:
    left_out = [one for page in PAGES for one in blocks(page) if one.why_not is not None]
    assert all(one.language in PROGRAMS and len(one.why_not or "") > 10 for one in left_out)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_cron_script_starts_a_run_and_waits(shell, story, tmp_path: Path) -> None:
    assert len(cron_script().code.splitlines()) <= 5
    before = runs_of(story)
    done = run(cron_script(), tmp_path, story, shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    after = runs_of(story)
    assert len(after) == len(before) + 1
    assert after[0]["status"] == "succeeded"


def test_the_cron_script_joins_a_run_that_is_active(story, tmp_path: Path) -> None:
    before, worker = runs_of(story), int(story["WORKER"])
    os.kill(worker, signal.SIGSTOP)
    try:
        key = {"Authorization": f"Bearer {KEY}"}
        url = f"{story['AUDIENCE_EXPORT_URL']}/v1/exports/{story['EXPORT']}/runs"
        active = httpx.post(url, headers=key)
        assert active.status_code == 202, active.text
        with ThreadPoolExecutor() as pool:
            script = pool.submit(run, cron_script(), tmp_path, story, "sh")
            time.sleep(2)
            assert not script.done()
            os.kill(worker, signal.SIGCONT)
            assert script.result().returncode == 0
    finally:
        os.kill(worker, signal.SIGCONT)
    after = runs_of(story)
    assert len(after) == len(before) + 1
    assert after[0]["id"] == active.json()["id"]


def test_the_cron_script_fails_with_its_run(story, tmp_path: Path) -> None:
    worker, key = int(story["WORKER"]), {"Authorization": f"Bearer {KEY}"}
    runs = f"{story['AUDIENCE_EXPORT_URL']}/v1/runs"
    os.kill(worker, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as pool:
            script = pool.submit(run, cron_script(), tmp_path, story, "sh")
            while not (active := [one for one in runs_of(story) if one["status"] == "queued"]):
                time.sleep(0.1)
            httpx.post(f"{runs}/{active[0]['id']}/cancel", headers=key).raise_for_status()
            done = script.result()
    finally:
        os.kill(worker, signal.SIGCONT)
    assert (done.returncode, done.stdout) == (1, "")
    assert active[0]["id"] in done.stderr
    assert "canceled" in done.stderr


def test_the_cron_script_says_what_went_wrong(story, tmp_path: Path) -> None:
    for wrong in ({"AUDIENCE_EXPORT_API_KEY": "wrong"}, {"EXPORT": "exp_" + "0" * 32}):
        done = run(cron_script(), tmp_path, story | wrong, "sh")
        assert done.returncode == 1
        assert '"code":"' in done.stderr


def test_the_readme_is_walked_whole(tmp_path: Path) -> None:
    """One shell, from the first block to the last, as somebody would paste them."""
    walk = [one for one in blocks(ROOT / "README.md") if one.language == "sh" and not one.why_not]
    script = "".join(one.code for one in walk).replace("8080", str(free_port()))
    url = script.split("localhost:")[1].split("/")[0]
    given = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AUDIENCE_EXPORT_URL": f"http://127.0.0.1:{url}",
    }
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment(tmp_path, given),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, problems = shell.communicate(timeout=110)
        finally:
            # a walk that ended early has left its service running
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    assert shell.returncode == 0, said + problems
    assert '"status":"succeeded_with_warnings"' in said
    assert '"received":2' in said


def test_the_verification_of_webhooks_takes_what_is_signed() -> None:
    (block,) = [one for one in blocks(ROOT / "docs" / "webhooks.md") if one.language == "python"]
    names: dict[str, object] = {}
    exec(block.code, names)
    verified = names["verified"]
    secret, body = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQ=", json.dumps({"type": "run.finished"})
    for age, taken in ((0, True), (600, False)):
        stamp = time.time() - age
        moment = datetime.fromtimestamp(stamp, UTC)
        signature = Webhook(secret).sign("msg_1", moment, body)
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(stamp)),
            "webhook-signature": f"v1,bm8= {signature}",
        }
        assert verified(headers, body.encode(), secret) is taken
        assert not verified(headers, body.encode() + b" ", secret)
