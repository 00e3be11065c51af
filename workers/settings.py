"""What `arq` starts: the job, the janitor's cron, and the bounds that keep arq out of the way.

arq reads this class's own attributes only, so every one is spelled out. Attempts, time limits and
results are the run row's business: arq's are set so that they never decide anything.
"""

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from arq import ArqRedis, cron
from arq.cron import CronJob
from arq.worker import Function, func

from app.composition import port_of_metrics
from app.queue import EXPORT_RUN, QUEUE_NAME, arq_redis, deserialize, serialize
from app.settings import Settings, SettingsError, read_settings
from workers.context import build_context
from workers.cron.janitor import clean_up_after_runs, sweep_runs
from workers.cron.jobs import call_webhooks, carry_out_erasures, look_at_meta
from workers.export_run import export_run
from workers.first_look import first_look
from workers.health.heartbeat import heartbeat

_A_DAY = 24 * 60 * 60


def settings_of_worker() -> Settings:
    """The settings, or the end of the process in one sentence that names what is missing or wrong."""
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(str(error))
    missing = [
        name
        for name, value in (
            ("DATABASE_URL", settings.database_url),
            ("REDIS_URL", settings.redis_url.get_secret_value()),
            ("ENCRYPTION_KEYS", settings.encryption_keys),
        )
        if not value
    ]
    if missing:
        *first, last = missing
        named = " and ".join([", ".join(first), last] if first else [last])
        sys.exit(f"Set {named}: a worker shares them with the API.")
    return settings


async def start(ctx: dict[str, Any]) -> None:
    """Build what the jobs share, unless the process brought it along."""
    if "worker" not in ctx:
        settings = settings_of_worker()
        ctx["worker"] = build_context(settings)
        await first_look(ctx["worker"])
        ctx["owned"] = AsyncExitStack()
        ctx["owned"].push_async_callback(ctx["worker"].close)
        await ctx["owned"].enter_async_context(heartbeat(ctx["worker"].database))
        await ctx["owned"].enter_async_context(
            port_of_metrics(settings, settings.worker_metrics_port)
        )


async def stop(ctx: dict[str, Any]) -> None:
    """Close what `start` built."""
    if "owned" in ctx:
        await ctx["owned"].aclose()


def _redis_pool() -> ArqRedis:
    """Where jobs come from; a process that brings a pool of its own, as tests do, needs no address."""
    try:
        address = read_settings().redis_url.get_secret_value()
    except SettingsError as error:
        sys.exit(str(error))
    return arq_redis(address or "redis://127.0.0.1:6379", retries=20)


def _runs_at_once() -> int:
    try:
        return read_settings().worker_runs
    except SettingsError:
        return 4  # a process that brings its own settings, as tests do, says so itself


class WorkerSettings:
    """`arq workers.settings.WorkerSettings`."""

    functions: ClassVar[list[Function]] = [
        func(export_run, name=EXPORT_RUN, timeout=_A_DAY, max_tries=1_000_000, keep_result=0)
    ]
    cron_jobs: ClassVar[list[CronJob]] = [
        cron(sweep_runs, name="janitor", second=set(range(0, 60, 5)), keep_result=0, timeout=60),
        cron(
            clean_up_after_runs,
            name="clean-up",
            second=33,
            keep_result=0,
            timeout=_A_DAY,
        ),
        cron(
            call_webhooks, name="webhooks", second=set(range(2, 60, 5)), keep_result=0, timeout=60
        ),
        cron(
            carry_out_erasures,
            name="erasures",
            second=set(range(4, 60, 10)),
            keep_result=0,
            timeout=_A_DAY,
        ),
        cron(look_at_meta, name="look-at-meta", second=7, keep_result=0, timeout=600),
    ]
    queue_name = QUEUE_NAME
    redis_pool = _redis_pool()
    on_startup = start
    on_shutdown = stop
    max_jobs = _runs_at_once()
    job_timeout = _A_DAY
    keep_result = 0
    max_tries = 1_000_000
    poll_delay = 0.1
    health_check_interval = 10
    job_serializer = serialize
    job_deserializer = deserialize
    log_results = False


if Path(sys.argv[0]).stem == "arq":  # arq's own command line: what is missing is said now
    settings_of_worker()
