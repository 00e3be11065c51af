"""Meta's own lists of names: fields of its objects, enums of its parameters, status texts.

Sources: references "Custom Audience", "Ad Account" and "Ad Account Custom Audiences"
(developers.facebook.com/docs/marketing-api), facebook-python-business-sdk `adobjects/`.
"""

from typing import Final

AUDIENCE_FIELDS: Final = frozenset(
    """
    id account_id name description subtype customer_file_source data_source
    approximate_count_lower_bound approximate_count_upper_bound operation_status delivery_status
    permission_for_actions time_created time_updated time_content_updated retention_days
    is_value_based delete_time fields_violating_integrity_policy sharing_status
    lookalike_audience_ids lookalike_spec opt_out_link rule rule_aggregation pixel_id
    external_event_source datafile_custom_audience_uploading_status audience_labels
    data_source_types is_eligible_for_sac_campaigns is_snapshot is_household owner_business
    page_deletion_marked_delete_time included_custom_audiences excluded_custom_audiences
    household_audience regulated_audience_spec rev_share_policy_id rule_v2 seed_audience
    """.split()  # noqa: SIM905
)
ACCOUNT_FIELDS: Final = frozenset(
    """
    id account_id account_status age amount_spent balance business business_name capabilities
    created_time currency disable_reason funding_source is_personal name owner owner_business
    partner spend_cap timezone_id timezone_name timezone_offset_hours_utc tos_accepted user_tasks
    user_tos_accepted
    """.split()  # noqa: SIM905
)
USER_FIELDS: Final = frozenset(("id", "name", "client_business_id"))
SUBTYPES: Final = frozenset(
    """
    CUSTOM PRIMARY WEBSITE APP OFFLINE_CONVERSION CLAIM MANAGED PARTNER VIDEO LOOKALIKE ENGAGEMENT
    BAG_OF_ACCOUNTS STUDY_RULE_AUDIENCE FOX MEASUREMENT REGULATED_CATEGORIES_AUDIENCE BIDDING
    EXCLUSION MESSENGER_SUBSCRIBER_LIST
    """.split()  # noqa: SIM905
)
FILE_SOURCES: Final = frozenset(
    ("USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED")
)
OPERATION_STATUS: Final = {
    0: "Status not available.",
    100: "Expiring: this audience has not been used for over 2 years.",
    200: "Normal",
    400: "Warning",
    410: "No file has been uploaded.",
    411: "Low match rate.",
    412: "High rate of invalid entries in the last session.",
    414: "Replace in progress.",
    415: "Replace failed.",
    441: "We're still finding people to add to this audience. You can use it now.",
    450: "Out of date.",
    470: "The account that created this audience is inactive.",
    471: "This audience is flagged for integrity and can't be used.",
    500: "Error",
}
