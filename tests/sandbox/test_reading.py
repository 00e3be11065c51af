"""What every read shares: tokens, versions, fields, pages, filters, headers, encodings."""

import hashlib
import hmac
import time

import orjson
import pytest

from sandbox import world


async def test_a_page_ends_with_a_cursor_and_the_last_one_has_no_next(api):
    seen, after, pages = [], {}, 0
    while True:
        body = await api.get("/act_1002/customaudiences", fields="name", limit=20, **after)
        seen += [one["id"] for one in body["data"]]
        pages += 1
        if "next" not in body["paging"]:
            break
        assert "access_token" not in body["paging"]["next"]
        after = {"after": body["paging"]["cursors"]["after"]}
    assert (pages, len(set(seen))) == (4, 65)
    assert seen == sorted(seen, reverse=True), "newest first"


async def test_next_can_be_followed_as_it_stands(api):
    response = await api.client.get(
        f"/v26.0/me/adaccounts?fields=name&access_token={world.USER_TOKEN}"
    )
    accounts = []
    while True:
        body = response.json()
        accounts += [one["name"] for one in body["data"]]
        if "next" not in body["paging"]:
            break
        response = await api.client.get(body["paging"]["next"])
    assert len(accounts) == 45
    assert "Sandbox Without Role" not in accounts


async def test_before_leads_back(api):
    first = await api.get("/act_1002/customaudiences", limit=30)
    second = await api.get(
        "/act_1002/customaudiences", limit=30, after=first["paging"]["cursors"]["after"]
    )
    back = await api.get(
        "/act_1002/customaudiences", limit=30, before=second["paging"]["cursors"]["before"]
    )
    assert back["data"] == first["data"]


async def test_the_default_page_is_25_and_has_ids_only(api):
    body = await api.get("/act_1002/customaudiences")
    assert len(body["data"]) == 25
    assert set(body["data"][0]) == {"id"}


async def test_an_empty_edge_has_no_paging(api):
    assert await api.get("/act_1101/customaudiences") == {"data": []}


async def test_a_page_that_is_too_large_is_refused(api, refused):
    response = await api.call("GET", "/act_1002/customaudiences", params={"limit": 5000})
    assert refused(response) == (1, None)
    assert "reduce the amount of data" in response.json()["error"]["message"]


async def test_a_bad_cursor_is_refused(api, refused):
    response = await api.call("GET", "/act_1002/customaudiences", params={"after": "nonsense"})
    assert refused(response) == (100, None)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"field": "operation_status.code", "operator": "IN", "value": [100]}, {world.EXPIRING}),
        ({"field": "delete_time", "operator": "GREATER_THAN", "value": 0}, {world.EXPIRING}),
        ({"field": "subtype", "operator": "EQUAL", "value": "WEBSITE"}, {world.WEBSITE}),
        ({"field": "name", "operator": "CONTAIN", "value": "newsletter"}, {world.CUSTOMER_LIST}),
        ({"field": "name", "operator": "STARTS_WITH", "value": "Every"}, {world.HUGE}),
    ],
)
async def test_filters(api, condition, found):
    body = await api.get("/act_1001/customaudiences", filtering=orjson.dumps([condition]).decode())
    assert {one["id"] for one in body["data"]} == found


async def test_an_unknown_field_is_refused(api, refused):
    response = await api.call("GET", f"/{world.CUSTOMER_LIST}", params={"fields": "id,nonsense"})
    assert refused(response) == (100, None)
    assert "nonexisting field (nonsense)" in response.json()["error"]["message"]


async def test_nested_fields(api):
    body = await api.get("/act_1001", fields="name,business{name},user_tasks")
    assert body == {
        "id": "act_1001",
        "name": "Sandbox Shop",
        "business": {"name": "Sandbox Business"},
        "user_tasks": ["ADVERTISE", "ANALYZE", "MANAGE"],
    }


async def test_terms_by_account_and_by_user(api):
    accepted = {"custom_audience_tos": 1}
    body = await api.get("/act_1001", fields="tos_accepted,user_tos_accepted")
    assert (body["tos_accepted"], body["user_tos_accepted"]) == (accepted, accepted)
    body = await api.get("/act_1004", fields="tos_accepted")
    assert body["tos_accepted"] == {}
    api.token = world.SYSTEM_TOKEN
    assert "user_tos_accepted" not in await api.get("/act_1001", fields="user_tos_accepted")


