"""The switches of the sandbox: everything `PUT /_sandbox/settings` may change, with its default."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, kw_only=True)
class Settings:
    """Behaviour that Meta leaves open or that a test wants otherwise. Times in seconds."""

    latency: float = 0.0
    """Every Graph answer waits this long."""
    app_secret_required: bool = False
    """Meta's "Require App Secret": calls without appsecret_proof are refused."""
    expired_version: Literal["error", "upgrade"] = "error"
    """Calls on v21.0 to v24.0: refused with 2635, or served as v25.0 with the warning header."""
    settle_seconds: float = 0.0
    """How long an audience stays 441 after an upload, or 414 after the last replace batch."""
    replace_minutes: float = 90.0
    """Sessions end this long after their first batch."""
    missing_alias_calls: int = 0
    """So many `/users` calls after a create are answered with 803."""
    small_audience_threshold: int = 0
    """A removal that would leave fewer members than this is refused with 200/1870047; 0: never."""
    max_query_bytes: int = 22_000
    """Longer query strings get an HTML page; a removal of 250 rows fits, one of 300 does not."""
    query_too_long: Literal["html", "hangup"] = "html"
    max_page: int = 1_000
    """A larger `limit` is answered with code 1."""
    short_lived_seconds: float = 5_400.0
    long_lived_seconds: float = 5_184_000.0
    code_seconds: float = 600.0
    """How long a login code can be exchanged."""
    dialog_answer: Literal["ask", "continue", "cancel"] = "ask"
    """What the login dialog does without a person in front of it."""
    valid_redirect_uris: list[str] | None = None
    """None: every address is taken as registered."""
    flag_sensitive_names: bool = True
    """Names that suggest health or financial status are flagged (471)."""
