"""What the processes of a test write into their log."""

import contextlib
import io
from collections.abc import Iterator

from app.observability.logs import configure_logging


@contextlib.contextmanager
def said() -> Iterator[io.StringIO]:
    """The lines logged within the block, by whatever is configured in it; then tests are quiet again."""
    stream = io.StringIO()
    try:
        with contextlib.redirect_stdout(stream):
            yield stream
    finally:
        configure_logging(level="ERROR")
