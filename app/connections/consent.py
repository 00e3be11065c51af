"""The data-privacy text a person agrees to before anything may leave (S36, S37, S61-S65).

A new wording gets a new version; the version agreed to is kept on the connection.
"""

from dataclasses import dataclass

from app.errors import Unprocessable

VERSION = "2026-11-01"

TEXT = """\
By enabling this connection you allow the members of the segments you export, in the form of hashed
identifiers, to be transferred to Meta Platforms for use in Facebook Ads Manager. That is outside the
boundary within which this service keeps data, and it includes personal data.

The service transfers such data only at your instruction: the mapped attributes of the selected
segments, when an export runs on demand or by the schedule you set. You are responsible for having a
lawful basis for it, and for Meta's handling of the data meeting the privacy and security obligations
you have towards the people concerned.

An administrator can remove this connection at any time to stop any further transfer. What was
delivered before stays with Meta until it is removed there."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What `GET /v1/consent` answers."""

    version: str
    text: str
    privacy_statement_url: str


def check_current(version: str | None) -> None:
    """A new wording is agreed to before the next save; what runs meanwhile goes on (S36, S37).

    Raises `Unprocessable` for a version that is no longer in force.
    """
    if version not in {None, VERSION}:
        raise Unprocessable(
            f"The consent text has changed; read version {VERSION} at /v1/consent and accept that one.",
            code="consent-version-outdated",
        )


def current(privacy_statement_url: str) -> Consent:
    """The text in force."""
    return Consent(VERSION, TEXT, privacy_statement_url)
