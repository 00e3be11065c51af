"""The kinds of connection there are, apart from the wire, so that workers can know them too."""

from enum import StrEnum


class ConnectionKind(StrEnum):
    """The kinds of connection there are (S19)."""

    FACEBOOK_ADS_MANAGER = "facebook_ads_manager"


DISPLAY_NAMES = {ConnectionKind.FACEBOOK_ADS_MANAGER: "Facebook Ads Manager"}
