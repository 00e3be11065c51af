"""Meta's error codes as data: what each means, whose move it is and what to do, decided once.

Sources: developers.facebook.com/docs/marketing-api/error-reference,
developers.facebook.com/docs/graph-api/guides/error-handling, …/graph-api/overview/rate-limiting,
and the pages of the custom audience edges. Above 300 lines because it is one table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.errors import Culprit
from app.facebook import help_links
from app.facebook.errors import Action, Scope

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what a code means to us. `wait` (seconds) counts only where Meta names no time."""

    action: Action
    code: str
    sentence: str
    culprit: Culprit = Culprit.EXTERNAL
    help_url: str | None = None
    wait: float = 0.0
    attempts: int | None = None
    scope: Scope = Scope.ACCOUNT
    shrink: bool = False  # when retries do not help, a smaller payload may


def _stop(code: str, culprit: Culprit, help_url: str, sentence: str) -> Rule:
    return Rule(Action.STOP, code, sentence, culprit, help_url)


def _wait(
    seconds: float,
    scope: Scope,
    sentence: str,
    code: str = "meta-throttled",
    help_url: str = help_links.RATE_LIMITS,
) -> Rule:
    return Rule(Action.WAIT, code, sentence, Culprit.EXTERNAL, help_url, seconds, None, scope)


def _token(reason: str, help_url: str = help_links.TOKENS) -> Rule:
    sentence = f"{reason} Renew the sign-in of the connection; its exports stay as they are."
    return _stop("token-rejected", Culprit.USER, help_url, sentence)


_USER, _SYSTEM = Culprit.USER, Culprit.SYSTEM
_APP, _ACCOUNT, _AUDIENCE = Scope.APP, Scope.ACCOUNT, Scope.AUDIENCE

_UNKNOWN = Rule(
    Action.RETRY,
    "meta-unavailable",
    "Meta reported an unknown, possibly temporary failure.",
    help_url=help_links.PLATFORM_STATUS,
    attempts=3,
)
_DOWN = Rule(
    Action.RETRY,
    "meta-unavailable",
    "Meta's service is temporarily unavailable.",
    help_url=help_links.PLATFORM_STATUS,
)
_CONTENT = Rule(
    Action.REJECT,
    "payload-rejected",
    "Meta refused the content of the request as invalid.",
    _SYSTEM,
    help_links.AUDIENCE_USERS,
)
_TOO_LARGE = Rule(
    Action.REJECT,
    "payload-too-large",
    "Meta refused the request because it holds too much; a smaller one may pass.",
    _SYSTEM,
    help_links.AUDIENCE_USERS,
)
_SECRET = _stop(
    "app-secret-refused",
    _SYSTEM,
    help_links.LOGIN_SECURITY,
    "Meta refused the proof made with the app secret: check FACEBOOK_APP_SECRET against the app's"
    " settings.",
)
APP_CREDENTIALS = _stop(
    "app-credentials-refused",
    _SYSTEM,
    help_links.LOGIN_SECURITY,
    "Meta refused the app's own credentials: check FACEBOOK_APP_ID and FACEBOOK_APP_SECRET.",
)
_PERMISSION = _stop(
    "permission-missing",
    _USER,
    help_links.PERMISSIONS,
    "The sign-in lacks a permission this needs: sign in again and allow ads_management, or ask an"
    " administrator of the ad account for a role that may manage audiences.",
)
_TERMS = _stop(
    "terms-not-accepted",
    _USER,
    help_links.TERMS,
    "Meta's Custom Audience Terms are not accepted for this ad account: a person with a role in its"
    " business must accept them on the linked page.",
)
_NOT_FOUND = _stop(
    "object-unavailable",
    _USER,
    help_links.ERRORS,
    "The object does not exist at Meta, or the sign-in has no access to it.",
)
_FLAGGED = _stop(
    "audience-flagged",
    _USER,
    help_links.AUDIENCE_MANAGER,
    "Meta flagged the audience for its name, description or rule and blocks uploads: change them or"
    " appeal in Audience Manager, or use another audience.",
)
_REQUEST = _stop(
    "request-invalid",
    _SYSTEM,
    help_links.ERRORS,
    "Meta could not read the request; this is a fault of the service, not of your data.",
)
_VERSION = _stop(
    "api-version-retired",
    _SYSTEM,
    help_links.VERSIONS,
    "The configured Graph API version is retired: set GRAPH_API_VERSION to a current one.",
)
_BUSY = "Too many calls were made to this ad account; Meta asks for a pause."
_BLOCKED = _wait(
    30 * MINUTE,
    _ACCOUNT,
    "Meta blocked this action for now as abusive or against its policies: see the account's quality"
    " page; the block is usually temporary.",
    "blocked-by-meta",
    help_links.ACCOUNT_QUALITY,
)
_GONE = _stop(
    "audience-gone",
    _USER,
    help_links.AUDIENCE_MANAGER,
    "The audience was deleted, or is no longer shared with this ad account: choose another one.",
)

