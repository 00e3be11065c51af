"""What pages of other origins may send and read, where CORS_ALLOWED_ORIGINS lets them in."""

from typing import Any

CORS: dict[str, Any] = {
    "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Last-Event-ID",
        "X-Request-ID",
    ],
    "expose_headers": ["ETag", "Location", "Retry-After", "X-Request-ID", "Idempotency-Replayed"],
}
