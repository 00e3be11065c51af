"""ClickHouse's HTTP interface before its own engine (chdb), in a process of its own.

Parsing, types, read-only settings, time-outs, streams and error numbers are the engine's. Who may sign in,
SHOW GRANTS and that settings are refused to an account that is read-only are this front's:
it is a double of the server, not the server. PUT /double makes readings take a minute, unless KILL QUERY
ends them; GET /double lists those.

    python clickhouse_front.py PORT SCRIPT    # the statements of SCRIPT, one a line, run before it reads only
"""

import contextlib
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chdb import session

USERS = {
    "reader": ("hunter2 /", ["GRANT SHOW, SELECT ON crm.* TO reader"]),
    "strict": ("", ["GRANT SELECT ON crm.* TO strict"]),
    "owner": ("", ["GRANT SELECT, INSERT, ALTER(ADD COLUMN, DROP COLUMN) ON *.* TO owner"]),
}
_LONG_SECONDS = 60
_KILL = re.compile(r"KILL QUERY WHERE query_id = '([0-9a-f]{32})' ASYNC")
_NUMBER = re.compile(r"Code: (\d+)\.")


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, script: str) -> None:
        self.engine = session.Session()
        self.lock = threading.Lock()
        self.slow, self.working = False, dict[str, threading.Event]()
        for statement in filter(str.strip, script.splitlines()):
            self.engine.query(statement)
        self.engine.query("SET readonly = 2")
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies are written apart
    server: Front

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_PUT(self) -> None:
        self.server.slow = True
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(json.dumps(list(self.server.working)).encode())

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.headers.get("Transfer-Encoding") == "chunked":
            raise AssertionError("statements have a length")
        settings = {
            name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()
        }
        form, database = settings.pop("default_format"), settings.pop("database", None)
        query = settings.pop("query_id", "")
        user = self.headers.get("X-ClickHouse-User", "default")
        secret, grants = USERS.get(user, (None, []))
        if secret != self.headers.get("X-ClickHouse-Key", ""):
            return self._refuse(516, "Authentication failed")
        if user == "strict" and settings:
            return self._refuse(164, "Cannot modify setting in readonly mode")
        if user != "strict" and settings.get("readonly") != "1":
            return self._refuse(497, "the double takes nothing but reads")
        if text in {"SHOW GRANTS", "SHOW GRANTS FINAL"}:
            return self._answer(json.dumps({"data": [[grant] for grant in grants]}).encode())
        if killed := _KILL.fullmatch(text):
            if ended := self.server.working.get(killed.group(1)):
                ended.set()
            return self._answer(b"")
        if self.server.slow and " AS member_0" in text:
            self.server.working[query] = ended = threading.Event()
            ended.wait(_LONG_SECONDS)
            del self.server.working[query]
            with contextlib.suppress(OSError):  # who asked may have gone
                self._refuse(394, "Query was cancelled")
            return None
        with self.server.lock:
            try:
                self._run(text, form, database, settings)
            except RuntimeError as error:
                found = _NUMBER.search(str(error))
                self._refuse(int(found.group(1)) if found else 1000, str(error))

    def _run(self, text: str, form: str, database: str | None, settings: dict[str, str]) -> None:
        engine = self.server.engine
        try:
            engine.query(f"USE {database or 'default'}")
            engine.query(f"SET max_execution_time = {settings.get('max_execution_time', 0)}")
            # the interface parses one statement; the engine alone would run several
            literal = text.replace("\\", "\\\\").replace("'", "\\'")
            engine.query(f"SELECT formatQuerySingleLine('{literal}')")
        except RuntimeError as error:
            found = _NUMBER.search(str(error))
            return self._refuse(int(found.group(1)) if found else 1000, str(error))
        if not text.startswith("SELECT "):  # the engine streams nothing else
            return self._answer(engine.query(text, form).bytes() or b'{"data": []}')
        # each piece the engine streams would be a document of its own; the interface makes one of them
        pieces = iter(
            engine.send_query(text.removesuffix(" FORMAT JSONCompact"), "JSONCompactEachRow")
        )
        first, rows = (
            next(pieces, None),
            0,
        )  # what fails before the first rows has a status of its own
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b'{"meta": [{"name": "member_0", "type": "String"}],\n"data":\n[')
        try:
            while first is not None:
                # a piece may be empty where the engine took its time
                found = first.bytes().strip().split(b"\n") if first.bytes().strip() else []
                if found:
                    self._chunk((b",\n" if rows else b"") + b",\n".join(found))
                rows, first = rows + len(found), next(pieces, None)
        except RuntimeError as error:
            self._chunk(str(error).encode())
        else:
            self._chunk(b'],\n\n"rows": %d, "statistics": {"elapsed": 0.01}}' % rows)
        self._chunk(b"")
        return None

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, number: int, message: str) -> None:
        body = f"Code: {number}. DB::Exception: {message}".encode()
        self._answer(body, 500, {"X-ClickHouse-Exception-Code": str(number)})

    def _answer(
        self, body: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Front(int(sys.argv[1]), Path(sys.argv[2]).read_text()).serve_forever()
