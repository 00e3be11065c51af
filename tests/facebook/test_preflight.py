"""Every refusal before the first row, against the sandbox, and none of them after an upload."""

from datetime import timedelta

import pytest

from app import clock
from app.errors import Culprit
from app.facebook.errors import Fatal, GraphError, Refused, Retryable, Scope, Throttled
from app.facebook.preflight import preflight, raise_for
from sandbox import world as seeded

NAMES = [
    "token",
    "permission",
    "ad_account",
    "business",
    "role",
    "terms",
    "audience",
    "audience_account",
    "audience_type",
    "audience_data",
    "audience_rights",
    "audience_values",
    "audience_status",
]


@pytest.fixture
def check(client, world):
    async def run(
        account=seeded.SHOP,
        audience=seeded.CUSTOMER_LIST,
        *,
        values=False,
        mode="add",
        token=seeded.USER_TOKEN,
        using=client,
    ):
        graph = using.for_token(token, ad_account_id=account)
        return await preflight(
            graph,
            using,
            ad_account_id=account,
            audience_id=audience,
            value_based_mapping=values,
            sync_mode=mode,
            now=clock.now(),
        )

    return run


def _first_failure(checks):
    return next((one for one in checks if not one.ok), None)


async def test_a_sound_connection_passes_everything(check, world):
    checks = await check()
    assert [one.name for one in checks] == NAMES
    assert all(one.ok and not one.warning for one in checks)
    assert "59 days left" in checks[0].detail
    raise_for(checks)
    assert not world.log.select(
        "/users", method="POST", account=None, audience=None, operation=None
    )


@pytest.mark.parametrize("mode", ["add", "mirror", "replace", "remove"])
async def test_every_sync_mode_passes_on_a_sound_connection(check, mode):
    checks = await check(mode=mode)
    assert all(one.ok for one in checks)
    assert (checks[-1].name == "audience_size") == (mode == "replace")


async def test_before_the_audience_exists_everything_else_is_checked(check):
    checks = await check(audience=None)
    assert [one.name for one in checks] == NAMES[:6]


async def test_a_system_users_token_does_not_expire(check):
    checks = await check(token=seeded.SYSTEM_TOKEN)
    assert "does not expire" in checks[0].detail


def _set(target, **changes):
    for name, value in changes.items():
        setattr(target, name, value)


SHOP_AUDIENCE = seeded.CUSTOMER_LIST
REFUSALS = {
    "token expired": (
        lambda w: _set(w.tokens[seeded.USER_TOKEN], expires_at=1.0),
        {},
        ("token", "token-rejected"),
    ),
    "token revoked": (
        lambda w: _set(w.tokens[seeded.USER_TOKEN], refused_with=458),
        {},
        ("token", "token-rejected"),
    ),
    "password changed": (
        lambda w: _set(w.tokens[seeded.USER_TOKEN], refused_with=460),
        {},
        ("token", "token-rejected"),
    ),
    "no token at all": (lambda w: None, {"token": "rubbish"}, ("token", "token-rejected")),
    "permission declined": (
        lambda w: _set(
            w.tokens[seeded.USER_TOKEN], declined=["ads_management"], scopes=["ads_read"]
        ),
        {},
        ("permission", "permission-missing"),
    ),
    "account lost": (
        lambda w: _set(w.accounts[seeded.SHOP], role=None),
        {},
        ("ad_account", "ad-account-unavailable"),
    ),
    "account without a role": (
        lambda w: None,
        {"account": seeded.WITHOUT_ROLE, "audience": "23850000000003006"},
        ("ad_account", "ad-account-unavailable"),
    ),
    "account disabled": (
        lambda w: None,
        {"account": seeded.DISABLED, "audience": "23850000000003003"},
        ("ad_account", "ad-account-inactive"),
    ),
    "personal account": (
        lambda w: None,
        {"account": seeded.PERSONAL, "audience": "23850000000003005"},
        ("business", "ad-account-without-business"),
    ),
    "only an analyst": (
        lambda w: _set(w.accounts[seeded.SHOP], user_tasks=["ANALYZE"]),
        {},
        ("role", "ad-account-role-missing"),
    ),
    "terms withdrawn": (
        lambda w: _set(w.accounts[seeded.SHOP], tos_accepted=False),
        {},
        ("terms", "terms-not-accepted"),
    ),
    "audience gone": (
        lambda w: w.audiences.pop(SHOP_AUDIENCE),
        {},
        ("audience", "audience-gone"),
    ),
    "audience of another account": (
        lambda w: None,
        {"audience": "23850000000002001"},
        ("audience_account", "audience-in-other-account"),
    ),
    "type changed after save": (
        lambda w: _set(w.audiences[SHOP_AUDIENCE], subtype="WEBSITE"),
        {},
        ("audience_type", "audience-not-customer-list"),
    ),
    "lookalike": (
        lambda w: None,
        {"audience": seeded.LOOKALIKE},
        ("audience_type", "audience-not-customer-list"),
    ),
    "string schema": (
        lambda w: None,
        {"audience": seeded.STRING_SCHEMA},
        ("audience_data", "audience-data-source"),
    ),
    "not editable": (
        lambda w: None,
        {"audience": seeded.NOT_EDITABLE},
        ("audience_rights", "audience-not-editable"),
    ),
    "values missing": (
        lambda w: None,
        {"audience": seeded.VALUE_BASED},
        ("audience_values", "value-mapping-missing"),
    ),
    "values not wanted": (
        lambda w: None,
        {"values": True},
        ("audience_values", "audience-not-value-based"),
    ),
    "flagged": (
        lambda w: _set(
            w.audiences[SHOP_AUDIENCE],
            operation_status=471,
            fields_violating_integrity_policy=["name"],
        ),
        {},
        ("audience_status", "audience-flagged"),
    ),
    "too large to replace": (
        lambda w: None,
        {"audience": seeded.HUGE, "mode": "replace"},
        ("audience_size", "audience-too-large"),
    ),
}


