"""A worker that outlives Redis, and leaves its runs to others when told to stop."""

import asyncio
import os
import signal

from app.composition import port_of_metrics
from app.observability.logs import get_logger
from app.queue import QUEUE_NAME, arq_redis, deserialize, serialize
from app.settings import Settings
from workers.context import WorkerContext, build_context
from workers.first_look import first_look
from workers.health.heartbeat import heartbeat
from workers.places import PlacedWorker, places
from workers.settings import WorkerSettings, settings_of_worker

log = get_logger(__name__)


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    settings = settings_of_worker()
    asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    context = build_context(settings)
    await first_look(context)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    log.info("worker.started", pid=os.getpid())
    try:
        async with (
            heartbeat(context.database),
            port_of_metrics(settings, settings.worker_metrics_port),
        ):
            while not stopping.is_set():
                await _work(settings, context, stopping)
    finally:
        await context.close()
        log.info("worker.stopped", pid=os.getpid())


async def _work(settings: Settings, context: WorkerContext, stopping: asyncio.Event) -> None:
    """One arq worker, until it ends with Redis or is asked to stop."""
    worker = PlacedWorker(
        functions=WorkerSettings.functions,
        cron_jobs=WorkerSettings.cron_jobs,
        queue_name=QUEUE_NAME,
        redis_pool=arq_redis(settings.redis_url.get_secret_value(), retries=20),
        handle_signals=False,
        places=lambda: places(context, settings.worker_runs),
        job_timeout=WorkerSettings.job_timeout,
        keep_result=0,
        poll_delay=WorkerSettings.poll_delay,
        max_tries=WorkerSettings.max_tries,
        # a key of its own: the first worker to leave would take the others' with it
        health_check_key=f"{QUEUE_NAME}:health:{os.getpid()}",
        health_check_interval=WorkerSettings.health_check_interval,
        job_serializer=serialize,
        job_deserializer=deserialize,
        log_results=False,
        ctx={"worker": context},
    )
    working = asyncio.create_task(worker.async_run())
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            error = working.exception()
            log.warning("worker.interrupted", error=type(error).__name__)
            await asyncio.wait({asked}, timeout=1)
    finally:
        asked.cancel()
        # cancels the runs' jobs: each finishes the batches in flight and hands its run back
        lost = context.working.keys() - set(worker.job_tasks.values())
        for job in lost:
            job.cancel()
        ended = await asyncio.gather(worker.close(), working, *lost, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                log.warning("worker.close", error=type(outcome).__name__)
