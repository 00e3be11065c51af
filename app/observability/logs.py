"""Structured logging: one line per event, context bound once, secrets scrubbed.

No identifier of a member ever reaches a log call; the scrubber is the second net, for tokens.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import structlog

from app.observability.log_sampling import Sampler
from app.observability.tracing import trace_ids

# Meta's tokens, bearer headers and query tokens; a name that says it is a secret hides its value
_TOKEN = re.compile(
    r"(EAA[0-9A-Za-z]{16,})|((?<=[Bb]earer )\S+)|"
    r"((?<=access_token=)[^&\s\"']+)|((?<=client_secret=)[^&\s\"']+)|((?<=input_token=)[^&\s\"']+)|"
    r"((?<=appsecret_proof=)[^&\s\"']+)|((?<=code=)[^&\s\"']{12,})|((?<=://)[^/\s:@]+:[^@\s/]+(?=@))"
)
_SECRET_NAME = re.compile(r"token|secret|password|authorization|api_key|encryption", re.IGNORECASE)


def configure_logging(
    *, level: str = "INFO", form: str = "json", process: str = "api", per_second: int = 0
) -> None:
    """Send every log line, ours and the libraries', to standard output in one form.

    `per_second`: lines of one kind of event that are told; 0 means all.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        partial(_process, process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _trace,
    ]
    last: list[structlog.typing.Processor] = (
        [place_of_error, scrub, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            place_of_error,
            scrub,
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty()),
        ]
    )
    structlog.configure(
        processors=[
            Sampler(per_second),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_first_line_of_foreign_errors)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # DEBUG is for our own events: what libraries say at that level may hold what they work on
    root.setLevel(max(logging.getLevelName(level), logging.INFO))
    for name in ("app", "workers", "audience-export"):
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    # requests and runs are logged once, by us; httpx would print addresses with codes in their query, and
    # arq each look for work: who has nothing to do says nothing
    for name in ("uvicorn.access", "httpx", "httpcore", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # SQL with its parameters is never logged, whatever the level
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _process(
    name: str, _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Which process speaks, in whatever task: requests know no context of the start."""
    event.setdefault("process", name)
    return event


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which trace a line belongs to, where there are traces."""
    event.update(trace_ids())
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are a name and typed keys: `log.info("run.finished", run_id=…)`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def _first_line_of_foreign_errors(record: logging.LogRecord) -> bool:
    """What a library says of an exception, without the exception's own text."""
    if record.exc_info and isinstance(record.msg, str):
        record.msg, record.args = record.msg.partition("\n")[0], ()
    return True


def place_of_error(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's class and where it came from, in place of a traceback.

    Messages and local variables of a traceback may hold a value of a member or a secret.
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"], event["where"] = type(error).__name__, where(error)
    return event


def where(error: BaseException) -> str:
    """File, line and function of the last frames, innermost first, without values."""
    frames: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-6:]))


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under secret names, and anything in a text that looks like a token."""
    return {key: _scrubbed(key, value) for key, value in event.items()}


def _scrubbed(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return "***" if _SECRET_NAME.search(name) else _TOKEN.sub("***", value)
    if isinstance(value, dict):
        return {key: _scrubbed(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(name, item) for item in value]
    return value
