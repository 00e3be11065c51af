"""Hours of sending against Meta's documented limits, in seconds: most of what is allowed, few refusals."""

import pytest

from benchmarks.governor import QUOTAS, simulated


@pytest.mark.parametrize("workers", [1, 10])
@pytest.mark.parametrize(
    "quota", [name for name, (limits, *_) in QUOTAS.items() if limits.get("score_max") != 9000]
)
def test_the_quota_is_used_and_not_overdrawn(quota: str, workers: int) -> None:
    """Ten workers on one account behave as one."""
    found = simulated(quota, workers=workers, hours=1)
    assert found.calls >= 0.95 * found.allowed
    assert found.refusals <= 1
    assert found.during_block == 0
