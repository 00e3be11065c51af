"""What SIGTERM, SIGHUP and Ctrl-C do, which depends on how far a command has come."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal came before the work was done."""


class StopSignals:
    """Takes the signals over: they are noted, and acted upon where `check` is called.

    An exception out of a signal handler can come up anywhere, in a clean-up or where it is
    swallowed, so only a second signal raises. And an event loop's own handlers would be gone as
    soon as the loop is closed: the next signal would end the process in the middle of its clean-up.
    """

    def __init__(self) -> None:
        self._count = 0
        self._react: Callable[[int], None] | None = None

    @contextmanager
    def installed(self) -> Generator[None]:
        """Take the signals over, and give them back when everything is stopped."""
        before = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Raise StopRequested if a signal came; later ones do not disturb the clean-up."""
        if self._count:
            self.ignore()
            raise StopRequested

    def hand_to(self, react: Callable[[int], None]) -> None:
        """From now on call this with the number of signals so far."""
        self._react = react

    def ignore(self) -> None:
        """From now on do nothing: everything is being stopped already."""
        self._react = lambda _count: None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._react is not None:
            self._react(self._count)
        elif self._count > 1:
            self.check()
