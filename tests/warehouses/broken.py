"""Servers that nobody wishes for: one that never answers, one whose connections end in the middle."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hanging() -> Iterator[int]:
    """The port of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def cut(port: int | str, after: int) -> Iterator[int]:
    """The port of a way to a server that breaks once `after` bytes of its answers passed, each time."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(server, port, after), daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


def _accept(server: socket.socket, port: int | str, after: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = server.accept()
            if isinstance(port, int):
                far = socket.create_connection(("127.0.0.1", port))
            else:
                far = socket.socket(socket.AF_UNIX)
                far.connect(port)
            threading.Thread(target=_pass, args=(near, far, None), daemon=True).start()
            threading.Thread(target=_pass, args=(far, near, after), daemon=True).start()


def _pass(near: socket.socket, far: socket.socket, left: int | None) -> None:
    with contextlib.suppress(OSError):
        while data := near.recv(1 << 16):
            if left is not None:
                data = data[:left]
                left -= len(data)
            far.sendall(data)
            if left == 0:
                break
    for end in (near, far):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
