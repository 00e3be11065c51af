"""The edges this product uses, against the sandbox, by what is in the audience afterwards."""

import hashlib
from datetime import timedelta

import polars as pl
import pytest

from app import clock
from app.facebook.errors import AmbiguousOutcome, Fatal, Refused, Rejected, Throttled
from app.facebook.upload.body import UploadSession, match_invalid_samples, upload_body
from sandbox import world as seeded


def _hashes(*names):
    return [hashlib.sha256(f"{name}@example.com".encode()).digest() for name in names]


def _emails(*names):
    return pl.DataFrame({"EMAIL": _hashes(*names)})


def _members(world, audience):
    _, rows = world.world.audiences[audience].members.rows()
    return {row[0] for row in rows}


def _hex(*names):
    return {digest.hex() for digest in _hashes(*names)}


@pytest.fixture
def graph(client):
    return client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)


async def test_who_is_signed_in(graph):
    person = await graph.me()
    assert (person.id, person.name) == (seeded.USER_ID, "Sandy Box")


async def test_permissions_say_what_was_declined(graph, world):
    world.world.tokens[seeded.USER_TOKEN].declined.append("ads_read")
    granted = await graph.permissions()
    assert granted["ads_management"] == "granted"
    assert granted["ads_read"] == "declined"


async def test_an_ad_account_with_its_business_and_terms(graph):
    account = await graph.ad_account("1001")
    assert (account.id, account.account_id, account.name) == ("act_1001", "1001", "Sandbox Shop")
    assert account.usable
    assert account.status_name == "active"
    assert account.business.name == "Sandbox Business"
    assert account.customer_list_terms
    assert "MANAGE" in account.user_tasks
    assert account.currency == "EUR"


async def test_a_disabled_account_and_one_without_terms(graph):
    disabled = await graph.ad_account(seeded.DISABLED)
    assert (disabled.usable, disabled.status_name, disabled.disable_reason) == (
        False,
        "disabled",
        1,
    )
    assert (await graph.ad_account(seeded.WITHOUT_TERMS)).customer_list_terms is False
    assert (await graph.ad_account(seeded.PERSONAL)).business is None


async def test_the_audience_of_every_kind_says_whether_it_can_be_chosen(graph):
    """S34: audiences of all types are listed; S12: only customer lists can be filled."""
    audiences = {one.id: one for one in await graph.audiences(seeded.SHOP)}
    refusals = {key: one.refusal and one.refusal.code for key, one in audiences.items()}
    assert refusals == {
        seeded.CUSTOMER_LIST: None,
        seeded.STRING_SCHEMA: "audience-data-source",
        seeded.WEBSITE: "audience-not-customer-list",
        seeded.LOOKALIKE: "audience-not-customer-list",
        seeded.ENGAGEMENT: "audience-not-customer-list",
        seeded.VALUE_BASED: None,
        seeded.FLAGGED: "audience-flagged",
        seeded.REPLACING: None,
        seeded.NOT_EDITABLE: "audience-not-editable",
        seeded.HUGE: None,
        seeded.EXPIRING: None,
        seeded.LOOKALIKE_SEED: None,
    }
    assert all(one.selectable == (one.reason is None) for one in audiences.values())
    assert "website" in audiences[seeded.WEBSITE].reason
    assert audiences[seeded.HUGE].lower_bound >= 100_000_000
    assert audiences[seeded.EXPIRING].delete_time is not None
    assert audiences[seeded.VALUE_BASED].is_value_based


async def test_a_new_audience_is_a_customer_list_as_asked_for(graph):
    made = await graph.create_audience(
        "act_1001",
        name="Buyers",
        description="of 2026",
        customer_file_source="BOTH_USER_AND_PARTNER_PROVIDED",
        retention_days=90,
        is_value_based=True,
    )
    audience = await graph.audience(made)
    assert (audience.name, audience.description) == ("Buyers", "of 2026")
    assert (audience.subtype, audience.account_id) == ("CUSTOM", "1001")
    assert audience.customer_file_source == "BOTH_USER_AND_PARTNER_PROVIDED"
    assert (audience.retention_days, audience.is_value_based) == (90, True)
    assert audience.selectable


