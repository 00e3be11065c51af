"""Doubles of BigQuery's REST interface and Snowflake's SQL API, with SQLite for an engine.

They prove what this service says on the wire and makes of the answers: paging, polling, signing in, faults.
They do not prove the warehouses' own SQL.
"""

import base64
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BIGQUERY_TYPES = {"id": "INTEGER", "born": "DATE", "amount": "FLOAT", "seen": "TIMESTAMP"}
SNOWFLAKE_TYPES = {
    "ID": {"type": "fixed", "scale": 0}, "BORN": {"type": "date"}, "AMOUNT": {"type": "real"},
    "SEEN": {"type": "timestamp_tz"},
}  # fmt: skip


ACCESS_TOKEN = "double-of-google-token-3f9a"


class Refusal(Exception):
    """What the engine does not take: kind (`syntax`, `write`, `missing`, `names`) and its words."""


class Engine:
    """5,000 members in `crm.members`; statements run in SQLite, and only reads do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("ATTACH ':memory:' AS crm")
        self.database.execute(
            "CREATE TABLE crm.members (ID INT, EMAIL TEXT, BORN TEXT, AMOUNT REAL, SEEN TEXT)"
        )
        self.database.executemany(
            "INSERT INTO crm.members VALUES (?, ?, '1990-01-01', 4915112345678, '2019-12-31 23:30:00')",
            ((number, f"{number}@m.example") for number in range(5_000)),
        )
        for name, count, call in FUNCTIONS:
            self.database.create_function(name, count, call)

    def load(self, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        """Another table of texts in `crm`."""
        with self.lock:
            self.database.execute(f"DROP TABLE IF EXISTS crm.{table}")
            self.database.execute(f"CREATE TABLE crm.{table} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            self.database.executemany(f"INSERT INTO crm.{table} VALUES ({marks})", rows)

    def run(
        self, statement: str, *, only_compile: bool = False
    ) -> tuple[str, list[str], list[tuple[Any, ...]]]:
        """What it is, names and rows; a statement that would write is known and not run."""
        wrote: list[int] = []

        def judge(action: int, *_: Any) -> int:
            if action not in {
                sqlite3.SQLITE_SELECT,
                sqlite3.SQLITE_READ,
                sqlite3.SQLITE_FUNCTION,
                33,
            }:
                wrote.append(action)
                return sqlite3.SQLITE_DENY
            return sqlite3.SQLITE_OK

        with self.lock:
            self.database.set_authorizer(judge)
            try:
                cursor = self.database.execute(statement)
                rows = [] if only_compile else cursor.fetchall()
            except (sqlite3.Error, sqlite3.Warning) as error:
                if wrote:
                    raise Refusal("write", "") from None
                words = str(error)
                kind = (
                    "several"
                    if "one statement" in words
                    else "missing"
                    if "no such table" in words
                    else "syntax"
                )
                raise Refusal(kind, words) from None
            finally:
                self.database.set_authorizer(None)
        names = [column[0] for column in cursor.description or ()]
        if not names:
            raise Refusal("syntax", "no columns")
        if len({name.lower() for name in names}) < len(names):
            raise Refusal("names", "Duplicate column names in the result are not supported")
        return "SELECT", names, rows


def _written(value: Any, *_: Any) -> str | None:
    if value is None:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


FUNCTIONS: list[tuple[str, int, Callable[..., Any]]] = [
    ("TO_VARCHAR", 1, _written), ("TO_VARCHAR", 2, _written), ("TO_JSON", 1, json.dumps),
    ("TO_VARIANT", 1, lambda value: value), ("TRUNC", 1, lambda value: value and float(int(value))),
    ("IFF", 3, lambda test, yes, no: yes if test else no),
    ("CONVERT_TIMEZONE", 2, lambda _, value: value and value + ".000000"),
    ("FORMAT_TIMESTAMP", 3, lambda _, value, __: value and value + ".000000"),
    ("HUGE", 0, lambda: "x" * 100_000_000), ("CURRENT_ROLE", 0, lambda: "READER"),
    ("CURRENT_SECONDARY_ROLES", 0, lambda: '{"roles": "READER", "value": "ALL"}'),
]  # fmt: skip


class Double(ThreadingHTTPServer):
    """A server whose next answers may be told: `next` holds functions that take the handler.

    `calls` are methods and paths as they came, `canceled` what was given up.
    """

    daemon_threads = True

    def __init__(self, handler: "type[Handler]") -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.engine = Engine()
        self.next: list[tuple[str, Callable[[Handler], None]]] = []
        self.results: dict[str, tuple[list[str], list[tuple[Any, ...]], Any]] = {}
        self.calls: list[str] = []
        self.canceled: list[str] = []
        self.slow = False
        self.part_rows = 2_000
        self.bytes_read = 1_000
        self.grants = ["SELECT", "USAGE"]
        self.inherited: list[str] = []
        self.writes = False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        """A connection that was cut is meant to be."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def _claims(token: str) -> dict[str, Any]:
    """What a signed token says; nobody looks at the signature here."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies are written apart
    server: Double

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, data: bytes) -> None:
        parts = urlsplit(self.path)
        self.server.calls.append(f"{self.command} {self.path}")
        for place, (path, act) in enumerate(self.server.next):
            if re.search(path, self.path):
                del self.server.next[place]
                return act(self)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        form = self.headers.get("Content-Type", "").startswith("application/json")
        body = json.loads(data) if form and data else {}
        self.form = {name: values[-1] for name, values in parse_qs(data.decode()).items()}
        self.answer(*self.reply(parts.path, asked, body))
        return None

    def reply(self, path: str, asked: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        raise NotImplementedError

    def answer(self, status: int, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def handler_of(kind: str) -> type[Handler]:
    """Of `bigquery` or `snowflake`."""
    return {"bigquery": BigQuery, "snowflake": Snowflake}[kind]


@contextmanager
def serving(kind: str) -> Iterator[Double]:
    """A double of `bigquery` or `snowflake`."""
    double = Double(handler_of(kind))
    try:
        yield double
    finally:
        double.shutdown()
        double.server_close()


def says(status: int, document: Any) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(status, document)


def breaks(handler: Handler) -> None:
    """Half an answer, and then nothing."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [["0@m.')
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.shutdown(2)