async def test_me(api):
    assert await api.get("/me") == {"id": world.USER_ID, "name": "Sandy Box"}
    api.token = world.SYSTEM_TOKEN
    body = await api.get("/me", fields="client_business_id")
    assert body == {"id": world.SYSTEM_USER_ID, "client_business_id": world.BUSINESS_ID}


async def test_an_account_without_role_does_not_seem_to_exist(api, refused):
    for path in ("/act_1006", "/act_999", "/23850000000003006", "/1"):
        assert refused(await api.call("GET", path)) == (100, 33)


async def test_members_can_never_be_read(api, refused):
    assert refused(await api.call("GET", f"/{world.CUSTOMER_LIST}/users")) == (100, 33)


async def test_unknown_edges(api, refused):
    assert refused(await api.call("GET", "/act_1001/nonsense")) == (2500, None)
    assert refused(await api.call("GET", "/nonsense/users")) == (803, None)


@pytest.mark.parametrize("version", ["v25.0", "v26.0"])
async def test_served_versions(api, version):
    api.version = version
    response = await api.call("GET", "/act_1001")
    assert response.status_code == 200
    assert response.headers["facebook-api-version"] == version


async def test_an_expired_version_is_refused_or_upgraded(api, refused):
    api.version = "v24.0"
    assert refused(await api.call("GET", "/act_1001")) == (2635, None)
    assert (await api.call("GET", "/me")).status_code == 200, "only the Marketing API expired"
    await api.control("PUT", "settings", {"expired_version": "upgrade"})
    response = await api.call("GET", "/act_1001")
    assert response.status_code == 200
    assert response.headers["facebook-api-version"] == "v25.0"
    assert "auto-upgraded to v25.0" in response.headers["x-ad-api-version-warning"]


async def test_marketing_calls_need_a_version_that_exists(api, refused):
    headers = {"authorization": f"Bearer {api.token}"}
    assert refused(await api.client.get("/act_1001", headers=headers)) == (2635, None)
    assert refused(await api.client.get("/me/adaccounts", headers=headers)) == (2635, None)
    assert (await api.client.get("/me", headers=headers)).status_code == 200
    assert refused(await api.client.get("/v99.0/act_1001", headers=headers)) == (2500, None)


async def test_removed_protocol_features(api):
    response = await api.call("GET", "/", params={"ids": "1,2"})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == 100
    response = await api.call("GET", "/me", params={"date_format": "U"})
    assert response.json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"refused_with": 458}, (190, 458)),
        ({"refused_with": 460}, (190, 460)),
        ({"refused_with": 463}, (190, 463)),
        ({"refused_with": 467}, (190, 467)),
        ({"refused_with": 0}, (190, None)),
        ({"expires_at": 1}, (190, 463)),
        ({"scopes": []}, (200, None)),
    ],
)
async def test_tokens_that_do_not_work(api, refused, attributes, expected):
    await api.control("PATCH", f"tokens/{world.USER_TOKEN}", attributes)
    assert refused(await api.call("GET", "/act_1001")) == expected


async def test_tokens_that_are_unknown_or_missing(api, refused):
    api.token = "nonsense"
    assert refused(await api.call("GET", "/act_1001")) == (190, None)
    assert refused(await api.client.get("/v26.0/act_1001")) == (104, None)
    assert refused(await api.client.get("/v26.0/me")) == (2500, None)


async def test_tokens_expire_with_the_clock(api, refused):
    await api.control("POST", "clock", {"advance": 61 * 86_400})
    assert refused(await api.call("GET", "/act_1001")) == (190, 463)
    api.token = world.SYSTEM_TOKEN
    assert (await api.call("GET", "/act_1001")).status_code == 200


async def test_reading_needs_ads_read_and_writing_ads_management(api, refused):
    await api.control("PATCH", f"tokens/{world.USER_TOKEN}", {"scopes": ["ads_read"]})
    assert (await api.call("GET", "/act_1001")).status_code == 200
    response = await api.call("POST", f"/{world.CUSTOMER_LIST}", json={"description": "x"})
    assert refused(response) == (294, None)


