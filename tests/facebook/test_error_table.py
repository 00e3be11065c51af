"""Every row of Meta's error codes, by what a caller sees and how often Meta was asked."""

from typing import NamedTuple

import httpx
import pytest
import respx

from app.errors import Culprit
from app.facebook.error_codes.table import TABLE
from app.facebook.errors import (
    Fatal,
    GraphError,
    Refused,
    Rejected,
    Retryable,
    Throttled,
)

USER, SYSTEM, EXTERNAL = Culprit.USER, Culprit.SYSTEM, Culprit.EXTERNAL
URL = "http://graph.test/v26.0/77/users"
BODY = b'{"payload":{"schema":["EMAIL"],"data":[["ab"]]}}'


class Row(NamedTuple):
    code: int
    subcode: int | None
    kind: type[GraphError]
    ours: str
    culprit: Culprit
    calls: int = 1
    wait: float | None = None


ROWS = [
    Row(1, None, Retryable, "meta-unavailable", EXTERNAL, 3),
    Row(1, 99, Rejected, "payload-too-large", SYSTEM, 3),
    Row(2, None, Retryable, "meta-unavailable", EXTERNAL, 6),
    Row(3, None, Fatal, "app-capability-missing", SYSTEM),
    Row(4, None, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(4, 1504022, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(4, 1504039, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(10, None, Refused, "permission-missing", USER),
    Row(17, None, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(17, 2446079, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(32, None, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(100, None, Rejected, "payload-rejected", SYSTEM),
    Row(100, 33, Refused, "audience-gone", USER),
    Row(100, 1713098, Fatal, "request-invalid", SYSTEM),
    Row(100, 1713228, Refused, "audience-flagged", USER),
    Row(100, 1713230, Refused, "audience-flagged", USER),
    Row(100, 1713231, Refused, "audience-flagged", USER),
    Row(101, None, Fatal, "app-credentials-refused", SYSTEM),
    Row(102, None, Refused, "token-rejected", USER),
    Row(104, None, Fatal, "app-secret-refused", SYSTEM),
    Row(105, None, Rejected, "payload-too-large", SYSTEM),
    Row(190, None, Refused, "token-rejected", USER),
    *(
        Row(code, subcode, Refused, "token-rejected", USER)
        for code in (190, 102)
        for subcode in (458, 459, 460, 463, 464, 467, 492)
    ),
    Row(194, None, Fatal, "request-invalid", SYSTEM),
    Row(200, None, Refused, "permission-missing", USER),
    Row(200, 1870034, Refused, "terms-not-accepted", USER),
    Row(200, 1870090, Refused, "terms-not-accepted", USER),
    Row(200, 1870092, Refused, "terms-not-accepted", USER),
    Row(200, 1870047, Refused, "audience-too-small", USER),
    Row(200, 1870050, Refused, "ad-account-without-business", USER),
    Row(210, None, Refused, "permission-missing", USER),
    Row(270, None, Fatal, "app-access-limited", SYSTEM),
    Row(294, None, Refused, "permission-missing", USER),
    Row(341, None, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(368, None, Throttled, "blocked-by-meta", EXTERNAL, 1, 1800),
    Row(368, 1404078, Throttled, "blocked-by-meta", EXTERNAL, 1, 1800),
    Row(368, 2859015, Throttled, "blocked-by-meta", EXTERNAL, 1, 1800),
    Row(506, None, Fatal, "request-invalid", SYSTEM),
    Row(613, None, Throttled, "meta-throttled", EXTERNAL, 1, 300),
    Row(613, 1487742, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(613, 1996, Throttled, "meta-throttled", EXTERNAL, 2, 120),
    Row(613, 5044001, Throttled, "meta-throttled", EXTERNAL, 5, 80),
    Row(803, None, Refused, "audience-gone", USER),
    Row(2500, None, Fatal, "request-invalid", SYSTEM),
    Row(2635, None, Fatal, "api-version-retired", SYSTEM),
    Row(2650, None, Refused, "audience-not-updatable", USER),
    Row(2650, 1870145, Throttled, "replace-in-progress", EXTERNAL, 1, 60),
    Row(2650, 1870158, Fatal, "replace-session-expired", EXTERNAL),
    Row(2650, 1870147, Fatal, "replace-not-started", SYSTEM),
    Row(2650, 1870159, Fatal, "replace-session-finished", SYSTEM),
    Row(2650, 1870148, Fatal, "replace-failed", EXTERNAL),
    Row(2650, 1870144, Refused, "audience-too-large", USER),
    Row(2654, None, Refused, "audience-create-refused", USER),
    Row(2654, 1713092, Refused, "audience-create-refused", USER),
    Row(2655, None, Refused, "terms-not-accepted", USER),
    Row(2656, None, Refused, "audience-in-use", USER),
    Row(2663, None, Refused, "terms-not-accepted", USER),
    Row(2664, None, Refused, "terms-not-accepted", USER),
    Row(5000, None, Retryable, "meta-unavailable", EXTERNAL, 3),
    Row(100, 1487301, Refused, "audience-gone", USER),
    Row(1487366, None, Refused, "audience-gone", USER),
    Row(1870065, None, Refused, "audience-disabled", USER),
    *(
        Row(code, subcode, Throttled, "meta-throttled", EXTERNAL, 2, 120)
        for code in (80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014)
        for subcode in (None, 2446079)
    ),
    Row(98765, None, Fatal, "meta-refused", EXTERNAL),
]


def _error(code, subcode, **more):
    fields = {"message": "secret-value", "type": "OAuthException", "code": code, **more}
    if subcode is not None:
        fields["error_subcode"] = subcode
    return {"error": {**fields, "fbtrace_id": "TRACE"}}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}/{row.subcode}")
@respx.mock
async def test_every_code_ends_in_its_action(row, make_client):
    route = respx.post(URL).respond(400, json=_error(row.code, row.subcode))
    graph = make_client().for_token("token", ad_account_id="act_5")
    with pytest.raises(GraphError) as caught:
        await graph.add_users("77", BODY)
    error = caught.value
    assert type(error) is row.kind
    assert (error.code, error.culprit) == (row.ours, row.culprit)
    assert (error.graph_code, error.graph_subcode) == (row.code, row.subcode)
    assert error.fbtrace_id == "TRACE"
    assert error.members["graph"] == {
        "code": row.code,
        "subcode": row.subcode,
        "fbtrace_id": "TRACE",
    }
    assert route.call_count == row.calls == error.attempts
    assert error.retry_after == row.wait
    assert error.status == (
        503 if row.kind is Throttled else 422 if row.kind in (Refused, Rejected) else 502
    )
    assert error.reauthentication == (row.ours == "token-rejected")
    assert error.help_url is not None
    assert "{" not in error.help_url
    assert "secret-value" not in f"{error} {error.detail} {error.members}"
    assert row.kind is not Refused or "audience 77" in error.detail


def test_the_rows_above_are_the_whole_table():
    tested = {(row.code, row.subcode) for row in ROWS}
    missing = {
        key
        for key in TABLE
        if key not in tested and not any(key[1] in row or key[0] in row for row in tested)
    }
    assert missing == set()


@respx.mock
async def test_the_terms_link_names_the_ad_account(make_client):
    respx.post(URL).respond(400, json=_error(200, 1870090))
    with pytest.raises(Refused) as caught:
        await make_client().for_token("t", ad_account_id="act_5").add_users("77", BODY)
    assert caught.value.help_url.endswith("/customaudiences/tos/?act=5")


@respx.mock
async def test_a_missing_proof_is_the_services_fault_not_the_payloads(make_client):
    answer = _error(100, None, type="GraphMethodException")
    respx.post(URL).respond(400, json=answer)
    with pytest.raises(Fatal) as caught:
        await make_client().for_token("t").add_users("77", BODY)
    assert (caught.value.code, caught.value.culprit) == ("app-secret-refused", SYSTEM)


@respx.mock
async def test_a_known_code_wins_over_the_http_status(make_client):
    """Removed multi-reads answer 500 with code 100 for ever; retrying by status never ends."""
    route = respx.get(url__startswith="http://graph.test/v26.0/me").respond(
        500, json=_error(100, None)
    )
    with pytest.raises(Fatal) as caught:
        await make_client().for_token("t").me()
    assert caught.value.code == "request-invalid"
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [(_error(98765, None, is_transient=True), 400), (_error(98765, None), 503)],
    ids=["is_transient", "5xx"],
)
@respx.mock
async def test_an_unknown_code_is_retried_only_when_meta_calls_it_transient(
    answer, status, make_client
):
    route = respx.post(URL).respond(status, json=answer)
    with pytest.raises(Retryable):
        await make_client().for_token("t").add_users("77", BODY)
    assert route.call_count == 6


@respx.mock
async def test_an_unknown_code_shows_metas_title_unless_it_could_hold_a_value(make_client):
    route = respx.post(URL)
    route.side_effect = [
        httpx.Response(400, json=_error(98765, 4, error_user_title="Audience Upload Blocked")),
        httpx.Response(400, json=_error(98765, 4, error_user_title="bob@example.com is wrong")),
    ]
    graph = make_client().for_token("t")
    for shown in ("Audience Upload Blocked", None):
        with pytest.raises(Fatal) as caught:
            await graph.add_users("77", BODY)
        assert (shown or "Meta's code 98765/4") in caught.value.detail
        assert "bob" not in caught.value.detail


@pytest.mark.parametrize("answer", [803, 100], ids=["803", "100/33"])
@respx.mock
async def test_a_fresh_audience_that_is_not_visible_yet_is_asked_again(answer, make_client):
    """https://github.com/facebook/facebook-ruby-business-sdk/issues/124"""
    missing = httpx.Response(400, json=_error(answer, 33 if answer == 100 else None))
    taken = {"audience_id": "77", "session_id": "1", "num_received": 1}
    route = respx.post(URL.replace("/users", "/usersreplace"))
    route.side_effect = [missing, missing, httpx.Response(200, json=taken)]
    graph = make_client().for_token("t")
    receipt = await graph.replace_users("77", BODY, first=True, fresh=True)
    assert (receipt.num_received, receipt.attempts) == (1, 3)


@respx.mock
async def test_not_found_means_the_ad_account_where_that_was_asked_for(make_client):
    """C12: audience gone, account lost and token rejected are told apart."""
    respx.get(url__startswith="http://graph.test/v26.0/act_5").respond(400, json=_error(100, 33))
    with pytest.raises(Refused) as caught:
        await make_client().for_token("t").ad_account("5")
    assert caught.value.code == "ad-account-unavailable"
    assert "act_5" in caught.value.detail


@respx.mock
async def test_error_fields_may_be_strings_or_missing(make_client):
    route = respx.post(URL)
    route.side_effect = [
        httpx.Response(400, json={"error": {"code": "190", "error_subcode": "463"}}),
        httpx.Response(400, json={"error": {}}),
        httpx.Response(200, json={"error": {"code": 190}}),
    ]
    graph = make_client().for_token("t")
    for code in ("token-rejected", "meta-refused", "token-rejected"):
        with pytest.raises(Fatal) as caught:
            await graph.add_users("77", BODY)
        assert caught.value.code == code
