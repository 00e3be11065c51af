"""How a run is put aside to go on later."""

from app.errors import AppError
from app.runs.queueing.wait_reasons import WaitReason


class RunParked(Exception):  # it is no error
    """The run goes on later."""

    def __init__(
        self,
        *,
        seconds: float,
        counted: bool = False,
        throttled: bool = False,
        waits_for: WaitReason | None = None,
        reason: AppError | None = None,
    ) -> None:
        """`counted`: it was an attempt, and after the last one the run ends for that `reason`.

        `waits_for` is what callers are told; None where the run goes on at once.
        """
        self.waits_for = waits_for
        self.reason = reason
        self.seconds = seconds
        self.counted = counted
        self.throttled = throttled
        super().__init__()
