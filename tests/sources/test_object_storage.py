"""Object storage: the same files through a real S3 server, pinned by their entity tags."""

import gzip
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pytest
from deltalake import write_deltalake
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from app.errors import SourceError
from app.sources import SourceAccess, open_source

CSV = "id,email\n" + "".join(f"{i},{i}@m.example\n" for i in range(5_000))
FRAME = pl.DataFrame({"id": range(5_000), "email": [f"{i}@m.example" for i in range(5_000)]})


class Bucket:
    def __init__(self) -> None:
        self.store = S3Store("members")
        self.access = SourceAccess.from_settings_values(["s3://members/in"], {})

    def put(self, key: str, data: bytes | str) -> None:
        obstore.put(self.store, key, data.encode() if isinstance(data, str) else data)

    def open(self, url: str, **options: Any) -> Any:
        return open_source({"kind": "file", "url": url, **options}, self.access)

    def refusal(self, url: str) -> SourceError:
        with pytest.raises(SourceError) as caught:
            list(self.open(url, format="csv").chunks(["email"]))
        return caught.value


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    environment = {"AWS_ENDPOINT_URL": server, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
                   "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3 = pytest.importorskip("boto3")
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket="members")
    made = Bucket()
    yield made
    for page in obstore.list(made.store):
        for entry in page:
            obstore.delete(made.store, entry["path"])
    client.delete_bucket(Bucket="members")


def parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target, row_group_size=1_000)
    return target.getvalue()


def test_every_format_reads_the_same(bucket: Bucket) -> None:
    bucket.put("in/m.csv", CSV)
    bucket.put("in/m.csv.gz", gzip.compress(CSV.encode()))
    bucket.put("in/m.ndjson", FRAME.write_ndjson())
    bucket.put("in/m é [1] 50%.parquet", parquet(FRAME))
    for name in ("m.csv", "m.csv.gz", "m.ndjson", "m é [1] 50%.parquet"):
        source = bucket.open(f"s3://members/in/{name}")
        read = pl.concat(source.chunks(["email", "id"], rows=700))
        assert read.cast({"id": pl.Int64}).equals(FRAME.select("email", "id")), name
        assert source.count() == 5_000
        assert source.files[0].name == name


def test_prefixes_and_patterns(bucket: Bucket) -> None:
    for key in ("in/d/a.csv", "in/d/e/b.csv", "in/d/_tmp/x.csv", "in/d/.h.csv", "in/dx/c.csv"):
        bucket.put(key, CSV)
    names = {
        "in/d": ["d/a.csv", "d/e/b.csv"],
        "in/d/": ["d/a.csv", "d/e/b.csv"],
        "in/d/*.csv": ["d/a.csv"],
        "in/**/b.csv": ["d/e/b.csv"],
        "in/d*/?.csv": ["d/a.csv", "dx/c.csv"],
    }
    for url, expected in names.items():
        files = bucket.open(f"s3://members/{url}").files
        assert [file.name for file in files] == expected
    assert len(bucket.open("s3://members/in").files) == 3
    assert bucket.open("s3://members/in/d").count() == 10_000


@pytest.mark.parametrize(
    "url",
    ["s3://members/other/m.csv", "s3://members/input/m.csv", "s3://members", "s3://members/*.csv",
     "s3://members/in/../other/m.csv", "s3://members/in//m.csv", "s3://members/in/./m.csv",
     "s3://other/in/m.csv", "gs://members/in/m.csv", "https://members/in/m.csv", "s3://",
     "S3://members/in/m.csv", "/etc/passwd"],
)  # fmt: skip
def test_outside_of_the_allowed_prefix(bucket: Bucket, url: str) -> None:
    bucket.put("other/m.csv", CSV)
    assert bucket.refusal(url).code == "source-not-allowed"


def test_nothing_there(bucket: Bucket) -> None:
    for url in ("s3://members/in/m.csv", "s3://members/in", "s3://members/in/*.csv"):
        error = bucket.refusal(url)
        assert error.code == "source-not-found"
        assert "127.0.0.1" not in error.detail


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_replaced_while_it_is_read(bucket: Bucket, monkeypatch, kind: str) -> None:
    monkeypatch.setattr("app.sources.storage.object_storage._RANGE_BYTES", 4_096)
    monkeypatch.setattr("app.sources.file_formats.parquet._ROWS_PER_SLICE", 1_000)
    url = f"s3://members/in/m.{kind}"
    bucket.put(url.removeprefix("s3://members/"), CSV if kind == "csv" else parquet(FRAME))
    chunks = bucket.open(url).chunks(["id"], rows=100)
    next(chunks)
    other = CSV.replace("9", "8") if kind == "csv" else parquet(FRAME.reverse())
    bucket.put(url.removeprefix("s3://members/"), other)
    with pytest.raises(SourceError) as caught:
        list(chunks)
    assert caught.value.code == "source-changed"


