"""The seeded world: the same ids, tokens and audiences after every start and reset.

App `1000000000000001`, secret `sandbox-app-secret`.

Tokens: `sandbox-user-token` (60 days) and `sandbox-system-token` (never expires), both with
ads_management, ads_read and business_management.

Ad accounts: `act_1001` "Sandbox Shop" and `act_1002` "Sandbox Second" (active, in a business, terms
accepted), `act_1003` (disabled), `act_1004` (terms not accepted), `act_1005` (personal, no
business), `act_1006` (the token's users have no role on it), `act_1101` to `act_1140` (active).

Audiences of `act_1001` (all hold no members at the start):

    23850000000000001  customer list, multi-key            23850000000000007  flagged (471)
    23850000000000002  customer list of a string schema    23850000000000008  replace running (414)
    23850000000000003  WEBSITE                             23850000000000009  not editable
    23850000000000004  LOOKALIKE (of …12)                  23850000000000010  120 million members
    23850000000000005  ENGAGEMENT                          23850000000000011  expiring (100)
    23850000000000006  value-based customer list           23850000000000012  list with a lookalike

`act_1002` has 65 customer lists, 23850000000002001 to 23850000000002065; `act_1003` to `act_1006`
have one each: 2385000000000300 + the account's last digit (23850000000003003 and so on).
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from sandbox.entities import AdAccount, Audience, Session, Token

APP_ID: Final = "1000000000000001"
APP_NAME: Final = "Sandbox Exporter"
APP_SECRET: Final = "sandbox-app-secret"  # noqa: S105
APP_TOKEN: Final = f"{APP_ID}|{APP_SECRET}"
CONFIG_USER: Final = "1100000000000001"
"""Login-for-Business configuration that yields user tokens."""
CONFIG_SYSTEM_USER: Final = "1100000000000002"
"""Login-for-Business configuration that yields system-user tokens."""
USER_TOKEN: Final = "sandbox-user-token"  # noqa: S105
SYSTEM_TOKEN: Final = "sandbox-system-token"  # noqa: S105
USER_ID: Final = "100000000000101"
SYSTEM_USER_ID: Final = "100000000000102"
BUSINESS_ID: Final = "300000000000001"
SCOPES: Final = ("ads_management", "ads_read", "business_management")

SHOP: Final = "act_1001"
SECOND: Final = "act_1002"
DISABLED: Final = "act_1003"
WITHOUT_TERMS: Final = "act_1004"
PERSONAL: Final = "act_1005"
WITHOUT_ROLE: Final = "act_1006"
MORE_ACCOUNTS: Final = 40

CUSTOMER_LIST: Final = "23850000000000001"
STRING_SCHEMA: Final = "23850000000000002"
WEBSITE: Final = "23850000000000003"
LOOKALIKE: Final = "23850000000000004"
ENGAGEMENT: Final = "23850000000000005"
VALUE_BASED: Final = "23850000000000006"
FLAGGED: Final = "23850000000000007"
REPLACING: Final = "23850000000000008"
NOT_EDITABLE: Final = "23850000000000009"
HUGE: Final = "23850000000000010"
EXPIRING: Final = "23850000000000011"
LOOKALIKE_SEED: Final = "23850000000000012"
REPLACING_SESSION: Final = 8800
MORE_AUDIENCES: Final = 65

SENSITIVE_WORDS: Final = ("arthritis", "cancer", "diabetes", "bankrupt", "credit score")
"""Names with these are flagged, as the guide's examples of health and financial status are."""

_CREATED: Final = 1_750_000_000
_FIRST_NEW_ID: Final = 23_860_000_000_000_001
_DAY: Final = 86_400.0


@dataclass(slots=True)
class World:
    """Everything the Graph API can be asked about."""

    tokens: dict[str, Token]
    accounts: dict[str, AdAccount]
    audiences: dict[str, Audience]
    declined: set[str] = field(default_factory=set)
    """Permissions the person declined; the dialog does not ask again without `rerequest`."""
    codes: dict[str, Any] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=lambda: count(_FIRST_NEW_ID))

    def audiences_of(self, account_id: str) -> list[Audience]:
        """The audiences of one ad account, newest first."""
        own = [one for one in self.audiences.values() if one.account_id == account_id]
        return sorted(own, key=lambda one: (one.time_created, int(one.id)), reverse=True)


def seed(now: float) -> World:
    """The world as the module's docstring describes it; `now` in unix seconds."""
    accounts = {account.id: account for account in _accounts()}
    audiences = {audience.id: audience for audience in _audiences(now)}
    tokens = {token.token: token for token in _tokens(now)}
    return World(tokens=tokens, accounts=accounts, audiences=audiences)


