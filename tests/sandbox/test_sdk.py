"""Meta's own Python SDK against a real sandbox process: unchanged but for the host."""

import random

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from sandbox import world
from sandbox.membership.checksum import of_rows

SCHEMA = [
    CustomAudience.Schema.MultiKeySchema.email,
    CustomAudience.Schema.MultiKeySchema.fn,
]


@pytest.fixture
def sdk(address, monkeypatch):
    monkeypatch.setattr(FacebookSession, "GRAPH", address)
    session = FacebookSession(world.APP_ID, world.APP_SECRET, world.USER_TOKEN)
    api = FacebookAdsApi(session, api_version="v26.0")
    session.requests.post(f"{address}/_sandbox/reset", timeout=10)
    monkeypatch.setattr(FacebookAdsApi, "_default_api", api)
    yield api
    session.requests.close()


@pytest.fixture
def seen(sdk, address):
    """What the sandbox holds of an audience."""

    def read(audience):
        return sdk._session.requests.get(
            f"{address}/_sandbox/audiences/{audience.get_id()}", timeout=10
        ).json()

    return read


@pytest.fixture
def audience(sdk):
    return AdAccount(world.SHOP).create_custom_audience(
        params={
            CustomAudience.Field.name: "From the SDK",
            CustomAudience.Field.subtype: CustomAudience.Subtype.custom,
            CustomAudience.Field.description: "A test",
            CustomAudience.Field.customer_file_source: (
                CustomAudience.CustomerFileSource.user_provided_only
            ),
        }
    )


@pytest.fixture
def people(sha):
    return [[sha(f"{number}@example.com"), sha(f"name{number}")] for number in range(600)]


def test_listing_pages_to_the_end(sdk):
    accounts = User(fbid="me").get_ad_accounts(fields=["name", "account_status"])
    assert len({account["id"] for account in accounts}) == 45
    listed = AdAccount(world.SECOND).get_custom_audiences(fields=["name", "subtype"])
    names = [one["name"] for one in listed]
    assert len(names) == 65
    assert names[0] == "Second List 65"


def test_create_read_update_delete(sdk, audience):
    read = CustomAudience(audience.get_id()).api_get(
        fields=[CustomAudience.Field.name, CustomAudience.Field.operation_status]
    )
    assert read["name"] == "From the SDK"
    assert read["operation_status"]["code"] == 410
    audience.api_update(params={"name": "Renamed"})
    assert audience.api_get(fields=["name"])["name"] == "Renamed"
    audience.api_delete()
    with pytest.raises(FacebookRequestError) as caught:
        CustomAudience(audience.get_id()).api_get(fields=["name"])
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 33)


def test_add_and_remove_with_several_keys(audience, seen, people):
    receipt = audience.add_users(SCHEMA, people, is_raw=True, pre_hashed=True).json()
    assert (receipt["num_received"], receipt["num_invalid_entries"]) == (600, 0)
    assert (seen(audience)["members"], seen(audience)["checksum"]) == of_rows(
        ["EMAIL", "FN"], people
    )
    gone = people[:100]
    audience.remove_users(SCHEMA, gone, is_raw=True, pre_hashed=True)
    assert (seen(audience)["members"], seen(audience)["checksum"]) == of_rows(
        ["EMAIL", "FN"], people[100:]
    )


def test_removals_in_the_query_string_die_at_a_few_hundred_rows(audience, seen, people):
    audience.add_users(SCHEMA, people, is_raw=True, pre_hashed=True)
    answer = audience.remove_users(SCHEMA, people[:300], is_raw=True, pre_hashed=True)
    assert answer.status() == 400, "the SDK takes the page of HTML for a success"
    assert "Sorry, something went wrong" in answer.body()
    assert seen(audience)["members"] == 600


def test_the_single_key_form(audience, seen, sha):
    audience.add_users(CustomAudience.Schema.email_hash, [" A@b.c ", "d@e.f"])
    assert (seen(audience)["members"], seen(audience)["checksum"]) == of_rows(
        ["EMAIL"], [[sha("a@b.c")], [sha("d@e.f")]]
    )
    audience.remove_users(CustomAudience.Schema.email_hash, ["a@b.c"])
    assert seen(audience)["members"] == 1


def test_sessions_and_the_node_form(audience, people):
    session = {"session_id": 77, "batch_seq": 1, "last_batch_flag": False}
    audience.add_users(SCHEMA, people[:10], is_raw=True, pre_hashed=True, session=session)
    rows = {"schema": SCHEMA, "data": people[10:30]}
    session = {"session_id": 77, "batch_seq": 2, "last_batch_flag": True}
    audience.create_user(params={"payload": rows, "session": session})
    (found,) = audience.get_sessions(params={"session_id": 77})
    assert (found["num_received"], found["stage"]) == ("30", "uploading")


def test_replace(audience, seen, people):
    audience.add_users(SCHEMA, people[:50], is_raw=True, pre_hashed=True)
    number = random.Random(1).getrandbits(40)
    batches = [people[100:200], people[200:300], people[300:400]]
    for at, rows in enumerate(batches, start=1):
        audience.create_users_replace(
            params={
                "payload": {"schema": SCHEMA, "data": rows},
                "session": {
                    "session_id": number,
                    "batch_seq": at,
                    "last_batch_flag": at == len(batches),
                },
            }
        )
    assert (seen(audience)["members"], seen(audience)["checksum"]) == of_rows(
        ["EMAIL", "FN"], people[100:400]
    )
    with pytest.raises(FacebookRequestError) as caught:
        audience.create_users_replace(
            params={
                "payload": {"schema": SCHEMA, "data": people[:1]},
                "session": {"session_id": number, "batch_seq": 9, "last_batch_flag": False},
            }
        )
    assert caught.value.api_error_subcode() == 1870159


def test_out_of_every_audience(sdk, audience, seen, people):
    audience.add_users(SCHEMA, people[:3], is_raw=True, pre_hashed=True)
    payload = {"schema": ["EMAIL"], "data": [[people[0][0]]]}
    AdAccount(world.SHOP).delete_users_of_any_audience(params={"payload": payload})
    assert seen(audience)["members"] == 2


def test_batches(sdk):
    batch = sdk.new_batch()
    read = []
    for audience_id in (world.CUSTOMER_LIST, world.WEBSITE):
        CustomAudience(audience_id).api_get(
            fields=["name"], batch=batch, success=lambda answer: read.append(answer.json()["name"])
        )
    assert batch.execute() is None
    assert read == ["Newsletter Readers", "Visitors"]


def test_a_wrong_secret_is_noticed(address, monkeypatch):
    monkeypatch.setattr(FacebookSession, "GRAPH", address)
    session = FacebookSession(world.APP_ID, "wrong", world.USER_TOKEN)
    api = FacebookAdsApi(session, api_version="v26.0")
    with pytest.raises(FacebookRequestError) as caught:
        User(fbid="me", api=api).api_get()
    assert "appsecret_proof" in caught.value.api_error_message()
    session.requests.close()