def proof(message: str) -> str:
    return hmac.new(world.APP_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()


async def test_appsecret_proof_in_both_forms(api, refused):
    now = int(time.time())
    good = [
        {"appsecret_proof": proof(world.USER_TOKEN)},
        {"appsecret_proof": proof(f"{world.USER_TOKEN}|{now}"), "appsecret_time": now},
    ]
    bad = [
        {"appsecret_proof": proof("another")},
        {"appsecret_proof": proof(f"{world.USER_TOKEN}|{now - 600}"), "appsecret_time": now - 600},
        {"appsecret_proof": proof(f"{world.USER_TOKEN}|{now}"), "appsecret_time": "soon"},
    ]
    for params in good:
        assert (await api.call("GET", "/me", params=params)).status_code == 200
    for params in bad:
        response = await api.call("GET", "/me", params=params)
        assert refused(response) == (100, None)
        assert response.json()["error"]["type"] == "GraphMethodException"
    await api.control("PUT", "settings", {"app_secret_required": True})
    response = await api.call("GET", "/me")
    assert "require an appsecret_proof" in response.json()["error"]["message"]
    assert (await api.call("GET", "/me", params=good[0])).status_code == 200


async def test_the_token_may_stand_in_query_body_or_header(api, sha):
    path = f"/v26.0/{world.CUSTOMER_LIST}/users"
    payload = {"schema": ["EMAIL"], "data": [[sha("a@b.c")]]}
    text = orjson.dumps(payload).decode()
    token = world.USER_TOKEN
    for request in (
        {"params": {"access_token": token}, "json": {"payload": payload}},
        {"json": {"access_token": token, "payload": payload}},
        {"json": {"access_token": token, "payload": text}},
        {"data": {"access_token": token, "payload": text}},
        {"files": {"access_token": (None, token), "payload": (None, text)}},
        {"headers": {"authorization": f"Bearer {token}"}, "data": {"payload": text}},
        {"params": {"access_token": token, "payload": text}},
    ):
        await api.control("POST", "reset")
        response = await api.client.post(path, **request)
        assert response.status_code == 200, response.text
        assert await api.members(world.CUSTOMER_LIST) == [[sha("a@b.c")]]


@pytest.mark.parametrize("form", ["json", "multipart", "query", "override", "override-form"])
async def test_every_way_to_remove(api, sha, form):
    await api.add(world.CUSTOMER_LIST, [[sha("a")], [sha("b")]])
    payload = {"schema": ["EMAIL"], "data": [[sha("a")]]}
    text = orjson.dumps(payload).decode()
    path = f"/{world.CUSTOMER_LIST}/users"
    method, request = {
        "json": ("DELETE", {"json": {"payload": payload}}),
        "multipart": ("DELETE", {"files": {"payload": (None, text)}}),
        "query": ("DELETE", {"params": {"payload": text}}),
        "override": ("POST", {"json": {"method": "DELETE", "payload": payload}}),
        "override-form": ("POST", {"data": {"method": "delete", "payload": text}}),
    }[form]
    response = await api.call(method, path, **request)
    assert response.status_code == 200, response.text
    assert await api.members(world.CUSTOMER_LIST) == [[sha("b")]]


@pytest.mark.parametrize(
    "request_",
    [
        {"content": b"{nonsense", "headers": {"content-type": "application/json"}},
        {"content": b"[1]", "headers": {"content-type": "application/json"}},
        {"content": b"\xff\xfe", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=y"}},
        {
            "content": b'{"payload":{}}',
            "headers": {"content-type": "application/json", "content-encoding": "gzip"},
        },
    ],
)
async def test_bodies_that_cannot_be_read_have_no_payload(api, refused, request_):
    response = await api.call("POST", f"/{world.CUSTOMER_LIST}/users", **request_)
    assert refused(response) == (100, None)
    assert "payload" in response.json()["error"]["message"]


async def test_long_queries_die_as_pages_of_html(api, sha):
    rows = [[sha(str(number))] for number in range(300)]
    for count, status in ((250, 200), (300, 400)):
        payload = orjson.dumps({"schema": ["EMAIL"], "data": rows[:count]}).decode()
        response = await api.call(
            "DELETE", f"/{world.CUSTOMER_LIST}/users", params={"payload": payload}
        )
        assert response.status_code == status
    assert "Sorry, something went wrong" in response.text


async def test_usage_headers(api, sha):
    listing = await api.call("GET", "/act_1001/customaudiences")
    (usage,) = orjson.loads(listing.headers["x-business-use-case-usage"])["1001"]
    assert usage["type"] == "custom_audience"
    assert usage["estimated_time_to_regain_access"] == 0
    assert "x-app-usage" not in listing.headers
    added = await api.upload(world.CUSTOMER_LIST, [[sha("a")]])
    assert "x-business-use-case-usage" not in added.headers
    assert orjson.loads(added.headers["x-ad-account-usage"])["acc_id_util_pct"] == 0
    assert orjson.loads(added.headers["x-app-usage"])["call_count"] == 1
    removed = await api.upload(world.CUSTOMER_LIST, [[sha("a")]], method="DELETE")
    assert "x-business-use-case-usage" in removed.headers
