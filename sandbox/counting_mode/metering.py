"""Counts uploads inside the HTTP parser, so that a measured client shares its cores with little.

uvicorn collects a body, copies it and wakes the application for every piece; with bodies of
8 MB that costs several times what receiving them costs. In counting mode nobody needs the body.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.conventions.wire import split_path
from sandbox.counting_mode.counting import UPLOAD, Upload, concerns


class MeteringProtocol(HttpToolsProtocol):
    """Feeds uploads to a meter instead of the request's body."""

    def on_headers_complete(self) -> None:
        """Meter the calls that are only counted."""
        super().on_headers_complete()
        path = self.scope.get("path")
        if path is not None and concerns(self.scope["method"], split_path(path)[1]):
            self.scope[UPLOAD] = Upload()  # type: ignore[typeddict-unknown-key]

    def on_body(self, body: bytes) -> None:
        """Count, and forget."""
        upload: Upload | None = self.scope.get(UPLOAD)  # type: ignore[assignment]
        if upload is None:
            super().on_body(body)
        else:
            upload.feed(body)