def _tokens(now: float) -> list[Token]:
    return [
        Token(
            token=USER_TOKEN,
            user_id=USER_ID,
            user_name="Sandy Box",
            scopes=list(SCOPES),
            issued_at=now,
            expires_at=now + 60 * _DAY,
            data_access_expires_at=now + 90 * _DAY,
        ),
        Token(
            token=SYSTEM_TOKEN,
            kind="system_user",
            user_id=SYSTEM_USER_ID,
            user_name="Export Robot",
            scopes=list(SCOPES),
            issued_at=now,
            expires_at=None,
            client_business_id=BUSINESS_ID,
        ),
    ]


def _accounts() -> list[AdAccount]:
    business = {"id": BUSINESS_ID, "name": "Sandbox Business"}

    def in_business(account_id: str, name: str, **other: Any) -> AdAccount:
        return AdAccount(id=account_id, name=name, business=business, owner=BUSINESS_ID, **other)

    return [
        in_business(SHOP, "Sandbox Shop"),
        in_business(SECOND, "Sandbox Second", currency="USD"),
        in_business(DISABLED, "Sandbox Disabled", account_status=2, disable_reason=1),
        in_business(WITHOUT_TERMS, "Sandbox Without Terms", tos_accepted=False),
        AdAccount(id=PERSONAL, name="Sandbox Personal", owner=USER_ID, linked=False),
        in_business(WITHOUT_ROLE, "Sandbox Without Role", role=None),
        *(
            in_business(f"act_{1100 + number}", f"Sandbox Region {number:02d}")
            for number in range(1, MORE_ACCOUNTS + 1)
        ),
    ]


def _audiences(now: float) -> list[Audience]:
    def make(audience_id: str, name: str, account: str = SHOP, **other: Any) -> Audience:
        at = _CREATED + int(audience_id[-6:])
        return Audience(
            id=audience_id,
            account_id=account.removeprefix("act_"),
            name=name,
            time_created=at,
            time_updated=at,
            **{"operation_status": 200, **other},
        )

    def listed(audience_id: str, name: str, account: str = SHOP, **other: Any) -> Audience:
        source = {"data_source_type": "FILE_IMPORTED", "data_source_sub_type": "MULTI_HASHES"}
        return make(audience_id, name, account, **{**source, **other})

    def other_kind(audience_id: str, name: str, subtype: str, kind: str, sub: str) -> Audience:
        return make(
            audience_id,
            name,
            subtype=subtype,
            data_source_type=kind,
            data_source_sub_type=sub,
            customer_file_source=None,
            approximate_count=25_300,
        )

    replacing = listed(REPLACING, "Being Replaced", operation_status=414)
    replacing.replace_session = REPLACING_SESSION
    replacing.sessions[REPLACING_SESSION] = Session(
        id=REPLACING_SESSION, operation="replace", started_at=now, keys=("EMAIL",)
    )
    lookalike = other_kind(LOOKALIKE, "Lookalike (DE, 1%)", "LOOKALIKE", "SEED_BASED", "LOOKALIKE")
    lookalike.lookalike_spec = {
        "ratio": 0.01,
        "country": "DE",
        "origin": [{"id": LOOKALIKE_SEED, "name": "Best Customers", "type": "custom_audience"}],
    }
    website = other_kind(WEBSITE, "Visitors", "WEBSITE", "EVENT_BASED", "WEB_PIXEL_HITS")
    website.pixel_id = "4000000000001"
    return [
        listed(CUSTOMER_LIST, "Newsletter Readers"),
        listed(STRING_SCHEMA, "Old Upload", data_source_sub_type="HASHES_OR_USER_IDS"),
        website,
        lookalike,
        other_kind(ENGAGEMENT, "Page Fans", "ENGAGEMENT", "EVENT_BASED", "ENGAGEMENT_EVENT_USERS"),
        listed(VALUE_BASED, "Customers by Value", is_value_based=True),
        listed(
            FLAGGED,
            "Arthritis Patients",
            operation_status=471,
            fields_violating_integrity_policy=["name"],
        ),
        replacing,
        listed(NOT_EDITABLE, "Shared With Us", can_edit=False),
        listed(HUGE, "Everybody", approximate_count=120_000_000),
        listed(EXPIRING, "Forgotten", operation_status=100, delete_time=int(now + 90 * _DAY)),
        listed(LOOKALIKE_SEED, "Best Customers", lookalike_audience_ids=[LOOKALIKE]),
        *(
            listed(str(23_850_000_000_002_000 + number), f"Second List {number:02d}", SECOND)
            for number in range(1, MORE_AUDIENCES + 1)
        ),
        *(
            listed(str(23_850_000_000_002_000 + int(account[-4:])), f"List of {account}", account)
            for account in (DISABLED, WITHOUT_TERMS, PERSONAL, WITHOUT_ROLE)
        ),
    ]
