"""Meta's upload sessions: which batch carries which number in which session.

A session of additions or removals that is closed or has grown old is followed by a new one, since
such batches may be repeated; a replacement's session is its identity and stays
(https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
"""

import time
from dataclasses import dataclass, field

from app.facebook.upload.body import UploadSession, new_session_id

# Meta ends a session 90 minutes after its first batch and discards what follows
_LIFETIME_SECONDS = 80 * 60


@dataclass(slots=True)
class SessionBook:
    """The current session of a step."""

    total: int
    session_id: int = field(default_factory=new_session_id)
    opened: float = field(default_factory=time.monotonic)
    sequence: int = 0
    acknowledged: int = 0
    received: int = 0
    closed: list[tuple[int, int, int]] = field(default_factory=list)

    def next(self, *, last: bool) -> UploadSession:
        """The session fields of the next batch; old sessions are left behind."""
        if time.monotonic() - self.opened > _LIFETIME_SECONDS:
            self.renew()
        self.sequence += 1
        return UploadSession(
            session_id=self.session_id,
            batch_seq=self.sequence,
            last_batch=last,
            estimated_num_total=self.total,
        )

    def renew(self) -> None:
        """Go on under a new session id."""
        self.closed.append((self.session_id, self.acknowledged, self.received))
        self.session_id, self.opened = new_session_id(), time.monotonic()
        self.sequence = self.acknowledged = self.received = 0

    def answered(self, session_id: int, *, rows: int, num_received: int) -> None:
        """`num_received` counts the whole session so far, so only its largest value says something."""
        if session_id == self.session_id:
            self.acknowledged += rows
            self.received = max(self.received, num_received)

    def shortfall(self) -> int:
        """Rows that were acknowledged but that Meta did not count as received."""
        sessions = [*self.closed, (self.session_id, self.acknowledged, self.received)]
        return sum(max(acknowledged - received, 0) for _, acknowledged, received in sessions)
