"""The subcodes of a replacement, by what the run becomes of it.

https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences, "Replace users":
whatever ends a replacement early, the audience holds the whole list when the run has ended well.
"""

from typing import Any

import pytest

from tests.flows.journey import make_connection
from tests.meta.deployment import Deployment, addresses

MEMBERS = 25_000
SECOND_LIST = "23850000000000012"
REPLACES = "/usersreplace$"
NINETY_MINUTES = 5_400.0


@pytest.fixture(scope="module")
async def swap(deployment: Deployment) -> dict[str, Any]:
    """25,000 members in place of whoever is in the audience."""
    made = await make_connection(deployment.api, audience={"id": SECOND_LIST})
    segment = await deployment.segment("many", addresses(MEMBERS))
    return await deployment.export(made, segment, sync_mode="replace")


def refuse(meta: Deployment, subcode: int, **spec: Any) -> None:
    meta.fault("error", code=2650, subcode=subcode, match={"path": REPLACES}, times=1, **spec)


def assert_whole(meta: Deployment, run: dict[str, Any]) -> None:
    assert run["status"] == "succeeded", run
    assert run["counts"]["received"] == run["counts"]["added"] == MEMBERS
    assert run["counts"]["batches_done"] == run["counts"]["batches_total"] >= 3
    assert meta.sandbox.audience(SECOND_LIST)["members"] == MEMBERS
    assert meta.staged_files() == []


async def test_another_replacement_is_waited_for(meta: Deployment, swap: dict[str, Any]) -> None:
    """1870145 on the first batch: it came between the look and the upload."""
    refuse(meta, 1870145)
    run = await meta.run(swap)
    assert (run["status"], run["attempt"]) == ("queued", 0)
    assert run["throttled_until"] is not None
    assert len(meta.uploads()) == 1
    assert_whole(meta, await meta.later(run))


async def test_a_session_that_timed_out_is_completed_by_additions(
    meta: Deployment, swap: dict[str, Any]
) -> None:
    """1870158: the audience holds what had arrived; the rest is added."""
    meta.sandbox.control("PUT", "settings", json={"replace_minutes": 0.0})
    refused = await meta.run(swap)
    meta.sandbox.control("PUT", "settings", json={"replace_minutes": 90.0})
    run = refused if refused["status"] != "queued" else await meta.later(refused)
    assert_whole(meta, run)
    added = [call for call in meta.uploads() if call["path"].endswith("/users")]
    assert sum(call["rows"] for call in added if call["applied"]) >= 5_000


@pytest.mark.parametrize("subcode", [1870159, 1870158], ids=["finished", "timed out"])
async def test_a_session_meta_has_closed_is_completed_by_additions(
    meta: Deployment, swap: dict[str, Any], subcode: int
) -> None:
    """1870159: what is left is added, as soon as the audience takes it."""
    refuse(meta, subcode, skip=1)
    run = await meta.run(swap)
    # to the sandbox the replacement is still under way until its 90 minutes are over
    assert (run["status"], run["error"]) == ("queued", None)
    assert run["throttled_until"] is not None
    assert_whole(meta, await meta.later(run, seconds=NINETY_MINUTES))


@pytest.mark.parametrize("subcode", [1870147, 1870148], ids=["not started", "went wrong"])
async def test_a_failed_replacement_begins_again(
    meta: Deployment, swap: dict[str, Any], subcode: int
) -> None:
    """From the first batch, under a new session id; what was recorded no longer counts."""
    refuse(meta, subcode, skip=1)
    run = await meta.run(swap)
    assert (run["status"], run["error"]) == ("queued", None)
    assert run["counts"]["batches_done"] == run["counts"]["received"] == 0
    run = await meta.later(run, seconds=NINETY_MINUTES)
    assert_whole(meta, run)
    assert run["attempt"] == 2
    firsts = [call for call in meta.uploads() if call["batch_seq"] == 1 and call["applied"]]
    assert len({call["session_id"] for call in firsts}) == len(firsts) == 2


async def test_an_audience_that_grew_too_large_ends_the_run(
    meta: Deployment, swap: dict[str, Any]
) -> None:
    """1870144."""
    refuse(meta, 1870144)
    run = await meta.run(swap)
    assert run["status"] == "failed"
    assert (run["error"]["code"], run["error"]["culprit"]) == ("audience-too-large", "user")
    assert len(meta.uploads()) == 1
    assert meta.staged_files() == []


async def test_a_replacement_that_fails_every_time_ends_the_run(
    meta: Deployment, swap: dict[str, Any]
) -> None:
    """It is an attempt each time, so there is an end to it."""
    meta.fault("error", code=2650, subcode=1870148, match={"path": REPLACES})
    run = await meta.run(swap, run_attempt_budget=2)
    assert (run["status"], run["attempt"]) == ("failed", 2)
    assert (run["error"]["code"], run["error"]["culprit"]) == ("replace-failed", "external")
    assert len(meta.uploads()) == 2
