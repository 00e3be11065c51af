"""Standard Webhooks signatures: a receiver can tell that a body is ours, whole and recent.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import os
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A fresh secret, in the form receivers' libraries take."""
    return PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def signature_headers(
    message_id: str, body: bytes, *, at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """The three headers of a message, signed with every secret in force (the newest first)."""
    stamp = str(int(at.timestamp()))
    content = f"{message_id}.{stamp}.".encode() + body
    signatures = (
        base64.b64encode(
            hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), content, "sha256")
        ).decode()
        for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
