"""`worker`: a worker process of a deployment, which brings its own database and Redis."""

import runpy

from app.cli.environment import read_settings
from app.errors import ConfigurationError


def worker() -> None:
    """Perform runs until stopped; DATABASE_URL and REDIS_URL are required."""
    settings = read_settings()
    missing = [
        name
        for name, value in (
            ("DATABASE_URL", settings.database_url),
            ("REDIS_URL", settings.redis_url.get_secret_value()),
        )
        if not value
    ]
    if missing:
        raise ConfigurationError(
            f"Set {' and '.join(missing)}: a worker shares them with the API. "
            "(`audience-export serve` starts everything on one machine.)",
        )
    # by name: the API's package must not import the worker's
    runpy.run_module("workers", run_name="__main__", alter_sys=True)
