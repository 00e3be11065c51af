"""How to reach Meta: the values a composition root reads from its settings."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """Addresses without a trailing slash; times in seconds.

    `timeout_seconds` bounds each silence of the socket, `call_seconds` a whole call with its body,
    `answer_bytes` what is read of an answer, unpacked.
    `app_secret` may be empty: then no proof is sent, and people cannot sign in.
    """

    base_url: str
    version: str
    app_id: str
    app_secret: str = field(repr=False)
    dialog_url: str = "https://www.facebook.com"
    timeout_seconds: float = 60.0
    connect_timeout_seconds: float = 10.0
    call_seconds: float = 300.0
    answer_bytes: int = 16 * 1024 * 1024
    # whether calls carry the trace they belong to
    tells_trace: bool = False