ANY = None

# (code, subcode): exact rows first, then a subcode under any code, then a code of any subcode
TABLE: Mapping[tuple[int | None, int | None], Rule] = {
    (1, ANY): _UNKNOWN,
    (1, 99): replace(_UNKNOWN, shrink=True),
    (2, ANY): _DOWN,
    (3, ANY): _stop(
        "app-capability-missing",
        _SYSTEM,
        help_links.AUTHORIZATION,
        "The Meta app lacks the capability for this call: check the app's products and access.",
    ),
    (4, ANY): _wait(
        MINUTE, _APP, "The Meta app made too many calls; all its accounts have to pause."
    ),
    (4, 1504022): _wait(MINUTE, _APP, "Meta is limiting all calls for now."),
    (4, 1504039): _wait(MINUTE, _APP, "Meta is limiting all calls for now."),
    (10, ANY): _PERMISSION,
    (17, ANY): _wait(MINUTE, _ACCOUNT, _BUSY),
    (17, 2446079): _wait(MINUTE, _ACCOUNT, _BUSY),
    (32, ANY): _wait(MINUTE, _ACCOUNT, _BUSY),
    (100, ANY): _CONTENT,
    (100, 33): _NOT_FOUND,
    (100, 1713098): _REQUEST,
    (100, 1713228): _FLAGGED,
    (100, 1713230): _FLAGGED,
    (100, 1713231): _FLAGGED,
    (101, ANY): APP_CREDENTIALS,
    (102, ANY): _token("Meta no longer accepts the session behind the sign-in."),
    (104, ANY): _SECRET,
    (105, ANY): _TOO_LARGE,
    (190, ANY): _token("Meta no longer accepts the access token."),
    (190, 458): _token("The app was removed from the person's account."),
    (190, 459): _token(
        "Meta stopped the person's account at a checkpoint; they must log in at facebook.com.",
        help_links.CHECKPOINT,
    ),
    (190, 460): _token("The person's password was changed."),
    (190, 463): _token("The access token has expired."),
    (190, 464): _token(
        "The person's account is not confirmed; they must log in at facebook.com.",
        help_links.CHECKPOINT,
    ),
    (190, 467): _token("The access token is not valid any more."),
    (190, 492): _token("The session lost its role."),
    (194, ANY): _REQUEST,
    (200, ANY): _PERMISSION,
    (200, 1870034): _TERMS,
    (200, 1870090): _TERMS,
    (200, 1870047): _stop(
        "audience-too-small",
        _USER,
        help_links.AUDIENCE_USERS,
        "Meta does not remove these people, because the audience would become too small.",
    ),
    (200, 1870050): _stop(
        "ad-account-without-business",
        _USER,
        help_links.BUSINESS_SUITE,
        "The ad account must be linked to a business in Meta Business Suite.",
    ),
    (ANY, 1870092): _stop(
        "terms-not-accepted",
        _USER,
        help_links.TERMS,
        "Meta's Business Tools Terms are not accepted: a person of the business must accept them.",
    ),
    (270, ANY): _stop(
        "app-access-limited",
        _SYSTEM,
        help_links.AUTHORIZATION,
        "The Meta app has limited access and may not act on this ad account: apply for full access,"
        " or make the signed-in person an administrator of both app and account.",
    ),
    (294, ANY): _PERMISSION,
    (341, ANY): _wait(MINUTE, _APP, "The Meta app reached a temporary limit."),
    (368, ANY): _BLOCKED,
    (368, 1404078): _BLOCKED,
    (368, 2859015): _BLOCKED,
    (506, ANY): _REQUEST,
    (613, ANY): _wait(5 * MINUTE, _ACCOUNT, _BUSY),
    (613, 1487742): _wait(MINUTE, _ACCOUNT, _BUSY),
    (613, 1996): _wait(
        MINUTE,
        _ACCOUNT,
        "Meta found the pace of calls to this ad account uneven; it must slow down.",
    ),
    (613, 5044001): _wait(5.0, _ACCOUNT, _BUSY),
    (803, ANY): _NOT_FOUND,
    (2500, ANY): _REQUEST,
    (2635, ANY): _VERSION,
    (2650, ANY): _stop(
        "audience-not-updatable",
        _USER,
        help_links.CUSTOMER_LISTS,
        "Meta cannot update this audience with lists of hashed identifiers, most likely because it"
        " was built from another kind of data: use another audience or create a new one.",
    ),
    (2650, 1870145): _wait(
        MINUTE,
        _AUDIENCE,
        "The audience's content is being replaced; Meta takes no other update until that is done.",
        "replace-in-progress",
    ),
    (2650, 1870158): _stop(
        "replace-session-expired",
        Culprit.EXTERNAL,
        help_links.AUDIENCE_REPLACE,
        "The replacement took longer than the 90 minutes Meta allows; the audience holds what had"
        " arrived.",
    ),
    (2650, 1870147): _stop(
        "replace-not-started",
        _SYSTEM,
        help_links.AUDIENCE_REPLACE,
        "Meta has not seen the first batch of this replacement.",
    ),
    (2650, 1870159): _stop(
        "replace-session-finished",
        _SYSTEM,
        help_links.AUDIENCE_REPLACE,
        "This replacement was already closed by its last batch.",
    ),
    (2650, 1870148): _stop(
        "replace-failed",
        Culprit.EXTERNAL,
        help_links.AUDIENCE_REPLACE,
        "Meta could not finish replacing the audience's content; start again with a new session.",
    ),
    (2650, 1870144): _stop(
        "audience-too-large",
        _USER,
        help_links.AUDIENCE_REPLACE,
        "Audiences of 100 million members and more cannot be replaced: use another sync mode.",
    ),
    (2654, ANY): _stop(
        "audience-create-refused",
        _USER,
        help_links.AD_ACCOUNT,
        "Meta refused to create the audience: the sign-in may not write to this ad account.",
    ),
    (2655, ANY): _stop(
        "terms-not-accepted",
        _USER,
        help_links.TERMS,
        "Meta's Marketing Messages Terms are not accepted for this ad account.",
    ),
    (2656, ANY): _stop(
        "audience-in-use",
        _USER,
        help_links.AUDIENCE_MANAGER,
        "The audience cannot be deleted while lookalike audiences are built on it.",
    ),
    (2663, ANY): _TERMS,
    (2664, ANY): _TERMS,
    (5000, ANY): _UNKNOWN,
    (ANY, 1487301): _GONE,
    (ANY, 1487366): _GONE,
    (ANY, 1870065): _stop(
        "audience-disabled",
        _USER,
        help_links.AUDIENCE_MANAGER,
        "The audience is, or contains, a disabled audience: choose another one.",
    ),
    **{
        (code, ANY): _wait(MINUTE, _ACCOUNT, _BUSY)
        for code in (80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014)
    },
}

