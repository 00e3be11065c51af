"""No token, secret, proof, payload or sample in a log, a printed form, an error or an address."""

import io
import logging
import traceback

import httpx
import pytest
import respx

from app.facebook.client import GraphConfig
from app.facebook.errors import GraphError
from app.facebook.upload.receipts import UploadReceipt

TOKEN = "EAAB-very-secret-token"
SECRET = "very-secret-app-secret"
HASH = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
BODY = b'{"payload":{"schema":["EMAIL"],"data":[["' + HASH.encode() + b'"]]}}'
CODE = "very-secret-code"
ALL = (TOKEN, SECRET, HASH, CODE, "appsecret_proof=", "input_token=", "proof'")


@pytest.fixture
def everything_logged():
    """The root logger at its most talkative, with tracebacks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def secret_client(make_client):
    return make_client(app_secret=SECRET)


async def _every_call(client):
    graph = client.for_token(TOKEN, ad_account_id="5")
    return [
        graph.me,
        graph.permissions,
        graph.ad_accounts,
        lambda: graph.audience("77"),
        lambda: graph.add_users("77", BODY),
        lambda: graph.remove_users("77", BODY),
        lambda: graph.replace_users("77", BODY, first=True),
        lambda: graph.remove_from_every_audience("5", BODY),
        lambda: client.debug_token(TOKEN),
        lambda: client.exchange_code(CODE, "https://service.test/"),
        lambda: client.exchange_long_lived(TOKEN),
        graph.revoke,
    ]


ANSWERS = {
    "taken": httpx.Response(
        200,
        json={
            "id": "1",
            "data": [],
            "success": True,
            "access_token": TOKEN,
            "num_received": 1,
            "invalid_entry_samples": {f'["{HASH}"]': "bad hash"},
        },
    ),
    "refused with an echo": httpx.Response(
        400,
        json={
            "error": {
                "code": 190,
                "message": f"Malformed access token {TOKEN}",
                "error_user_title": f"Title {TOKEN}",
                "error_user_msg": f"{HASH}",
            }
        },
    ),
    "rejected": httpx.Response(400, json={"error": {"code": 100, "message": HASH}}),
    "html": httpx.Response(502, html=f"<p>{TOKEN} {HASH}</p>"),
    "hang-up": httpx.ReadError(f"while sending {HASH} for {TOKEN}"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@respx.mock
async def test_nothing_secret_gets_out(answer, secret_client, everything_logged):
    route = respx.route(host="graph.test")
    if isinstance(answer, Exception):
        route.side_effect = answer
    else:
        route.mock(return_value=answer)
    shown = []
    for call in await _every_call(secret_client):
        try:
            shown.append(repr(await call()))
        except GraphError as error:
            trace = "".join(traceback.format_exception(error))
            # Python shows the lines of the source, and this test's own lines hold the names
            shown += [str(error), repr(error), repr(error.members), _messages(trace)]
    logging.getLogger("httpx").info("whatever is said is heard")
    log = everything_logged.getvalue()
    assert "whatever is said is heard" in log
    assert "graph.test" not in log  # no address at all
    shown.append(log)
    for word in ALL:
        assert word not in "\n".join(shown)


def _messages(trace):
    return "\n".join(line for line in trace.splitlines() if not line.startswith("    "))


@respx.mock
async def test_the_token_travels_in_the_header_only(secret_client):
    route = respx.route(host="graph.test").mock(return_value=ANSWERS["taken"])
    graph = secret_client.for_token(TOKEN)
    await graph.add_users("77", BODY)
    await graph.me()
    for call in route.calls:
        assert call.request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(call.request.url)
        assert "appsecret_proof" in call.request.url.params
        assert TOKEN.encode() not in call.request.content


@respx.mock
async def test_no_proof_is_sent_without_a_secret(make_client):
    route = respx.route(host="graph.test").mock(return_value=ANSWERS["taken"])
    await make_client(app_secret="").for_token(TOKEN).add_users("77", BODY)
    assert route.calls.last.request.url.query == b""


def test_printed_forms_hide_what_is_secret(make_client):
    config = GraphConfig("https://graph.test", "v26.0", "1", SECRET)
    graph = make_client(app_secret=SECRET).for_token(TOKEN)
    receipt = UploadReceipt("77", "1", 1, 1, {HASH: "bad"})
    for one in (config, graph, receipt):
        for word in ALL:
            assert word not in repr(one)
            assert word not in str(one)
