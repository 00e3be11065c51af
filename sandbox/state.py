"""Everything one sandbox knows, in one object that a test can hold in its hand."""

from itertools import count

from sandbox.simulation.call_log import RequestLog
from sandbox.simulation.clock import Clock
from sandbox.simulation.faults import Faults
from sandbox.simulation.quota import Quotas
from sandbox.simulation.settings import Settings
from sandbox.world import World, seed


class SandboxState:
    """World, clock, settings, faults, quotas and the record of calls.

    `counting`: uploads are counted, not read. `latency`: what `settings.latency` starts with.
    """

    def __init__(self, *, counting: bool = False, latency: float = 0.0) -> None:
        self.counting = counting
        self._latency = latency
        self.clock = Clock()
        self.log = RequestLog()
        self._numbers = count(1)
        self.reset()

    def reset(self) -> None:
        """The seeded world again, no faults, no quotas, default settings, nothing recorded."""
        self.clock.reset()
        self.log.clear()
        self.settings = Settings(latency=self._latency)
        self.faults = Faults()
        self.quotas = Quotas(self.clock)
        self.world: World = seed(self.clock.now())

    def trace_id(self) -> str:
        """A new `fbtrace_id`."""
        return f"SBX{next(self._numbers):08d}"
