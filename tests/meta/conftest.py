"""One deployment for a module; tests make Meta forget between them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from tests.conftest import Sandbox
from tests.flows.journey import make_connection
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses, deployment_of


@pytest.fixture(scope="module")
async def deployment(
    servers: tuple[EmbeddedPostgres, EmbeddedValkey],
    template: str,
    sandbox_process: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Deployment]:
    """Short pauses are waited for, long ones are not; nothing is announced of itself."""
    folder = tmp_path_factory.mktemp("meta")
    changes = {
        "run_retry_seconds": 0,
        "throttle_patience_seconds": 3,
        "graph_timeout_seconds": 6,
        "sweep_seconds": 86_400,
    }
    async with deployment_of(servers, template, sandbox_process, folder, **changes) as made:
        yield made


@pytest.fixture(scope="module")
async def connection(deployment: Deployment) -> dict[str, Any]:
    """A connection whose audience has been at Meta for long."""
    return await make_connection(deployment.api, audience={"id": CUSTOMER_LIST})


@pytest.fixture(scope="module")
async def forty(deployment: Deployment) -> dict[str, Any]:
    """A segment of forty members."""
    return await deployment.segment("forty", addresses(40))


@pytest.fixture(scope="module")
async def export(
    deployment: Deployment, connection: dict[str, Any], forty: dict[str, Any]
) -> dict[str, Any]:
    """The forty members into the audience; one batch."""
    return await deployment.export(connection, forty)


@pytest.fixture
async def meta(deployment: Deployment) -> AsyncIterator[Deployment]:
    """The module's deployment, with Meta and Redis as at their start, and no run left over."""
    deployment.forget()
    yield deployment
    await deployment.cancel_runs()
