"""The error catalogue: one framework-free class per problem that callers can act on.

    AppError                  code, HTTP status, culprit, help address; the docstring is the default text
    ├── NotFound, Conflict, Unprocessable, …   answers of the API
    └── RunError              what ends a run: the same fields, kept in the run's `error`

A message names what, where and what to do. It never holds a value of a member or a secret.
"""

from enum import StrEnum
from typing import Any, ClassVar


class Culprit(StrEnum):
    """Whose move it is: the caller's, this service's, or Meta's (or another system's)."""

    USER = "user"
    SYSTEM = "system"
    EXTERNAL = "external"


class AppError(Exception):
    """Something went wrong."""

    code: str = "internal-error"
    status: ClassVar[int] = 500
    culprit: Culprit = Culprit.SYSTEM
    help_url: str | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        culprit: Culprit | None = None,
        help_url: str | None = None,
        **members: Any,
    ) -> None:
        """`members` are further fields of the problem document (ids, names, numbers)."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.members = members
        if code is not None:
            self.code = code
        if culprit is not None:
            self.culprit = culprit
        if help_url is not None:
            self.help_url = help_url
        super().__init__(self.detail)


class BadRequest(AppError):
    """The request could not be read."""

    code = "bad-request"
    status = 400
    culprit = Culprit.USER


class Unauthenticated(AppError):
    """Send a valid API key or token in the Authorization header, as `Bearer <key>`."""

    code = "unauthenticated"
    status = 401
    culprit = Culprit.USER


class Forbidden(AppError):
    """Your role may not do this."""

    code = "forbidden"
    status = 403
    culprit = Culprit.USER


class NotFound(AppError):
    """There is nothing under this address."""

    code = "not-found"
    status = 404
    culprit = Culprit.USER


class RequestTimeout(AppError):
    """The request stopped coming and was given up."""

    code = "body-timeout"
    status = 408
    culprit = Culprit.USER


class Conflict(AppError):
    """The state of the resource does not allow this."""

    code = "conflict"
    status = 409
    culprit = Culprit.USER


class VersionMismatch(AppError):
    """The resource was changed by someone else meanwhile; read it again and repeat the change."""

    code = "version-mismatch"
    status = 412
    culprit = Culprit.USER


class ContentTooLarge(AppError):
    """The body is too large."""

    code = "content-too-large"
    status = 413
    culprit = Culprit.USER


class UnsupportedMediaType(AppError):
    """The body is of a type that is not understood here."""

    code = "unsupported-media-type"
    status = 415
    culprit = Culprit.USER


class Unprocessable(AppError):
    """The request is well-formed, but one of its values cannot be used."""

    code = "validation-failed"
    status = 422
    culprit = Culprit.USER


class TooManyRequests(AppError):
    """Too many requests; wait as long as Retry-After says."""

    code = "too-many-requests"
    status = 429
    culprit = Culprit.USER


class BadGateway(AppError):
    """Meta could not be reached or gave no usable answer; try again later."""

    code = "meta-unavailable"
    status = 502
    culprit = Culprit.EXTERNAL


class Unavailable(AppError):
    """The service cannot do this right now; try again shortly."""

    code = "service-unavailable"
    status = 503


class SourceError(AppError):
    """The members of a segment could not be read; nothing was sent."""

    code = "source-unreadable"
    status = 422
    culprit = Culprit.USER


class RunError(AppError):
    """The run could not go on."""

    code = "run-failed"


class ConfigurationError(AppError):
    """The settings do not allow this command."""

    code = "configuration-error"
