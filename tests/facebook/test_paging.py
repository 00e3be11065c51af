"""Lists are read to their end, however Meta cuts them (25 accounts are a page, not a limit)."""

import httpx
import pytest
import respx

from app.facebook.errors import Retryable
from sandbox import world as seeded

URL = "http://graph.test/v26.0/me/adaccounts"


def _page(ids, **paging):
    return {"data": [{"id": f"act_{n}", "account_id": str(n)} for n in ids], "paging": paging}


def _next(after, **extra):
    address = f"{URL}?access_token=LEAKED&limit=1&after={after}"
    return {"cursors": {"before": "x", "after": after}, "next": address, **extra}


async def test_every_account_of_the_sandbox_is_listed(client, world):
    accounts = await client.for_token(seeded.USER_TOKEN).ad_accounts()
    visible = {one.id for one in world.world.accounts.values() if one.role is not None}
    assert {account.id for account in accounts} == visible
    assert len(accounts) > 25


async def test_every_audience_of_the_sandbox_is_listed(client):
    audiences = await client.for_token(seeded.USER_TOKEN).audiences(seeded.SECOND)
    assert len({audience.id for audience in audiences}) == seeded.MORE_AUDIENCES


@respx.mock
async def test_an_empty_page_with_a_next_one_is_not_the_end(make_client):
    route = respx.get(URL)
    route.side_effect = [
        httpx.Response(200, json=_page([1], **_next("a"))),
        httpx.Response(200, json=_page([], **_next("b"))),
        httpx.Response(200, json=_page([2], cursors={"after": "c"})),
    ]
    accounts = await make_client().for_token("t").ad_accounts()
    assert [account.account_id for account in accounts] == ["1", "2"]
    afters = [call.request.url.params.get("after") for call in route.calls]
    assert afters == [None, "a", "b"]


@respx.mock
async def test_a_next_address_is_never_followed_as_it_stands(make_client):
    """It can hold a token, and could name another host."""
    route = respx.get(URL)
    elsewhere = _next("a", next="https://evil.test/v26.0/me/adaccounts?access_token=T&offset=50")
    route.side_effect = [
        httpx.Response(200, json=_page([1], **elsewhere)),
        httpx.Response(200, json=_page([2])),
    ]
    assert len(await make_client().for_token("t").ad_accounts()) == 2
    params = route.calls.last.request.url.params
    assert "access_token" not in params
    assert (params["offset"], params["after"], params["limit"]) == ("50", "a", "50")


@respx.mock
async def test_the_same_page_again_and_again_ends_as_a_fault_of_meta(make_client):
    respx.get(URL).respond(200, json=_page([1], **_next("a")))
    with pytest.raises(Retryable, match="pages do not end"):
        await make_client().for_token("t").ad_accounts()


@respx.mock
async def test_an_empty_list_without_paging(make_client):
    respx.get(URL).respond(200, json={"data": []})
    assert await make_client().for_token("t").ad_accounts() == []


@respx.mock
async def test_pages_shrink_when_meta_asks_for_less_data(make_client):
    """Code 1, "Please reduce the amount of data you're asking for"."""
    too_much = {"error": {"code": 1, "message": "reduce"}}

    def answer(request):
        params = request.url.params
        if int(params["limit"]) > 20:
            return httpx.Response(500, json=too_much)
        if params.get("after") == "a":
            return httpx.Response(200, json=_page([2]))
        return httpx.Response(200, json=_page([1], **_next("a")))

    respx.get(URL).side_effect = answer
    accounts = await make_client().for_token("t").ad_accounts()
    assert [account.account_id for account in accounts] == ["1", "2"]
