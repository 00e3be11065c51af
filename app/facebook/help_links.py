"""The pages of Meta that tell a person what to do, so that an error can point at them."""

_GUIDES = "https://developers.facebook.com/docs/marketing-api"

CUSTOMER_LISTS = f"{_GUIDES}/audiences/guides/custom-audiences"
AUDIENCE = f"{_GUIDES}/reference/custom-audience"
AUDIENCE_USERS = f"{_GUIDES}/reference/custom-audience/users"
AUDIENCE_REPLACE = f"{_GUIDES}/reference/custom-audience/usersreplace"
AD_ACCOUNT = f"{_GUIDES}/reference/ad-account"
AD_ACCOUNT_MAKING = (
    "https://www.facebook.com/business/learn/lessons/step-by-step-ads-manager-account"
)
AUTHORIZATION = f"{_GUIDES}/get-started/authorization"
ERRORS = f"{_GUIDES}/error-reference"
RATE_LIMITS = f"{_GUIDES}/overview/rate-limiting"
VERSIONS = f"{_GUIDES}/overview/versioning"
LOGIN_SECURITY = "https://developers.facebook.com/docs/facebook-login/security/"
PERMISSIONS = "https://developers.facebook.com/docs/facebook-login/permissions/"
TOKENS = "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/"
PLATFORM_STATUS = "https://metastatus.com/"
BUSINESS_SUITE = "https://business.facebook.com/"
CHECKPOINT = "https://www.facebook.com/"

# `{account}` is the ad account's number; people accept the terms there, the API cannot
TERMS = "https://business.facebook.com/ads/manage/customaudiences/tos/?act={account}"
AUDIENCE_MANAGER = "https://business.facebook.com/adsmanager/audiences?act={account}"
ACCOUNT_QUALITY = "https://business.facebook.com/accountquality/{account}"


def address(template: str | None, *, account: str | None) -> str | None:
    """The template with the ad account's number (digits, no `act_`) put in."""
    return template and template.replace("{account}", account or "")
