"""Statements of the database as spans: what kind on which table, never their text or parameters."""

import re
from typing import Any

from sqlalchemy import Engine, event

from app.observability.tracing import child

_TABLE = re.compile(r"\b(?:from|into|update|join)\s+\"?([a-z_]+)", re.IGNORECASE)


def trace_statements(engine: Engine) -> None:
    """Have each statement of a trace that is under way be a span of it."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _begin(_: Any, __: Any, statement: str, ___: Any, context: Any, ____: bool) -> None:
    words = statement.split(None, 1)
    operation = words[0].upper() if words else "EMPTY"
    table = _TABLE.search(statement)
    begun = child(
        f"{operation} {table[1]}" if table else operation,
        db__system__name="postgresql",
        db__operation__name=operation,
        db__collection__name=table[1] if table else None,
    )
    if begun is not None and context is not None:
        context.audience_export_span = begun


def _end(_: Any, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
    begun = getattr(context, "audience_export_span", None)
    if begun is not None:
        begun.end()


def _fail(failed: Any) -> None:
    begun = getattr(failed.execution_context, "audience_export_span", None)
    if begun is not None and begun.is_recording():
        begun.set_attribute("code", type(failed.original_exception).__name__)
        begun.end()
