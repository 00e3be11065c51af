"""What a lost, slow or strange answer leads to: retries, their bounds, and never a second replace."""

import asyncio

import httpx
import pytest
import respx

from app.facebook.client import CallRecord, GraphClient, GraphConfig, RetryPolicy
from app.facebook.errors import AmbiguousOutcome, GraphError, Rejected, Retryable, Throttled

URL = "http://graph.test/v26.0/77/users"
REPLACE = "http://graph.test/v26.0/77/usersreplace"
BODY = b'{"payload":{"schema":["EMAIL"],"data":[["ab"]]}}'
TAKEN = {"audience_id": "77", "session_id": "9", "num_received": 1, "num_invalid_entries": 0}
HTML = httpx.Response(502, html="<h1>Sorry, something went wrong.</h1>")


def _ok(**headers):
    return httpx.Response(200, json=TAKEN, headers=headers)


LOST = {
    "timeout": httpx.ReadTimeout("slow"),
    "hang-up": httpx.RemoteProtocolError("cut"),
    "reset": httpx.ReadError("reset"),
    "not connected": httpx.ConnectError("refused"),
    "html": HTML,
    "html in a 200": httpx.Response(200, html="<p>busy</p>"),
    "words in a 200": httpx.Response(200, text="Service Unavailable"),
    "empty 200": httpx.Response(200),
    "another object": httpx.Response(200, json={"data": []}),
    "a list": httpx.Response(200, json=[1]),
    "500 without error": httpx.Response(500, json={"num_received": 1}),
    "redirect": httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
    "code 2": httpx.Response(500, json={"error": {"code": 2, "is_transient": True}}),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
@respx.mock
async def test_a_lost_answer_is_asked_for_again(lost, make_client):
    route = respx.post(URL)
    route.side_effect = [lost, lost, _ok()]
    receipt = await make_client().for_token("t").add_users("77", BODY)
    assert (receipt.num_received, receipt.attempts, receipt.session_id) == (1, 3, "9")
    assert [call.request.content for call in route.calls] == [BODY] * 3


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
@respx.mock
async def test_retries_end(lost, make_client, time):
    route = respx.post(URL)
    route.side_effect = lambda request: _again(lost)
    with pytest.raises(Retryable) as caught:
        await make_client().for_token("t").add_users("77", BODY)
    assert route.call_count == caught.value.attempts == 6
    assert caught.value.code == "meta-unavailable"
    assert time.slept == [0.25, 0.5, 1.0, 2.0, 4.0]  # half of the full jitter's range


def _again(lost):
    if isinstance(lost, Exception):
        raise lost
    return lost


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
@respx.mock
async def test_the_first_batch_of_a_replace_is_never_sent_twice(lost, make_client):
    route = respx.post(REPLACE)
    route.side_effect = [lost, _ok()]
    call = make_client().for_token("t").replace_users("77", BODY, first=True)
    if lost is LOST["not connected"]:  # nothing can have arrived
        assert (await call).attempts == 2
        return
    with pytest.raises(AmbiguousOutcome) as caught:
        await call
    assert caught.value.code == "outcome-unknown"
    assert route.call_count == 1


@respx.mock
async def test_later_batches_of_a_replace_are_repeated(make_client):
    respx.post(REPLACE).side_effect = [LOST["hang-up"], _ok()]
    receipt = await make_client().for_token("t").replace_users("77", BODY, first=False)
    assert receipt.attempts == 2


@respx.mock
async def test_an_audience_is_never_created_twice(make_client):
    url = "http://graph.test/v26.0/act_5/customaudiences"
    route = respx.post(url).mock(side_effect=[LOST["timeout"], httpx.Response(200, json={"id": 1})])
    with pytest.raises(AmbiguousOutcome):
        await make_client().for_token("t").create_audience("act_5", name="n")
    assert route.call_count == 1


@respx.mock
async def test_a_refused_first_batch_of_a_replace_may_be_sent_again(make_client, time):
    """A throttled call was not carried out, so nothing is ambiguous about it."""
    respx.post(REPLACE).side_effect = [
        httpx.Response(400, json={"error": {"code": 613, "error_subcode": 1487742}}),
        _ok(),
    ]
    receipt = await make_client().for_token("t").replace_users("77", BODY, first=True)
    assert receipt.attempts == 2
    assert 60 <= sum(time.slept) < 61


@respx.mock
async def test_removal_sends_its_rows_in_the_body(make_client):
    route = respx.delete(URL).mock(return_value=_ok())
    await make_client().for_token("t").remove_users("77", BODY)
    request = route.calls.last.request
    assert request.content == BODY
    assert request.headers["content-type"] == "application/json"
    assert b"payload" not in request.url.query


@respx.mock
async def test_time_spent_bounds_the_retries_too(make_client, time):
    route = respx.post(URL)

    async def slow(request):
        await time.sleep(50)
        raise httpx.ReadTimeout("slow")

    route.side_effect = slow
    with pytest.raises(Retryable):
        await make_client().for_token("t").add_users("77", BODY)
    assert route.call_count == 2  # 50 s fit into the 90, 100 s do not


@respx.mock
async def test_retry_after_is_a_floor_and_too_long_a_one_ends_the_retries(make_client, time):
    busy = httpx.Response(503, html="<p>busy</p>", headers={"retry-after": "7"})
    respx.post(URL).side_effect = [
        busy,
        _ok(),
        httpx.Response(503, html="busy", headers={"retry-after": "600"}),
    ]
    graph = make_client().for_token("t")
    await graph.add_users("77", BODY)
    assert time.slept == [7.25]
    with pytest.raises(Retryable) as caught:
        await graph.add_users("77", BODY)
    assert caught.value.attempts == 1
    assert caught.value.retry_after == 600


@respx.mock
async def test_status_429_without_json_is_a_throttle(make_client, time):
    respx.post(URL).side_effect = [
        httpx.Response(429, html="slow down", headers={"retry-after": "30"}),
        _ok(),
    ]
    receipt = await make_client().for_token("t", ad_account_id="5").add_users("77", BODY)
    assert receipt.attempts == 2
    assert 30 <= sum(time.slept) < 31


@respx.mock
async def test_status_413_without_json_asks_for_a_smaller_batch(make_client):
    respx.post(URL).respond(413, html="too large")
    with pytest.raises(Rejected) as caught:
        await make_client().for_token("t").add_users("77", BODY)
    assert caught.value.code == "payload-too-large"


@respx.mock
async def test_a_throttle_that_never_ends_is_given_up(make_client):
    """Five short pauses in a row: the run is better parked than kept waiting."""
    busy = {"acc_id_util_pct": 100, "reset_time_duration": 10}
    route = respx.post(URL).respond(
        400,
        json={"error": {"code": 17, "error_subcode": 2446079}},
        headers={"x-ad-account-usage": str(busy).replace("'", '"')},
    )
    with pytest.raises(Throttled) as caught:
        await make_client().for_token("t", ad_account_id="5").add_users("77", BODY)
    assert route.call_count == 6
    assert caught.value.wait_seconds == 10


@respx.mock
async def test_the_version_warning_reaches_the_caller(make_client):
    words = "The call has been auto-upgraded to v25.0 as v23.0 has been deprecated."
    respx.post(URL).mock(return_value=_ok(**{"X-Ad-Api-Version-Warning": words}))
    receipt = await make_client().for_token("t").add_users("77", BODY)
    assert receipt.version_warning == words


@respx.mock
async def test_every_try_is_observed_without_ids(make_client):
    seen: list[CallRecord] = []
    respx.post(URL).side_effect = [HTML, _ok()]
    await make_client(observe=seen.append).for_token("t").add_users("77", BODY)
    assert [(r.method, r.edge, r.status, r.code) for r in seen] == [
        ("POST", "users", 502, "meta-unavailable"),
        ("POST", "users", 200, None),
    ]


@respx.mock
async def test_a_call_has_a_limit_of_time_as_a_whole():
    """A server that trickles keeps every single read short; the whole must end all the same."""

    async def trickle(request):
        await asyncio.sleep(30)

    respx.post(URL).side_effect = trickle
    config = GraphConfig("http://graph.test", "v26.0", "", "", call_seconds=0.05)
    async with GraphClient(config, policy=RetryPolicy(attempts=1)) as client:
        with pytest.raises(Retryable) as caught:
            await client.for_token("t").add_users("77", BODY)
    assert "TimeoutError" in caught.value.detail


@respx.mock
async def test_cancelling_a_call_frees_its_place(make_client):
    started = asyncio.Event()

    async def hang(request):
        started.set()
        await asyncio.sleep(30)

    route = respx.post(URL)
    route.side_effect = hang
    graph = make_client().for_token("t", ad_account_id="5")
    task = asyncio.create_task(graph.add_users("77", BODY))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    route.side_effect = [_ok()]
    assert (await graph.add_users("77", BODY)).attempts == 1


@pytest.mark.parametrize("wrong", ["me", "../me", "7 7", "", "٧٧"])
async def test_ids_that_are_no_numbers_are_refused_before_any_call(wrong, make_client):
    graph = make_client().for_token("t")
    for call in (graph.add_users(wrong, BODY), graph.audience(wrong), graph.ad_account(wrong)):
        with pytest.raises(Exception, match=r"is a number|and a number") as caught:
            await call
        assert caught.value.status == 422
        assert not isinstance(caught.value, GraphError)