@pytest.mark.parametrize(("change", "asked", "expected"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_refusals(change, asked, expected, check, world):
    change(world.world)
    checks = await check(**asked)
    failure = _first_failure(checks)
    assert (failure.name, failure.code) == expected
    assert failure.culprit is Culprit.USER
    assert failure.help_url.startswith("https://")
    assert failure.detail.count(".") >= 1
    with pytest.raises(Refused) as caught:
        raise_for(checks)
    assert (caught.value.code, caught.value.status) == (expected[1], 422)
    assert caught.value.reauthentication == (expected[1] == "token-rejected")


async def test_the_terms_link_leads_to_the_account(check):
    checks = await check(seeded.WITHOUT_TERMS, "23850000000003004")
    assert _first_failure(checks).help_url.endswith("/customaudiences/tos/?act=1004")


async def test_after_a_rejected_token_nothing_else_is_asked(check, world):
    world.world.tokens[seeded.USER_TOKEN].refused_with = 463
    checks = await check()
    assert [one.name for one in checks] == ["token"]
    with pytest.raises(Refused) as caught:
        raise_for(checks)
    assert (caught.value.graph_code, caught.value.graph_subcode) == (190, 463)


async def test_a_running_replace_is_waited_for(check):
    checks = await check(audience=seeded.REPLACING)
    failure = _first_failure(checks)
    assert (failure.code, failure.culprit) == ("replace-in-progress", Culprit.EXTERNAL)
    with pytest.raises(Throttled) as caught:
        raise_for(checks)
    assert caught.value.scope is Scope.AUDIENCE
    assert caught.value.wait_seconds == 60


async def test_removing_needs_no_values_even_from_a_value_based_audience(check):
    assert all(one.ok for one in await check(audience=seeded.VALUE_BASED, mode="remove"))
    assert all(one.ok for one in await check(audience=seeded.VALUE_BASED, values=True))


WARNINGS = {
    "token ends soon": (
        lambda w: _set(w.tokens[seeded.USER_TOKEN], expires_at=clock.now().timestamp() + 90_000),
        "token-expires-soon",
    ),
    "data access ends soon": (
        lambda w: _set(
            w.tokens[seeded.USER_TOKEN],
            expires_at=None,
            data_access_expires_at=clock.now().timestamp() + 90_000,
        ),
        "data-access-ends-soon",
    ),
    "expiring": (
        lambda w: _set(w.audiences[SHOP_AUDIENCE], operation_status=100, delete_time=1_900_000_000),
        "audience-expires",
    ),
    "last replace failed": (
        lambda w: _set(w.audiences[SHOP_AUDIENCE], operation_status=415),
        "replace-incomplete",
    ),
    "low match rate": (
        lambda w: _set(w.audiences[SHOP_AUDIENCE], operation_status=411),
        "audience-notice",
    ),
}


# field Meta leaves out → the check that is unknown then
UNKNOWNS = {
    "account_status": ("ad_account", "ad-account-status-unknown"),
    "business": ("business", "business-unknown"),
    "user_tasks": ("role", "ad-account-role-unknown"),
    "tos_accepted": ("terms", "terms-unknown"),
    "account_id": ("audience_account", "audience-account-unknown"),
    "data_source": ("audience_data", "audience-data-unknown"),
    "permission_for_actions": ("audience_rights", "audience-rights-unknown"),
    "operation_status": ("audience_status", "audience-status-unknown"),
}


def _unknown(checks):
    found = [one for one in checks if one.outcome == "unknown"]
    assert all(one.ok and one.warning and one.detail and one.help_url for one in found)
    return {(one.name, one.code) for one in found}


@pytest.mark.parametrize(("field", "expected"), UNKNOWNS.items(), ids=UNKNOWNS.keys())
async def test_what_meta_leaves_out_is_unknown_and_refuses_nothing(field, expected, check, world):
    for target in (world.world.accounts[seeded.SHOP], world.world.audiences[SHOP_AUDIENCE]):
        target.hidden_fields = [field]
    checks = await check()
    assert [one.name for one in checks] == NAMES
    assert expected in _unknown(checks)
    assert len(_unknown(checks)) == 1
    raise_for(checks)


@pytest.mark.parametrize("field", ["business", "user_tasks", "tos_accepted", "data_source"])
async def test_a_read_refused_for_one_field_is_repeated_without_it(field, check, world):
    """(#200) Requires business_management permission: the whole read, for one field."""
    for target in (world.world.accounts[seeded.SHOP], world.world.audiences[SHOP_AUDIENCE]):
        target.refused_fields = [field]
    checks = await check()
    assert UNKNOWNS[field] in _unknown(checks)
    if field == "business":
        assert len(_unknown(checks)) == 1  # only that one is left out
    raise_for(checks)


async def test_values_and_size_that_meta_does_not_tell(check, world):
    world.world.audiences[SHOP_AUDIENCE].hidden_fields = [
        "is_value_based",
        "approximate_count_lower_bound",
        "approximate_count_upper_bound",
    ]
    assert _unknown(await check()) == set()
    assert _unknown(await check(values=True, mode="replace")) == {
        ("audience_values", "audience-values-unknown"),
        ("audience_size", "audience-size-unknown"),
    }


@pytest.mark.parametrize("kind", ["HASHES", "USER_IDS", "EXTERNAL_IDS_MIX", "NOT_YET_INVENTED"])
async def test_a_data_source_of_which_nothing_is_documented_is_tried(kind, check, world):
    world.world.audiences[SHOP_AUDIENCE].data_source_sub_type = kind
    checks = await check()
    assert _unknown(checks) == {("audience_data", "audience-data-unknown")}
    assert kind in next(one.detail for one in checks if one.unknown)


async def test_permissions_that_meta_does_not_list(check, world):
    token = world.world.tokens[seeded.USER_TOKEN]
    token.scopes = []
    checks = await check()
    assert (checks[1].code, checks[1].outcome) == ("permission-unknown", "unknown")


@pytest.mark.parametrize(("change", "code"), WARNINGS.values(), ids=WARNINGS.keys())
async def test_warnings_do_not_stop_a_run(change, code, check, world):
    change(world.world)
    checks = await check()
    assert [one.code for one in checks if one.warning] == [code]
    raise_for(checks)


async def test_a_fault_of_meta_is_no_refusal(check, world):
    world.faults.add({"kind": "code2", "match": {"path": "act_1001$"}})
    checks = await check()
    failure = _first_failure(checks)
    assert (failure.name, failure.code) == ("ad_account", "meta-unavailable")
    with pytest.raises(Retryable):
        raise_for(checks)


async def test_wrong_app_credentials_are_the_services_fault(check, world, sandboxed):
    other = sandboxed(app_secret="wrong")
    checks = await check(using=other)
    with pytest.raises(Fatal) as caught:
        raise_for(checks)
    assert caught.value.culprit is Culprit.SYSTEM
    assert not caught.value.reauthentication


async def test_without_an_app_a_token_is_inspected_with_itself(check, world, sandboxed):
    without = sandboxed(app_id="", app_secret="")
    assert all(one.ok for one in await check(using=without))
    world.world.tokens[seeded.USER_TOKEN].refused_with = 463
    checks = await check(using=without)
    with pytest.raises(GraphError) as caught:
        raise_for(checks)
    assert caught.value.reauthentication


async def test_days_left_are_counted_from_the_given_moment(client):
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    checks = await preflight(
        graph,
        client,
        ad_account_id=seeded.SHOP,
        audience_id=None,
        value_based_mapping=False,
        sync_mode="add",
        now=clock.now() + timedelta(days=55),
    )
    assert checks[0].code == "token-expires-soon"
    assert "4 days left" in checks[0].detail