async def test_adding_and_removing_are_set_like(graph, world):
    body = upload_body(_emails("a", "b", "c"))
    receipt = await graph.add_users(seeded.CUSTOMER_LIST, body)
    assert (receipt.num_received, receipt.num_invalid_entries) == (3, 0)
    assert receipt.audience_id == seeded.CUSTOMER_LIST
    await graph.add_users(seeded.CUSTOMER_LIST, body)
    assert _members(world, seeded.CUSTOMER_LIST) == _hex("a", "b", "c")
    receipt = await graph.remove_users(seeded.CUSTOMER_LIST, upload_body(_emails("b", "z")))
    assert receipt.num_received == 2
    assert _members(world, seeded.CUSTOMER_LIST) == _hex("a", "c")


async def test_what_is_received_counts_up_within_a_session(graph):
    received = []
    for number, names in ((1, "ab"), (2, "cde")):
        session = UploadSession(77, number, last_batch=number == 2)
        body = upload_body(_emails(*names), session=session)
        receipt = await graph.add_users(seeded.CUSTOMER_LIST, body)
        received.append((receipt.session_id, receipt.num_received))
    assert received == [("77", 2), ("77", 5)]
    status = await graph.session(seeded.CUSTOMER_LIST, 77)
    assert (status.session_id, status.num_received, status.num_matched) == ("77", 5, None)
    assert await graph.session(seeded.CUSTOMER_LIST, 78) is None


async def test_an_empty_external_id_is_an_invalid_entry_with_its_reason(graph):
    rows = _emails("a", "b").with_columns(EXTERN_ID=pl.Series(["1", None]))
    receipt = await graph.add_users(seeded.CUSTOMER_LIST, upload_body(rows))
    assert receipt.num_invalid_entries == 1
    assert match_invalid_samples(receipt.invalid_samples, rows) == {"empty_external_id": 1}


async def test_a_replace_swaps_the_whole_content(graph, world):
    await graph.add_users(seeded.CUSTOMER_LIST, upload_body(_emails("old")))
    for number, names in ((1, "ab"), (2, "cd"), (3, "e")):
        body = upload_body(_emails(*names), session=UploadSession(5, number, number == 3))
        await graph.replace_users(seeded.CUSTOMER_LIST, body, first=number == 1)
    assert _members(world, seeded.CUSTOMER_LIST) == _hex(*"abcde")
    assert (await graph.audience(seeded.CUSTOMER_LIST)).operation == 200


async def test_a_lost_answer_to_the_first_batch_of_a_replace_shows_in_the_status(graph, world):
    world.faults.add(
        {"kind": "html502", "applied": True, "times": 1, "match": {"path": "usersreplace"}}
    )
    first = upload_body(_emails("a"), session=UploadSession(5, 1, last_batch=False))
    with pytest.raises(AmbiguousOutcome):
        await graph.replace_users(seeded.CUSTOMER_LIST, first, first=True)
    assert (await graph.audience(seeded.CUSTOMER_LIST)).operation == 414
    last = upload_body(_emails("b"), session=UploadSession(5, 2, last_batch=True))
    await graph.replace_users(seeded.CUSTOMER_LIST, last, first=False)
    assert _members(world, seeded.CUSTOMER_LIST) == _hex("a", "b")


async def test_other_updates_wait_while_a_replace_runs(graph):
    session = UploadSession(5, 1, last_batch=False)
    body = upload_body(_emails("a"), session=session)
    with pytest.raises(Throttled) as caught:
        await graph.replace_users(seeded.REPLACING, body, first=True)
    assert caught.value.code == "replace-in-progress"
    assert caught.value.attempts == 1


