"""Tickets to watch one run: what a browser's EventSource, which can send no header, has in its address.

A ticket opens a stream for a minute and for one run only; keys never stand in an address. While the
stream lasts, every event's id carries a sealed word that lets the same address be opened again for an
hour: EventSource sends it back as Last-Event-ID, so a restart of the service does not end the watching.
Nothing is stored: both are sealed with ENCRYPTION_KEYS, so every process can open them.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app import clock
from app.db.secrets import SecretUnreadable, Vault
from app.errors import Unauthenticated

TICKET_LIVES = timedelta(seconds=60)
_WORD_LIVES = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ticket:
    """An opened ticket: who asked for it, and whether its minute is over."""

    caller_id: str
    expired: bool


def make_ticket(vault: Vault, run_id: str, caller_id: str) -> tuple[str, datetime]:
    """A ticket for the run's events, and until when it opens them."""
    until = clock.now() + TICKET_LIVES
    return _seal(vault, _ticket_owner(run_id), caller_id, until), until


def make_word(vault: Vault, run_id: str, caller_id: str) -> str:
    """The word that keeps a ticket good while its stream lasts."""
    return _seal(vault, _word_owner(run_id), caller_id, clock.now() + _WORD_LIVES)


def redeem(vault: Vault, run_id: str, ticket: str, word: str | None) -> str:
    """Whose ticket it is; a word of its stream makes up for its age. Raises `Unauthenticated`."""
    opened = _open(vault, _ticket_owner(run_id), ticket)
    if opened.expired:
        kept = None if word is None else _open(vault, _word_owner(run_id), word)
        if kept is None or kept.expired or kept.caller_id != opened.caller_id:
            raise Unauthenticated("The ticket's minute is over; ask for another one.")
    return opened.caller_id


def _ticket_owner(run_id: str) -> str:
    return f"runs/{run_id}/events/ticket"


def _word_owner(run_id: str) -> str:
    return f"runs/{run_id}/events/word"


def _seal(vault: Vault, owner: str, caller_id: str, until: datetime) -> str:
    sealed = vault.seal(f"{until.timestamp():.0f} {caller_id}", owner=owner)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _open(vault: Vault, owner: str, sealed: str) -> Ticket:
    try:
        raw = base64.urlsafe_b64decode(sealed.encode() + b"=" * (-len(sealed) % 4))
        until, _, caller_id = vault.open(raw, owner=owner).partition(" ")
    except (binascii.Error, ValueError, SecretUnreadable):
        raise Unauthenticated("This is no ticket for the events of this run.") from None
    return Ticket(caller_id, datetime.fromtimestamp(int(until), UTC) <= clock.now())
