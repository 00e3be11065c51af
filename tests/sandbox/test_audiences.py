"""Audiences as objects: create, read, change, delete, and every gate before them."""

import pytest

from sandbox import world

READ = "name,description,subtype,customer_file_source,data_source,operation_status,delivery_status"


async def create(api, account="act_1001", **fields):
    body = {"name": "New", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    return await api.call("POST", f"/{account}/customaudiences", json=body | fields)


async def test_create_and_read(api):
    response = await create(
        api, description="By the export", retention_days=30, is_value_based=True
    )
    assert set(response.json()) == {"id"}
    body = await api.get(
        f"/{response.json()['id']}", fields=f"{READ},retention_days,is_value_based"
    )
    assert body == {
        "id": response.json()["id"],
        "name": "New",
        "description": "By the export",
        "subtype": "CUSTOM",
        "customer_file_source": "USER_PROVIDED_ONLY",
        "data_source": {"type": "UNKNOWN", "sub_type": "ANYTHING"},
        "operation_status": {"code": 410, "description": "No file has been uploaded."},
        "delivery_status": {
            "code": 300,
            "description": "This audience is too small or can't be used.",
        },
        "retention_days": 30,
        "is_value_based": True,
    }
    listed = await api.get("/act_1001/customaudiences", limit=1)
    assert listed["data"] == [{"id": response.json()["id"]}], "newest first"


async def test_the_first_upload_decides_the_data_source(api, sha):
    audience = (await create(api)).json()["id"]
    await api.add(audience, [[sha(str(number))] for number in range(120)])
    body = await api.get(
        f"/{audience}",
        fields=f"{READ},approximate_count_lower_bound,approximate_count_upper_bound",
    )
    assert body["data_source"] == {"type": "FILE_IMPORTED", "sub_type": "MULTI_HASHES"}
    assert body["operation_status"]["code"] == 200
    assert body["delivery_status"]["code"] == 200
    assert (body["approximate_count_lower_bound"], body["approximate_count_upper_bound"]) == (
        120,
        120,
    )


async def test_fields_on_a_post_read_back(api, sha):
    response = await create(api, fields="name,subtype")
    assert set(response.json()) == {"id", "name", "subtype"}
    audience = response.json()["id"]
    response = await api.call(
        "POST",
        f"/{audience}/users",
        json={
            "payload": {"schema": ["EMAIL"], "data": [[sha("a")]]},
            "fields": "operation_status",
        },
    )
    body = response.json()
    assert (body["operation_status"]["code"], body["num_received"]) == (200, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"subtype": "NONSENSE"},
        {"customer_file_source": "NONSENSE"},
        {"retention_days": 181},
        {"subtype": "LOOKALIKE"},
    ],
)
async def test_create_checks_its_parameters(api, refused, fields):
    assert refused(await create(api, **fields)) == (100, None)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (world.DISABLED, (200, None)),
        (world.WITHOUT_TERMS, (200, 1870090)),
        (world.PERSONAL, (200, 1870050)),
        (world.WITHOUT_ROLE, (100, 33)),
    ],
)
async def test_accounts_that_cannot_have_lists(api, refused, sha, account, expected):
    assert refused(await create(api, account)) == expected
    audience = f"2385000000000300{account[-1]}"
    assert refused(await api.upload(audience, [[sha("a")]])) == expected


async def test_the_refusal_of_terms_names_where_to_accept_them(api):
    error = (await create(api, world.WITHOUT_TERMS)).json()["error"]
    assert error["error_user_title"] == "Custom Audience Terms Not Accepted"
    assert "customaudiences/tos/?act=1004" in error["error_user_msg"]


async def test_terms_accepted_later_open_the_gate(api):
    await api.control("PATCH", "ad-accounts/1004", {"tos_accepted": True})
    assert (await create(api, world.WITHOUT_TERMS)).status_code == 200


async def test_fetch_or_create_finds_its_own(api):
    first = (await create(api)).json()
    assert (await create(api)).json() != first
    assert (await create(api, name="Only One")).json() == (
        await create(api, name="Only One", enable_fetch_or_create=True)
    ).json()


async def test_five_hundred_lists_and_no_more(api, state, refused):
    for _ in range(500 - 65):
        assert (await create(api, "act_1002")).status_code == 200
    assert refused(await create(api, "act_1002")) == (2654, None)


@pytest.mark.parametrize(
    ("audience", "field", "value"),
    [
        (world.WEBSITE, "subtype", "WEBSITE"),
        (world.LOOKALIKE, "subtype", "LOOKALIKE"),
        (world.ENGAGEMENT, "customer_file_source", "NOT_APPLICABLE"),
        (world.VALUE_BASED, "is_value_based", True),
        (world.FLAGGED, "fields_violating_integrity_policy", ["name"]),
        (world.HUGE, "approximate_count_lower_bound", 120_000_000),
    ],
)
async def test_seeded_kinds(api, audience, field, value):
    assert (await api.get(f"/{audience}", fields=field))[field] == value


