"""What the Graph API says when it refuses: one exception, and the refusals with Meta's own words.

Sources: Marketing API error reference, the guide "Customer File Custom Audiences", the reference
pages of the edges (developers.facebook.com/docs/marketing-api), and recorded answers.
"""

from typing import Any, Final

OAUTH: Final = "OAuthException"
GRAPH_METHOD: Final = "GraphMethodException"
TERMS_URL: Final = "https://business.facebook.com/ads/manage/customaudiences/tos/?act="
RATE_LIMIT_URL: Final = (
    "https://developers.facebook.com/docs/graph-api/overview/rate-limiting#custom-audience"
)


class GraphError(Exception):
    """An answer with Meta's error envelope."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        subcode: int | None = None,
        type_: str = OAUTH,
        status: int = 400,
        user_title: str | None = None,
        user_msg: str | None = None,
        transient: bool | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.subcode = subcode
        self.type = type_
        self.status = status
        self.user_title = user_title
        self.user_msg = user_msg
        self.transient = transient
        self.headers = headers or {}

    def body(self, trace_id: str) -> dict[str, Any]:
        """The envelope; keys without a value are left out, as Meta does."""
        fields = {
            "message": self.message,
            "type": self.type,
            "code": self.code,
            "error_subcode": self.subcode,
            "is_transient": self.transient,
            "error_user_title": self.user_title,
            "error_user_msg": self.user_msg,
            "fbtrace_id": trace_id,
        }
        return {"error": {key: value for key, value in fields.items() if value is not None}}


def invalid_parameter(text: str) -> GraphError:
    """Code 100: a parameter is missing or wrong."""
    return GraphError(f"(#100) {text}", code=100)


def data_mismatch() -> GraphError:
    """Ragged rows, no rows, or rows of the wrong shape."""
    return invalid_parameter("Data is missing or does not match schema")


def unsupported(method: str, object_id: str) -> GraphError:
    """100/33: the object is missing, or the token's user has no role on it."""
    verb = {"GET": "get", "DELETE": "delete"}.get(method, "post")
    return GraphError(
        f"Unsupported {verb} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the "
        "Graph API documentation at https://developers.facebook.com/docs/graph-api",
        code=100,
        subcode=33,
        type_=GRAPH_METHOD,
    )


def unknown_path(path: str) -> GraphError:
    """2500: nothing is served under this path."""
    return GraphError(f"Unknown path components: /{path}", code=2500)


def invalid_token(text: str, subcode: int | None = None) -> GraphError:
    """190: the token is unknown, expired or revoked."""
    return GraphError(text, code=190, subcode=subcode)


def permission_denied(text: str, subcode: int | None = None, **user: str) -> GraphError:
    """200: a permission error; Meta answers 403."""
    return GraphError(f"(#200) {text}", code=200, subcode=subcode, status=403, **user)  # type: ignore[arg-type]


def terms_not_accepted(account_id: str) -> GraphError:
    """200/1870090: nobody of the business accepted the customer-list terms."""
    return permission_denied(
        "Permissions error",
        1870090,
        user_title="Custom Audience Terms Not Accepted",
        user_msg="You have not accepted the Custom Audience terms of service. "
        f"Go to {TERMS_URL}{account_id} to accept them.",
    )


def not_linked_to_business() -> GraphError:
    """200/1870050: the ad account belongs to no business."""
    return permission_denied(
        "Permissions error",
        1870050,
        user_title="Ad Account Not Linked To Business",
        user_msg="This ad account must be linked to Meta Business Suite to use customer lists.",
    )


def upload_blocked() -> GraphError:
    """100/1713230: the audience is flagged for integrity."""
    return GraphError(
        "Invalid parameter",
        code=100,
        subcode=1713230,
        user_title="Audience Upload Blocked",
        user_msg="Resolve the integrity restrictions of this custom audience before you upload: "
        "appeal in Audience Manager or create a new audience.",
    )


def too_small() -> GraphError:
    """200/1870047: the removal would leave too few members."""
    return permission_denied(
        "Permissions error",
        1870047,
        user_title="Audience Size too Low",
        user_msg="You cannot remove these users, because it would result in a low audience size.",
    )


def update_failed(
    text: str = "", subcode: int | None = None, title: str | None = None
) -> GraphError:
    """2650: the audience could not be updated; the subcode says why."""
    return GraphError(
        "(#2650) Failed to update the custom audience" + (f": {text}" if text else ""),
        code=2650,
        subcode=subcode,
        user_title=title,
        user_msg=text or None,
    )


def temporarily_down(*, status: int = 500) -> GraphError:
    """Code 2, as seen on the wire."""
    return GraphError(
        "An unexpected error has occurred. Please retry your request later.",
        code=2,
        status=status,
        transient=True,
    )


def unknown_error(subcode: int | None = 99) -> GraphError:
    """Code 1; with subcode 99 historically the answer to more than 10,000 rows."""
    return GraphError("An unknown error occurred", code=1, subcode=subcode, status=500)


def too_much_data() -> GraphError:
    """Code 1: a page was asked for that is too large."""
    return GraphError(
        "Please reduce the amount of data you're asking for, then retry your request",
        code=1,
        status=500,
    )


def deprecated_version() -> GraphError:
    """2635: the version is missing, unknown or no longer served."""
    return GraphError(
        "(#2635) You are calling a deprecated version of the Ads API. "
        "Please update to the latest version: v26.0.",
        code=2635,
    )