class BigQuery(Handler):
    """https://cloud.google.com/bigquery/docs/reference/rest"""

    def reply(self, path: str, asked: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/token":
            if _claims(self.form["assertion"]).get("iss") != "reader@shop":
                return 400, {
                    "error": "invalid_grant",
                    "error_description": "Invalid JWT Signature.",
                }
            return 200, {"access_token": ACCESS_TOKEN, "expires_in": 3600}
        if self.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            return _error(401, "authError", "Invalid Credentials")
        if not path.startswith("/bigquery/v2/projects/shop/"):
            return _error(404, "notFound", "Not found: Project absent")
        if path.endswith("/cancel"):
            self.server.canceled.append(path)
            return 200, {}
        if path.endswith("/datasets"):
            return 200, {"datasets": [{"datasetReference": {"datasetId": "crm"}}]}
        if path.endswith("/tables"):
            return 200, {"tables": [{"id": "shop:crm.members"}]}
        return self._job(body) if body else self._page(path.rpartition("/")[2], asked)

    def _job(self, body: dict[str, Any]) -> tuple[int, Any]:
        configuration, job = body["configuration"], body["jobReference"].get("jobId", "")
        statement = configuration["query"]["query"]
        kind = "SELECT"
        names, rows = list[str](), list[tuple[Any, ...]]()
        try:
            _, names, rows = self.server.engine.run(
                statement.replace(" AS STRING)", " AS TEXT)"),
                only_compile=bool(configuration.get("dryRun")),
            )
        except Refusal as refusal:
            why, words = refusal.args
            if why == "missing":
                return _error(404, "notFound", "Not found: Table shop:crm.memberz")
            if why in {"syntax", "names"}:
                return _error(400, "invalidQuery", words)
            kind = "SCRIPT" if why == "several" else "CREATE_TABLE"
            if why == "write" and not self.server.writes:
                return _error(
                    403, "accessDenied", "Access Denied: Permission bigquery.tables.create denied"
                )
        types = [BIGQUERY_TYPES.get(name.lower(), "STRING") for name in names]
        fields = [{"name": name, "type": kind} for name, kind in zip(names, types, strict=True)]
        if configuration.get("dryRun"):
            counts = "COUNT(*)" in statement and "(\n" not in statement
            told = {"statementType": kind, "schema": {"fields": fields}}
            needed = 0 if counts else self.server.bytes_read
            return 200, {"statistics": {"query": {**told, "totalBytesProcessed": str(needed)}}}
        assert kind == "SELECT", "nothing else is ever run"
        self.server.results[job] = (names, rows, None)
        return 200, {"jobReference": body["jobReference"]}

    def _page(self, job: str, asked: dict[str, str]) -> tuple[int, Any]:
        if self.server.slow:
            return 200, {"jobComplete": False}
        _, rows, _ = self.server.results[job]
        start, most = int(asked.get("pageToken", 0)), int(asked["maxResults"])
        part = rows[start : start + most]
        values = [
            {"f": [{"v": value if value is None else str(value)} for value in row]} for row in part
        ]
        found: dict[str, Any] = {"jobComplete": True, "totalRows": str(len(rows)), "rows": values}
        if start + most < len(rows):
            found["pageToken"] = str(start + most)
        return 200, found


def _error(status: int, reason: str, message: str) -> tuple[int, Any]:
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}


