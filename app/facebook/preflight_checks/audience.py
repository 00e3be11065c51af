"""Whether an audience can take this run's rows: type, data, rights, values, status and size."""

from app.errors import Culprit
from app.facebook import help_links
from app.facebook.objects import audiences
from app.facebook.objects.audiences import Audience, Refusal
from app.facebook.preflight_checks.check import (
    REPLACE_RUNNING,
    Check,
    failed,
    passed,
    unknown,
    warned,
)

_NOTICES = (400, 411, 412, 442, 450, 470, 500)


def check_audience(
    audience: Audience, *, account: str, value_based_mapping: bool | None, sync_mode: str
) -> list[Check]:
    """All conditions on the audience itself; `account` is the connection's, in digits.

    https://developers.facebook.com/docs/marketing-api/reference/custom-audience and, for replace,
    https://developers.facebook.com/docs/marketing-api/reference/custom-audience/usersreplace
    """
    manager = help_links.address(help_links.AUDIENCE_MANAGER, account=account)
    checks = [
        _account(audience, account, manager),
        _refusal("audience_type", audiences.wrong_type(audience), help_links.CUSTOMER_LISTS),
        _data(audience),
        _rights(audience),
        check_values(
            is_value_based=audience.is_value_based,
            value_based_mapping=value_based_mapping,
            sync_mode=sync_mode,
        ),
        _status(audience, manager),
    ]
    if sync_mode == "replace":
        checks.append(_size(audience))
    return checks


def _account(audience: Audience, account: str, manager: str | None) -> Check:
    name = "audience_account"
    if audience.account_id is None:
        what = "Meta does not say which ad account the audience belongs to."
        return unknown(name, "audience-account-unknown", what, manager)
    if audience.account_id == account:
        return passed(name)
    return failed(
        name,
        "audience-in-other-account",
        f"The audience belongs to ad account act_{audience.account_id}, the connection to"
        f" act_{account}: choose an audience of that account.",
        manager,
    )


def _data(audience: Audience) -> Check:
    name, kind = "audience_data", audience.data_source_sub_type
    refusal = audiences.wrong_data_source(audience)
    if refusal is not None or audiences.data_source_known(audience):
        return _refusal(name, refusal, help_links.CUSTOMER_LISTS)
    what = (
        "Meta does not say from which kind of data the audience was built."
        if kind is None
        else f"The audience was built from data of kind {kind}; whether that takes lists of hashed"
        " identifiers is not documented."
    )
    return unknown(name, "audience-data-unknown", what, help_links.AUDIENCE_USERS)


def _rights(audience: Audience) -> Check:
    name = "audience_rights"
    if audience.can_edit is None:
        what = "Meta does not say whether this sign-in may change the audience."
        return unknown(name, "audience-rights-unknown", what, help_links.AUTHORIZATION)
    return _refusal(name, audiences.not_editable(audience), help_links.AUTHORIZATION)


def _refusal(name: str, refusal: Refusal | None, help_url: str | None) -> Check:
    if refusal is None:
        return passed(name)
    return failed(name, refusal.code, refusal.sentence, help_url)


def check_values(
    *, is_value_based: bool | None, value_based_mapping: bool | None, sync_mode: str
) -> Check:
    """A value-based audience needs a value for everybody who is added, and no other takes one.

    https://developers.facebook.com/docs/marketing-api/audiences/guides/value-based-lookalike-audiences
    """
    name = "audience_values"
    if value_based_mapping is None:
        return passed(name)  # a connection alone has no mapping to compare with
    if is_value_based is None and value_based_mapping:
        what = "Meta does not say whether the audience is value-based; the export maps LOOKALIKE_VALUE."
        return unknown(name, "audience-values-unknown", what, help_links.CUSTOMER_LISTS)
    if is_value_based and not value_based_mapping and sync_mode != "remove":
        return failed(
            name,
            "value-mapping-missing",
            "The audience is value-based: map an attribute to LOOKALIKE_VALUE, or choose another"
            " audience.",
            help_links.CUSTOMER_LISTS,
        )
    if value_based_mapping and not is_value_based:
        return failed(
            name,
            "audience-not-value-based",
            "The export maps LOOKALIKE_VALUE, but the audience is not value-based: remove that"
            " mapping, or create a value-based audience.",
            help_links.CUSTOMER_LISTS,
        )
    return passed(name)


def _status(audience: Audience, manager: str | None) -> Check:
    name, code = "audience_status", audience.operation
    if audience.operation_status is None and audience.delete_time is None:
        what = "Meta does not say in which state the audience is."
        return unknown(name, "audience-status-unknown", what, manager)
    return _known_status(audience, name, code, manager)


def _known_status(audience: Audience, name: str, code: int, manager: str | None) -> Check:
    words = audience.operation_status.description if audience.operation_status else None
    if code == audiences.FLAGGED:
        return _refusal(name, audiences.flagged(audience), manager)
    if code == audiences.REPLACING:
        return failed(
            name,
            REPLACE_RUNNING,
            "The audience's content is being replaced; Meta takes no other update until that is"
            " done, 90 minutes after its start at the latest.",
            help_links.AUDIENCE_REPLACE,
            Culprit.EXTERNAL,
        )
    if code == audiences.REPLACE_FAILED:
        return warned(
            name,
            "replace-incomplete",
            "The last replacement of the audience's content did not finish.",
            help_links.AUDIENCE_REPLACE,
        )
    if code == audiences.EXPIRING or audience.delete_time is not None:
        end = f" on {audience.delete_time:%Y-%m-%d}" if audience.delete_time else " soon"
        return warned(
            name,
            "audience-expires",
            f"Meta will delete the audience{end}, because no active ad set uses it.",
            manager,
        )
    if code in _NOTICES:
        return warned(
            name, "audience-notice", f"Meta reports status {code} of the audience: {words}", manager
        )
    return passed(name, words)


def _size(audience: Audience) -> Check:
    name = "audience_size"
    if audience.lower_bound is None and audience.upper_bound is None:
        what = (
            "Meta does not say how large the audience is; 100 million members cannot be replaced."
        )
        return unknown(name, "audience-size-unknown", what, help_links.AUDIENCE_REPLACE)
    if (audience.lower_bound or 0) >= audiences.REPLACE_LIMIT:
        return failed(
            name,
            "audience-too-large",
            "Audiences of 100 million members and more cannot be replaced: use another sync mode.",
            help_links.AUDIENCE_REPLACE,
        )
    if (audience.upper_bound or 0) >= audiences.REPLACE_LIMIT:
        return warned(
            name,
            "audience-near-limit",
            "The audience may have 100 million members, with which Meta refuses a replacement.",
            help_links.AUDIENCE_REPLACE,
        )
    return passed(name)
