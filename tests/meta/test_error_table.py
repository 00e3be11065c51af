"""Every row of Meta's error table, by what a run becomes of it.

Above 300 lines because it is one table. The rows are Meta's own:
developers.facebook.com/docs/graph-api/guides/error-handling, …/overview/rate-limiting,
…/docs/marketing-api/error-reference, and the pages of the custom audience edges. Rows that no upload
can meet (a batch request of more than fifty parts: uploads use no batch requests) are left out.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from app import clock
from tests.flows.journey import TOKEN, expect, make_connection
from tests.http.said import said
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses

ALL = 40
TERMS = "https://business.facebook.com/ads/manage/customaudiences/tos/?act=1001"
MANAGER = "https://business.facebook.com/adsmanager/audiences?act=1001"
USER, SYSTEM, EXTERNAL = "user", "system", "external"


def name(row: Any) -> str:
    return row if isinstance(row, str) else f"{row[0]}-{row[1]}"


async def assert_delivered(meta: Deployment, run: dict[str, Any], *, calls: int) -> None:
    """All forty are in the audience, counted once, with so many uploads."""
    assert run["status"] == "succeeded", run
    assert (run["error"], run["throttled_until"]) == (None, None)
    assert run["counts"]["staged"] == run["counts"]["received"] == run["counts"]["added"] == ALL
    assert run["counts"]["batches_done"] == run["counts"]["batches_total"] == 1
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == ALL
    assert len(meta.uploads()) == calls
    assert meta.staged_files() == []


async def status_of(meta: Deployment, connection: dict[str, Any]) -> str:
    found = await expect(await meta.api.get(f"/v1/connections/{connection['id']}"), 200)
    return str(found["status"])


# -- the same call again ---------------------------------------------------------------------------

RETRIED: list[tuple[str, int, int, dict[str, Any]]] = [
    # fault, times, uploads, more; network error, timeout, 5xx, HTML: backoff
    ("hangup-early", 1, 2, {}),
    ("hangup-before", 2, 3, {}),
    # applied with its last batch, so the session is closed: a third one goes into a new session
    ("hangup-after", 1, 3, {}),
    ("truncated", 1, 3, {}),
    ("slow", 1, 3, {"delay": 30}),  # longer than the client waits
    ("html502", 2, 3, {}),
    ("non-json-200", 1, 2, {}),
    ("service-unavailable-200", 1, 2, {}),
    ("empty-200", 1, 2, {}),
    ("code1", 1, 2, {}),  # 1/99
    ("error", 2, 3, {"code": 1, "status": 500}),
    ("code2", 2, 3, {}),
    ("error", 1, 2, {"code": 2, "status": 503}),
    ("error", 1, 2, {"code": 5000, "status": 500}),
]


@pytest.mark.parametrize(("kind", "times", "calls", "more"), RETRIED)
async def test_what_passes_is_tried_again(
    meta: Deployment,
    export: dict[str, Any],
    kind: str,
    times: int,
    calls: int,
    more: dict[str, Any],
) -> None:
    """C12, C15: within one attempt of the run; a batch that was applied twice counts once."""
    meta.fault(kind, times=times, **more)
    run = await meta.run(export)
    await assert_delivered(meta, run, calls=calls)
    assert run["attempt"] == 1


async def test_what_lasts_ends_the_run(meta: Deployment, export: dict[str, Any]) -> None:
    """Code 1 is tried a few times in every attempt of the run, not for ever."""
    meta.fault("error", code=1, status=500)
    run = await meta.run(export, run_attempt_budget=2)
    assert (run["status"], run["attempt"]) == ("failed", 2)
    assert (run["error"]["code"], run["error"]["culprit"]) == ("meta-unavailable", EXTERNAL)
    assert run["error"]["graph"]["code"] == 1
    assert len(meta.uploads()) == 6
    assert meta.staged_files() == []


async def test_an_unknown_error_of_every_row_is_not_the_rows_fault(
    meta: Deployment, connection: dict[str, Any]
) -> None:
    """1/99 often means too many rows, and at times only that Meta is unwell: nobody is given up for it."""
    segment = await meta.segment("two", addresses(2))
    export = await meta.export(connection, segment)
    meta.fault("code1")
    run = await meta.run(export, run_attempt_budget=1)
    assert run["status"] == "failed"
    assert (run["error"]["code"], run["error"]["culprit"]) == ("meta-unavailable", EXTERNAL)
    assert run["counts"]["refused"] == 0


async def test_a_single_row_outlives_an_unknown_error(
    meta: Deployment, connection: dict[str, Any]
) -> None:
    """Three failures are the tries of one attempt; its row is sent by the next one."""
    segment = await meta.segment("one", addresses(1))
    export = await meta.export(connection, segment)
    meta.fault("code1", times=3)
    run = await meta.run(export, run_attempt_budget=2)
    assert (run["status"], run["attempt"]) == ("succeeded", 2), run
    assert (run["counts"]["received"], run["counts"]["refused"]) == (1, 0)


@pytest.mark.parametrize("kind", ["alias", "error"])
async def test_an_audience_made_a_moment_ago_is_waited_for(
    meta: Deployment, forty: dict[str, Any], kind: str
) -> None:
    """803 and 100/33 right after create: github.com/facebook/facebook-ruby-business-sdk/issues/124."""
    made = await make_connection(meta.api, audience={"name": f"New {kind}"})
    export = await meta.export(made, forty)
    meta.fault(kind, times=2, **({} if kind == "alias" else {"code": 100, "subcode": 33}))
    run = await meta.run(export)
    assert run["status"] == "succeeded", run
    assert meta.sandbox.audience(made["audience"]["id"])["members"] == ALL
    assert len(meta.uploads()) == 3


# -- wait ------------------------------------------------------------------------------------------


class Throttle(NamedTuple):
    """A refusal with a pause of that many seconds, at least and at most."""

    code: int
    subcode: int | None
    least: float
    most: float
    headers: dict[str, str] | None = None


def score(tier: str, reset: int = 0) -> dict[str, str]:
    text = f'{{"acc_id_util_pct":100,"reset_time_duration":{reset},"ads_api_access_tier":"{tier}"}}'
    return {"x-ad-account-usage": text}


def regain(minutes: int) -> dict[str, str]:
    use = '"call_count":100,"total_cputime":0,"total_time":0'
    entry = f'{{"type":"custom_audience",{use},"estimated_time_to_regain_access":{minutes}}}'
    return {"x-business-use-case-usage": f'{{"1001":[{entry}]}}'}


THROTTLES = [
    Throttle(4, None, 30, 600),
    Throttle(4, 1504022, 30, 600),
    Throttle(4, 1504039, 30, 600),
    Throttle(17, None, 60, 60),
    Throttle(17, 2446079, 60, 60, score("standard_access")),
    Throttle(17, 2446079, 300, 300, score("development_access")),
    Throttle(17, 2446079, 45, 45, score("standard_access", 45)),
    Throttle(32, None, 30, 600),
    Throttle(341, None, 30, 600),
    Throttle(368, None, 600, 3600),
    Throttle(368, 1404078, 600, 3600),
    Throttle(368, 2859015, 600, 3600),
    Throttle(613, None, 300, 3600),
    Throttle(613, 1487742, 60, 60),
    Throttle(613, 1487742, 90, 90, score("development_access", 90)),
    Throttle(613, 1996, 30, 600),
    Throttle(613, 5044001, 4, 60),
    Throttle(2650, 1870145, 30, 600),
    *(
        Throttle(code, None, 30, 600)
        for code in (80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014)
    ),
    Throttle(80000, 2446079, 60, 60, regain(1)),
    Throttle(80003, 2446079, 180, 180, regain(3)),
    Throttle(80004, 2446079, 1200, 1200, regain(20)),
]


@pytest.mark.parametrize("row", THROTTLES, ids=name)
async def test_a_throttle_parks_the_run(
    meta: Deployment, export: dict[str, Any], row: Throttle
) -> None:
    """One call, no attempt spent, nothing held; after the pause the run goes on where it stood."""
    meta.fault("error", times=1, code=row.code, subcode=row.subcode, headers=row.headers or {})
    asked = clock.now()
    run = await meta.run(export)
    assert (run["status"], run["error"], run["attempt"]) == ("queued", None, 0)
    waits = (datetime.fromisoformat(run["throttled_until"]) - asked).total_seconds()
    assert row.least - 0.1 <= waits <= row.most + 5
    assert len(meta.uploads()) == 1
    assert run["counts"]["received"] == 0
    # a notice in between changes nothing
    await meta.burst()
    assert len(meta.uploads()) == 1
    run = await meta.later(run)
    await assert_delivered(meta, run, calls=2)
    assert run["attempt"] == 1


@pytest.mark.parametrize("kind", ["throttle-17", "throttle-613"])
async def test_a_short_throttle_is_waited_out(
    meta: Deployment, export: dict[str, Any], kind: str
) -> None:
    meta.fault(kind, times=1, wait=1)
    run = await meta.run(export)
    await assert_delivered(meta, run, calls=2)
    refused, passed = meta.uploads()
    assert passed["time"] - refused["time"] >= 1


async def test_a_block_is_spoken_of_where_people_look(
    meta: Deployment, export: dict[str, Any]
) -> None:
    """368 passes by itself, but somebody should know that Meta took the calls for abuse."""
    meta.fault("error", times=1, code=368)
    with said() as lines:
        await meta.run(export, log_level="WARNING")
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    (warning,) = [line for line in logged if line["event"] == "run.throttled"]
    assert (warning["code"], warning["graph_code"]) == ("blocked-by-meta", 368)


# -- stop ------------------------------------------------------------------------------------------


class Stop(NamedTuple):
    """A refusal that only a person can end."""

    code: int
    subcode: int | None
    ours: str
    culprit: str
    page: str
    status: int = 400


TOKENS = "facebook-login/guides/access-tokens"
REFERENCE = "developers.facebook.com/docs/marketing-api/"
STOPS = [
    Stop(3, None, "app-capability-missing", SYSTEM, REFERENCE),
    Stop(10, None, "permission-missing", USER, "facebook-login/permissions"),
    Stop(100, 33, "audience-gone", USER, MANAGER),
    Stop(100, 1713098, "request-invalid", SYSTEM, REFERENCE),
    Stop(100, 1713228, "audience-flagged", USER, MANAGER),
    Stop(100, 1713230, "audience-flagged", USER, MANAGER),
    Stop(100, 1713231, "audience-flagged", USER, MANAGER),
    Stop(104, None, "app-secret-refused", SYSTEM, "facebook-login/security"),
    Stop(194, None, "request-invalid", SYSTEM, REFERENCE),
    Stop(200, None, "permission-missing", USER, "facebook-login/permissions", 403),
    Stop(210, None, "permission-missing", USER, "facebook-login/permissions", 403),
    Stop(299, None, "permission-missing", USER, "facebook-login/permissions", 403),
    Stop(200, 1870034, "terms-not-accepted", USER, TERMS, 403),
    Stop(200, 1870090, "terms-not-accepted", USER, TERMS, 403),
    Stop(200, 1870092, "terms-not-accepted", USER, TERMS, 403),
    Stop(1870092, None, "terms-not-accepted", USER, TERMS),
    Stop(200, 1870050, "ad-account-without-business", USER, "business.facebook.com", 403),
    Stop(270, None, "app-access-limited", SYSTEM, REFERENCE),
    Stop(294, None, "permission-missing", USER, "facebook-login/permissions"),
    Stop(506, None, "request-invalid", SYSTEM, REFERENCE),
    Stop(803, None, "audience-gone", USER, MANAGER, 404),
    Stop(2500, None, "request-invalid", SYSTEM, REFERENCE),
    Stop(2635, None, "api-version-retired", SYSTEM, f"{REFERENCE}overview/versioning"),
    Stop(2650, None, "audience-not-updatable", USER, REFERENCE),
    Stop(2650, 1870144, "audience-too-large", USER, REFERENCE),
    Stop(2650, 1870147, "replace-not-started", SYSTEM, REFERENCE),
    Stop(2650, 1870148, "replace-failed", EXTERNAL, REFERENCE),
    Stop(2654, None, "audience-create-refused", USER, REFERENCE),
    Stop(2654, 1713092, "audience-create-refused", USER, REFERENCE),
    Stop(2655, None, "terms-not-accepted", USER, TERMS),
    Stop(2656, None, "audience-in-use", USER, MANAGER),
    Stop(2663, None, "terms-not-accepted", USER, TERMS),
    Stop(2664, None, "terms-not-accepted", USER, TERMS),
    Stop(1487301, None, "audience-gone", USER, MANAGER),
    Stop(100, 1487301, "audience-gone", USER, MANAGER),
    Stop(1487366, None, "audience-gone", USER, MANAGER),
    Stop(100, 1487366, "audience-gone", USER, MANAGER),
    Stop(1870065, None, "audience-disabled", USER, MANAGER),
    Stop(100, 1870065, "audience-disabled", USER, MANAGER),
    Stop(98765, None, "meta-refused", EXTERNAL, REFERENCE),  # none of the table
]
REJECTED_TOKENS = [
    Stop(102, None, "token-rejected", USER, TOKENS),
    Stop(190, None, "token-rejected", USER, TOKENS),
    *(
        Stop(code, subcode, "token-rejected", USER, TOKENS)
        for code in (190, 102)
        for subcode in (458, 460, 463, 467, 492)
    ),
    # the person must do something at facebook.com first
    *(
        Stop(code, subcode, "token-rejected", USER, "https://www.facebook.com/")
        for code in (190, 102)
        for subcode in (459, 464)
    ),
]


def assert_stopped(meta: Deployment, run: dict[str, Any], row: Stop, *, calls: int = 1) -> None:
    assert run["status"] == "failed", run
    error, uploads = run["error"], meta.uploads()
    assert (error["code"], error["culprit"]) == (row.ours, row.culprit)
    assert error["help_url"].startswith("https://")
    assert row.page in error["help_url"]
    assert error["graph"] == {
        "code": row.code,
        "subcode": row.subcode,
        "fbtrace_id": uploads[-1]["trace_id"],
    }
    assert CUSTOMER_LIST in error["message"]
    assert len(error["message"]) < 400
    assert len(uploads) == calls
    assert run["counts"]["received"] == run["counts"]["batches_done"] == 0
    assert run["attempt"] == 1
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 0
    assert meta.staged_files() == []


@pytest.mark.parametrize("row", STOPS, ids=name)
async def test_a_refusal_ends_the_run_at_once(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any], row: Stop
) -> None:
    meta.fault("error", code=row.code, subcode=row.subcode, status=row.status)
    run = await meta.run(export)
    assert_stopped(meta, run, row)
    assert await status_of(meta, connection) == "ready"


@pytest.mark.parametrize("row", REJECTED_TOKENS, ids=name)
async def test_a_rejected_token_flags_the_connection(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any], row: Stop
) -> None:
    """190 and 102: until it is renewed in place, nothing of it works; then all of it does."""
    meta.fault("error", code=row.code, subcode=row.subcode)
    run = await meta.run(export)
    assert_stopped(meta, run, row)
    assert await status_of(meta, connection) == "reauthentication_required"
    renewed = await meta.api.patch(
        f"/v1/connections/{connection['id']}", json={"access_token": TOKEN}
    )
    assert (await expect(renewed, 200))["status"] == "ready"


@pytest.mark.parametrize(
    ("subcode", "code"),
    [(1870158, "replace-session-expired"), (1870159, "replace-session-finished")],
)
async def test_a_closed_session_is_followed_by_a_new_one(
    meta: Deployment, export: dict[str, Any], subcode: int, code: str
) -> None:
    """Of additions: they may be repeated. Once; a Meta that closes every session ends the run."""
    meta.fault("error", times=1, code=2650, subcode=subcode)
    await assert_delivered(meta, await meta.run(export), calls=2)
    first, second = meta.uploads()
    assert first["session_id"] != second["session_id"]

    meta.forget()
    meta.fault("error", code=2650, subcode=subcode)
    run = await meta.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", code)
    assert len(meta.uploads()) == 2


# -- the content -----------------------------------------------------------------------------------


async def test_one_refused_row_is_found_and_the_rest_delivered(
    meta: Deployment, export: dict[str, Any]
) -> None:
    """100: no retry of the same; halves until the row stands alone."""
    bad = hashlib.sha256(b"member7@example.com").hexdigest()
    meta.fault("error", code=100, when_row_hash=bad)
    run = await meta.run(export)
    assert run["status"] == "succeeded_with_warnings", run
    assert [item["code"] for item in run["warnings"]] == ["rows-refused"]
    counts = run["counts"]
    assert (counts["received"], counts["refused"]) == (ALL - 1, 1)
    assert counts["staged"] == counts["received"] + counts["refused"]
    assert "refused 1 row;" in run["warnings"][0]["detail"]
    rows = {row[0] for row in meta.sandbox.members(CUSTOMER_LIST)["rows"]}
    assert len(rows) == ALL - 1
    assert bad not in rows
    page = await expect(await meta.api.get(f"/v1/runs/{run['id']}/batches"), 200)
    assert [item["refused"] for item in page["items"]] == [1]
    # two halves on each of six levels at most
    assert len(meta.uploads()) <= 13


@pytest.mark.parametrize(
    ("times", "fault"),
    [(1, {"code": 105}), (3, {"code": 1, "subcode": 99, "status": 500})],
    ids=["105", "1-99"],
)
async def test_a_request_that_holds_too_much_is_halved(
    meta: Deployment, export: dict[str, Any], times: int, fault: dict[str, Any]
) -> None:
    """105, and 1/99 that lasts: github.com/facebook/facebook-java-business-sdk/issues/46."""
    meta.fault("error", times=times, **fault)
    await assert_delivered(meta, await meta.run(export), calls=times + 2)


@pytest.mark.parametrize(("code", "ours"), [(100, "payload-rejected"), (105, "payload-too-large")])
async def test_content_that_never_passes_ends_the_run(
    meta: Deployment, export: dict[str, Any], code: int, ours: str
) -> None:
    meta.fault("error", code=code)
    run = await meta.run(export)
    assert (run["status"], run["counts"]["received"]) == ("failed", 0)
    assert (run["error"]["code"], run["error"]["culprit"]) == (ours, SYSTEM)
    assert run["error"]["graph"]["code"] == code
    assert len(meta.uploads()) < 2 * ALL
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 0


async def test_people_meta_keeps_are_a_warning(
    meta: Deployment, connection: dict[str, Any], forty: dict[str, Any]
) -> None:
    """200/1870047 of a removal: the audience would become too small."""
    export = await meta.export(connection, forty, sync_mode="remove", display_name="Leavers")
    meta.fault("error", code=200, subcode=1870047, status=403, match={"method": "DELETE"})
    run = await meta.run(export)
    assert run["status"] == "succeeded_with_warnings", run
    assert [item["code"] for item in run["warnings"]] == ["audience-too-small"]
    assert (run["counts"]["removed"], run["counts"]["received"]) == (0, 0)
    assert run["counts"]["refused"] == ALL
    assert len(meta.uploads()) == 1
    await meta.api.delete(f"/v1/exports/{export['id']}")
