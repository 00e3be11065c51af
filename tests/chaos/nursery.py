"""Workers without the seconds their imports take: forks `python -m workers` from a process that has them.

Each line of its input is JSON, `{"env": …, "log": path}`; each line of its output is `pid N` or `end N
STATUS`. The workers end with it. The full form of the suite starts every worker anew instead.
"""

import json
import os
import selectors
import signal
import sys
from contextlib import suppress
from typing import Any

from workers import process as worker

children: set[int] = set()


def fork(order: dict[str, Any]) -> int:
    """A worker process with that environment, writing to that log."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        os.environ.update(order["env"])
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        worker.main()
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def reap() -> None:
    """Tell who has ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        children.discard(pid)
        sys.stdout.write(f"end {pid} {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def main() -> None:
    """Fork on demand until the input ends."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    selector = selectors.DefaultSelector()
    selector.register(reading, selectors.EVENT_READ)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    pending = b""
    try:
        while True:
            for key, _ in selector.select():
                chunk = os.read(key.fd, 65536)
                if key.fd == reading:
                    reap()
                elif not chunk:
                    return
                else:
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        pid = fork(json.loads(line))
                        children.add(pid)
                        sys.stdout.write(f"pid {pid}\n")
                        sys.stdout.flush()
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