# the same subcodes come under 190 and 102: https://developers.facebook.com/docs/graph-api/guides/error-handling
_SESSION_CODES = (190, 102)
_PERMISSION_FAMILY = range(200, 300)

_TRANSIENT = Rule(
    Action.RETRY, "meta-unavailable", _DOWN.sentence, help_url=help_links.PLATFORM_STATUS
)
_REFUSED = Rule(
    Action.STOP,
    "meta-refused",
    "Meta refused the call for a reason this service does not know.",
    Culprit.EXTERNAL,
    help_links.ERRORS,
)


def rule_for(
    code: int, subcode: int | None, *, kind: str | None, transient: bool, status: int
) -> Rule:
    """The row for an error body; body codes decide first, the HTTP status only where none is known.

    `kind` is Meta's `type`, `transient` its `is_transient`. A known code wins over the status: the
    removed `?ids=` reads answer 500 with code 100 for ever.
    """
    if code == 100 and subcode is None and kind == "GraphMethodException":
        return _SECRET
    canonical = 190 if code in _SESSION_CODES and subcode is not None else code
    for key in ((canonical, subcode), (ANY, subcode), (ANY, code), (code, ANY)):
        if key != (ANY, ANY) and (rule := TABLE.get(key)) is not None:
            return rule
    if code in _PERMISSION_FAMILY:
        return _PERMISSION
    return _TRANSIENT if transient or status >= 500 else _REFUSED
