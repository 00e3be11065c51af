"""The connections of this process to its databases, for Prometheus."""

from collections import defaultdict
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import Pool, QueuePool


class PoolCollector(Collector):
    """Looks at the pools when it is asked, so that a connection costs nothing."""

    def __init__(self) -> None:
        """Knows no pool yet."""
        self._pools: WeakKeyDictionary[Pool, str] = WeakKeyDictionary()

    def watch(self, pool: Pool, name: str) -> None:
        """Report the pool under that name, for as long as somebody holds it."""
        self._pools[pool] = name

    def collect(self) -> Iterator[Metric]:
        """Connections by pool and state, and how many there may be."""
        used: dict[str, int] = defaultdict(int)
        idle: dict[str, int] = defaultdict(int)
        most: dict[str, int] = defaultdict(int)
        for pool, name in list(self._pools.items()):
            if isinstance(pool, QueuePool):
                used[name] += pool.checkedout()
                idle[name] += pool.checkedin()
                most[name] += pool.size() + pool._max_overflow  # noqa: SLF001 - it has no other name
        connections = GaugeMetricFamily(
            "audience_export_database_pool_connections",
            "Open connections to the database",
            labels=["pool", "state"],
        )
        bound = GaugeMetricFamily(
            "audience_export_database_pool_connections_max",
            "Connections that may be open at once",
            labels=["pool"],
        )
        for name in sorted(most):
            connections.add_metric([name, "used"], used[name])
            connections.add_metric([name, "idle"], idle[name])
            bound.add_metric([name], most[name])
        yield connections
        yield bound

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before it is looked at."""
        return iter(())


POOLS = PoolCollector()
REGISTRY.register(POOLS)
