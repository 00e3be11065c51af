"""One deployment for the whole suite, the table at its end, and how long the suite may take."""

import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.fuzzing import FUZZED, HEAD, Fuzzed
from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant

_LEDGER = pytest.StashKey[Ledger]()
_PLANT = pytest.StashKey[Plant]()


@pytest.fixture(scope="session")
async def _plant(request: pytest.FixtureRequest) -> AsyncIterator[Plant]:
    folder = Path(tempfile.mkdtemp(prefix="ae-chaos-"))
    plant = Plant(folder, fork=not FULL)
    try:
        await plant.start()
        request.config.stash[_PLANT] = plant
        yield plant
    finally:
        await plant.stop()
        if "CHAOS_KEEP" not in os.environ:  # the logs of all processes are in it
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True, scope="module")
def _asleep_after_a_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Its API looks for work four times a second, also while other tests run for minutes."""
    yield
    plant = request.config.stash.get(_PLANT, None)
    if plant is not None:
        plant.sleep()


@pytest.fixture
async def plant(_plant: Plant) -> AsyncIterator[Plant]:
    """The deployment, whole again before each test."""
    _plant.wake()
    _plant.sandbox.control("DELETE", "faults")
    _plant.sandbox.control("PUT", "settings", json={"latency": 0.0, "replace_minutes": 90})
    yield _plant
    # an exception of the project's own is a bug, whatever became of the run
    assert _plant.said("run.crashed") == []
    assert _plant.said("Traceback") == []


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """The table of this test run."""
    return request.config.stash.setdefault(_LEDGER, Ledger())


@pytest.fixture(scope="session")
def fuzzed(request: pytest.FixtureRequest) -> list[Fuzzed]:
    """What each target of the fuzz met."""
    return request.config.stash.setdefault(FUZZED, [])


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Seeded by the test's name (and CHAOS_SEED), so that its moments can be had again."""
    return random.Random(f"{os.environ.get('CHAOS_SEED', '')}{request.node.name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The full form takes its time."""
    for item in items:
        timed = item.get_closest_marker("timeout")
        if FULL and timed is None and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1200))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """scenario, times tried, exact, resent batches; and what the fuzz met."""
    if fuzzed := config.stash.get(FUZZED, []):
        terminalreporter.section("nonsense", sep="-")
        terminalreporter.write_line("\n".join([HEAD, *map(str, fuzzed)]))
    ledger = config.stash.get(_LEDGER, None)
    if ledger is None or not ledger.lines:
        return
    write = terminalreporter.write_line
    terminalreporter.section("nothing lost", sep="-")
    write(f"{'scenario':<58}{'tried':>8}{'exact':>8}{'resent':>8}")
    for scenario, line in ledger.lines.items():
        write(f"{scenario:<58}{line.tried:>8}{line.exact:>8}{line.resent:>8}")