@pytest.mark.parametrize(
    ("audience", "code"),
    [(world.FLAGGED, 471), (world.REPLACING, 414), (world.EXPIRING, 100)],
)
async def test_seeded_states(api, audience, code):
    body = await api.get(f"/{audience}", fields="operation_status,permission_for_actions")
    assert body["operation_status"]["code"] == code
    assert body["permission_for_actions"]["can_edit"] is True


async def test_update(api):
    response = await api.call(
        "POST", f"/{world.CUSTOMER_LIST}", data={"name": "Renamed", "retention_days": "7"}
    )
    assert response.json() == {"success": True}
    body = await api.get(f"/{world.CUSTOMER_LIST}", fields="name,retention_days")
    assert (body["name"], body["retention_days"]) == ("Renamed", 7)


async def test_what_one_may_not_edit(api, refused, sha):
    path = f"/{world.NOT_EDITABLE}"
    for response in (
        await api.call("POST", path, data={"name": "x"}),
        await api.call("DELETE", path),
        await api.upload(world.NOT_EDITABLE, [[sha("a")]]),
    ):
        assert response.status_code == 403
        assert refused(response) == (200, None)
        assert f"can not update audience {world.NOT_EDITABLE}" in response.text


async def test_flagged_audiences(api, refused, sha):
    for edge, method in (("users", "POST"), ("users", "DELETE"), ("usersreplace", "POST")):
        response = await api.upload(
            world.FLAGGED, [[sha("a")]], edge=edge, method=method, session_id=1, batch_seq=1
        )
        assert refused(response) == (100, 1713230)
        assert response.json()["error"]["error_user_title"] == "Audience Upload Blocked"
    response = await api.call("POST", f"/{world.FLAGGED}", json={"description": "x"})
    assert refused(response) == (100, 1713231)
    response = await api.call(
        "POST",
        "/act_1001/customaudiences",
        json={"name": "L", "subtype": "LOOKALIKE", "origin_audience_id": world.FLAGGED},
    )
    assert refused(response) == (100, 1713230)
    assert (
        await api.call("POST", f"/{world.FLAGGED}", json={"name": "Patients"})
    ).status_code == 200
    assert (await api.upload(world.FLAGGED, [[sha("a")]])).status_code == 200


async def test_names_about_health_are_flagged(api):
    response = await create(api, name="Credit score below 500")
    body = await api.get(
        f"/{response.json()['id']}", fields="operation_status,fields_violating_integrity_policy"
    )
    assert body["operation_status"]["code"] == 471
    assert body["fields_violating_integrity_policy"] == ["name"]


async def test_delete(api, refused):
    response = await api.call("DELETE", f"/{world.CUSTOMER_LIST}")
    assert response.json() == {"success": True}
    assert refused(await api.call("GET", f"/{world.CUSTOMER_LIST}")) == (100, 33)


async def test_a_list_with_a_lookalike_is_not_deleted_before_it(api, refused):
    assert refused(await api.call("DELETE", f"/{world.LOOKALIKE_SEED}")) == (2656, None)
    await api.call("DELETE", f"/{world.LOOKALIKE}")
    assert (await api.call("DELETE", f"/{world.LOOKALIKE_SEED}")).status_code == 200


async def test_a_new_lookalike_is_known_to_its_seed(api):
    response = await api.call(
        "POST",
        "/act_1001/customaudiences",
        json={"name": "L", "subtype": "LOOKALIKE", "origin_audience_id": world.CUSTOMER_LIST},
    )
    body = await api.get(f"/{world.CUSTOMER_LIST}", fields="lookalike_audience_ids")
    assert body["lookalike_audience_ids"] == [response.json()["id"]]
    body = await api.get(f"/{response.json()['id']}", fields="approximate_count_lower_bound")
    assert body["approximate_count_lower_bound"] == -1


async def test_just_created_audiences_may_lack_their_edge(api, refused, sha):
    await api.control("PUT", "settings", {"missing_alias_calls": 2})
    audience = (await create(api)).json()["id"]
    for _ in range(2):
        assert refused(await api.upload(audience, [[sha("a")]])) == (803, None)
    assert (await api.upload(audience, [[sha("a")]])).status_code == 200


async def test_sessions_are_strings_and_stay_uploading(api, sha):
    await api.upload(
        world.CUSTOMER_LIST, [[sha("a")]], session_id=7, batch_seq=1, last_batch_flag=True
    )
    body = await api.get(f"/{world.CUSTOMER_LIST}/sessions", session_id=7)
    (session,) = body["data"]
    assert all(isinstance(value, str) for value in session.values())
    assert (session["session_id"], session["num_received"], session["stage"]) == (
        "7",
        "1",
        "uploading",
    )
    assert await api.get(f"/{world.CUSTOMER_LIST}/sessions", session_id=8) == {"data": []}