class Snowflake(Handler):
    """https://docs.snowflake.com/en/developer-guide/sql-api/reference"""

    def reply(self, path: str, asked: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        assert self.headers["User-Agent"] == "audience-export/1.0"
        token = self.headers["Authorization"].removeprefix("Bearer ")
        if not token.startswith("ey"):
            return 401, {"code": "390303", "message": "Invalid OAuth access token."}
        if "READER" not in _claims(token).get("sub", "READER"):
            return 401, {"code": "390144", "message": "JWT token is invalid."}
        handle = path.removeprefix("/api/v2/statements").strip("/")
        if handle.endswith("/cancel"):
            self.server.canceled.append(handle)
            return 200, {}
        if body:
            handle = asked["requestId"]
            self.server.results[handle] = self._run(body["statement"], body)
            return 202, {"statementHandle": handle, "code": "333334"}
        names, rows, refused = self.server.results[handle]
        if self.server.slow:
            return 202, {"statementHandle": handle}
        if refused:
            return 422, {
                "code": refused,
                "message": "Database 'ABSENT' of 7@m.example"
                if refused == "002043"
                else "of 7@m.example",
            }
        most = self.server.part_rows
        parts = [rows[place : place + most] for place in range(0, len(rows), most)] or [[]]
        number = int(asked.get("partition", 0))
        data = [[None if value is None else str(value) for value in row] for row in parts[number]]
        if number:
            return 200, {"data": data}
        types = [{"name": name, **SNOWFLAKE_TYPES.get(name, {"type": "text"})} for name in names]
        told = {
            "numRows": len(rows),
            "rowType": types,
            "partitionInfo": [{"rowCount": len(part)} for part in parts],
        }
        return 200, {"resultSetMetaData": told, "data": data, "statementHandle": handle}

    def _run(self, text: str, body: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]], Any]:
        if body.get("database") != "CRM" or body.get("role") != "READER":
            return [], [], "002043" if body.get("role") == "READER" else "390189"
        if text.startswith("SHOW GRANTS"):
            role = text.rpartition(" ")[2].strip('"')
            grants = [
                ("", grant, "TABLE", "MEMBERS")
                for grant in (self.server.grants if role == "READER" else self.server.inherited)
            ]
            if role == "READER" and self.server.inherited:
                grants.append(("", "USAGE", "ROLE", "WRITER"))
            return ["created_on", "privilege", "granted_on", "name"], grants, None
        if text.startswith("SHOW"):
            return ["name"], [("MEMBERS",)], None
        if text.startswith(("CREATE", "DROP")):
            return ["status"], [("ok",)], None if self.server.writes else "003001"
        try:
            plain = text.removeprefix("EXPLAIN USING TEXT ")
            _, names, rows = self.server.engine.run(plain, only_compile=plain != text)
        except Refusal as refusal:
            kinds = {
                "missing": "002003",
                "several": "000008",
                "names": "002025",
                "syntax": "001003",
            }
            # EXPLAIN compiles what would write, and runs nothing
            return (
                ["s"],
                [],
                None
                if text.startswith("EXPLAIN") and refusal.args[0] == "write"
                else kinds.get(refusal.args[0], "001003"),
            )
        if text.startswith("EXPLAIN"):
            return ["content"], [("GlobalStats",)], None
        return names, rows, None