async def test_a_replace_past_its_ninety_minutes_is_told_apart(graph, world):
    body = upload_body(_emails("a"), session=UploadSession(5, 1, last_batch=False))
    await graph.replace_users(seeded.CUSTOMER_LIST, body, first=True)
    world.settings.replace_minutes = 0
    late = upload_body(_emails("b"), session=UploadSession(5, 2, last_batch=True))
    with pytest.raises(Fatal) as caught:
        await graph.replace_users(seeded.CUSTOMER_LIST, late, first=False)
    assert caught.value.code == "replace-session-expired"


async def test_people_leave_every_audience_of_an_account(graph, world):
    for audience in (seeded.CUSTOMER_LIST, seeded.LOOKALIKE_SEED):
        await graph.add_users(audience, upload_body(_emails("a", "b")))
    await graph.remove_from_every_audience("act_1001", upload_body(_emails("a")))
    for audience in (seeded.CUSTOMER_LIST, seeded.LOOKALIKE_SEED):
        assert _members(world, audience) == _hex("b")


@pytest.mark.parametrize(
    ("audience", "kind", "code"),
    [
        (seeded.FLAGGED, Refused, "audience-flagged"),
        (seeded.STRING_SCHEMA, Refused, "audience-not-updatable"),
        (seeded.VALUE_BASED, Rejected, "payload-rejected"),
        (seeded.NOT_EDITABLE, Refused, "permission-missing"),
        ("404", Refused, "audience-gone"),
    ],
)
async def test_uploads_that_meta_refuses(audience, kind, code, graph):
    with pytest.raises(kind) as caught:
        await graph.add_users(audience, upload_body(_emails("a")))
    assert caught.value.code == code


async def test_removing_from_a_small_audience_is_refused(graph, world):
    """C14."""
    world.settings.small_audience_threshold = 100
    await graph.add_users(seeded.CUSTOMER_LIST, upload_body(_emails("a", "b")))
    with pytest.raises(Refused) as caught:
        await graph.remove_users(seeded.CUSTOMER_LIST, upload_body(_emails("a")))
    assert caught.value.code == "audience-too-small"


async def test_a_new_audience_can_be_filled_at_once(graph, world):
    world.settings.missing_alias_calls = 3
    made = await graph.create_audience("1001", name="New")
    receipt = await graph.add_users(made, upload_body(_emails("a")), fresh=True)
    assert receipt.attempts == 4
    assert _members(world, made) == _hex("a")


async def test_retired_versions_are_refused_or_warned_about(sandboxed, world, client):
    old = sandboxed(version="v23.0").for_token(seeded.USER_TOKEN)
    with pytest.raises(Fatal) as caught:
        await old.audience(seeded.CUSTOMER_LIST)
    assert caught.value.code == "api-version-retired"
    world.settings.expired_version = "upgrade"
    assert "auto-upgraded" in (await old.audience(seeded.CUSTOMER_LIST)).version_warning
    assert "auto-upgraded" in (await old.ad_account("1001")).version_warning


async def test_the_proof_of_the_app_secret_is_sent_and_right(graph, world, sandboxed):
    world.settings.app_secret_required = True
    assert (await graph.me()).id == seeded.USER_ID
    for secret in ("", "wrong"):
        other = sandboxed(app_secret=secret)
        with pytest.raises(Fatal) as caught:
            await other.for_token(seeded.USER_TOKEN).me()
        assert caught.value.code == "app-secret-refused"


async def test_revoking_ends_the_token(graph):
    await graph.revoke()
    with pytest.raises(Refused) as caught:
        await graph.me()
    assert caught.value.reauthentication


async def test_what_meta_knows_about_tokens(client):
    info = await client.debug_token(seeded.USER_TOKEN)
    assert (info.is_valid, info.kind, info.user_id) == (True, "user", seeded.USER_ID)
    assert info.app_id == seeded.APP_ID
    assert "ads_management" in info.scopes
    assert timedelta(days=59) < info.expires_at - clock.now() <= timedelta(days=60)
    assert info.data_access_expires_at > info.expires_at
    info = await client.debug_token(seeded.SYSTEM_TOKEN)
    assert (info.kind, info.expires_at) == ("system_user", None)
    assert not (await client.debug_token("rubbish")).is_valid