def test_removed_before_it_is_read(bucket: Bucket) -> None:
    bucket.put("in/m.csv", CSV)
    source = bucket.open("s3://members/in/m.csv")
    obstore.delete(bucket.store, "in/m.csv")
    with pytest.raises(SourceError) as caught:
        source.attributes()
    assert caught.value.code == "source-changed"


def test_cut_short(bucket: Bucket) -> None:
    bucket.put("in/m.parquet", parquet(FRAME)[:-500])
    with pytest.raises(SourceError) as caught:
        bucket.open("s3://members/in/m.parquet").attributes()
    assert caught.value.code == "parquet-broken"


def test_a_missing_bucket_and_a_silent_storage(bucket: Bucket, monkeypatch) -> None:
    monkeypatch.setitem(
        __import__("app.sources.storage.object_storage").sources.storage.object_storage._PATIENCE,
        "max_retries",
        0,
    )
    access = SourceAccess.from_settings_values(["s3://absent"], {})
    with pytest.raises(SourceError) as caught:
        open_source({"kind": "file", "url": "s3://absent/*.csv"}, access)
    assert caught.value.code == "storage-unreachable"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        error = bucket.refusal("s3://members/in/m.csv")
    assert (error.code, error.culprit) == ("storage-unreachable", "external")
    assert str(port) not in error.detail


class _Refusing(BaseHTTPRequestHandler):
    """An S3 server to which no credentials are good enough."""

    def do_GET(self) -> None:
        body = b"<Error><Code>InvalidAccessKeyId</Code><Message>key</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("url", ["s3://members/in/m.csv", "s3://members/in/*.csv"])
def test_wrong_credentials(bucket: Bucket, monkeypatch, url: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as refusing:
        thread = threading.Thread(target=refusing.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{refusing.server_address[1]}"
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            error = bucket.refusal(url)
        finally:
            refusing.shutdown()
            thread.join()
    assert error.code == "credentials-refused"
    assert "AccessKey" not in error.detail


def test_fingerprint_follows_the_content(bucket: Bucket) -> None:
    bucket.put("in/m.csv", CSV)
    first = bucket.open("s3://members/in/m.csv").fingerprint()
    assert bucket.open("s3://members/in/m.csv").fingerprint() == first
    bucket.put("in/m.csv", CSV.replace("9", "8"))
    assert bucket.open("s3://members/in/m.csv").fingerprint() != first


@pytest.fixture
def table(bucket: Bucket, tmp_path: Path) -> str:
    """A Delta table of two versions, copied into the bucket file by file."""
    write_deltalake(tmp_path, FRAME[:3_000])
    write_deltalake(tmp_path, FRAME[3_000:], mode="append")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            bucket.put(f"in/people/{path.relative_to(tmp_path)}", path.read_bytes())
    return "s3://members/in/people"


def delta(bucket: Bucket, url: str, **options: Any) -> Any:
    return open_source({"kind": "delta", "url": url, **options}, bucket.access)


def test_a_delta_table_is_read_by_its_log(bucket: Bucket, table: str) -> None:
    source = delta(bucket, table)
    read = pl.concat(source.chunks(["email", "id"], rows=700))
    assert read.sort("id").equals(FRAME.select("email", "id"))
    assert source.count() == 5_000
    assert {each.name for each in source.attributes()} == {"id", "email"}
    first = delta(bucket, table, version=0)
    assert pl.concat(first.chunks(["id"])).height == 3_000
    assert first.fingerprint() != source.fingerprint()


def test_what_is_wrong_with_a_delta_table_is_told(bucket: Bucket, table: str) -> None:
    def code_of(url: str, **options: Any) -> str:
        with pytest.raises(SourceError) as caught:
            list(delta(bucket, url, **options).chunks(["email"]))
        return caught.value.code

    for page in obstore.list(bucket.store, "in/people"):
        file = next(entry["path"] for entry in page if entry["path"].endswith(".parquet"))
    obstore.delete(bucket.store, file)
    assert code_of(table) == "source-changed"
    assert code_of("s3://members/other/people") == "source-not-allowed"
    assert code_of("s3://members/in/nobody") == "source-not-found"
    assert code_of(table, version=9) == "delta-version-missing"
