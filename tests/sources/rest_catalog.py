"""A double of Iceberg's REST catalog: the few answers that a reader asks for."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sources.lake import Lake


@contextmanager
def serving(lake: Lake) -> Iterator[Any]:
    """A server before the tables of a lake; `how` spoils its answers, `posted` is what was sent to it."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), RestCatalog)
    server.lake, server.how, server.posted = lake, "", []
    server.asked, server.answers, server.kept_waiting = 0, 0, 0
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class RestCatalog(BaseHTTPRequestHandler):
    """The few answers of a catalog that a reader asks for; `server.how` spoils them."""

    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server: Any = self.server
        parts = urlsplit(self.path)
        if server.how == "hangs":
            time.sleep(60)
        if server.how == "silent":
            server.kept_waiting += 1
            self.rfile.read(1)  # until the reader leaves
            server.kept_waiting -= 1
            return None
        if server.how == "redirects":
            return self.answer(307, {}, Location="http://127.0.0.1/")
        server.asked += 1
        if server.how == "busy" and server.asked > server.answers:
            return self.answer(503, {})
        if server.how == "no json":
            return self.answer(200, None)
        if self.headers.get("Authorization") != "Bearer hunter2":
            return self.answer(401, {})
        if parts.path == "/api/v1/config":
            if parse_qs(parts.query).get("warehouse") != ["main"]:
                return self.answer(404, {})
            # another place, other credentials and another class are none of a reader's business
            away = {"uri": "http://127.0.0.1:1", "token": "other", "py-io-impl": "os.system"}
            return self.answer(200, {"defaults": away, "overrides": {"prefix": "wh/1"}})
        place = parts.path.removeprefix("/api/v1/wh/1/namespaces")
        if place == "":
            return self.answer(200, {"namespaces": [["empty"], ["crm", "eu"]]})
        if place.endswith("/tables"):
            tables = [{"namespace": ["crm", "eu"], "name": "members"}]
            return self.answer(200, {"identifiers": tables if "crm" in place else []})
        name = place.removeprefix("/crm%1Feu/tables/")
        if name == place or not server.lake.catalog.table_exists(f"crm.{name}"):
            return self.answer(404, {})
        if server.how == "forbidden":
            return self.answer(403, {"error": {"message": "member0@m.example"}})
        document = json.loads(server.lake.metadata(name).read_text())
        return self.answer(200, {"metadata": document, "config": {"s3.endpoint": "http://1"}})

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        server.posted.append((self.path, body))
        if self.path == "/api/v1/oauth/tokens":
            known = parse_qs(body).get("client_secret") == ["s e"]
            return self.answer(200, {"access_token": "hunter2"}) if known else self.answer(401, {})
        return self.answer(409 if server.how == "writable" else 403, {})

    def answer(self, status: int, document: Any, **headers: str) -> None:
        body = b"<html>" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: Any) -> None:
        """Nothing."""
