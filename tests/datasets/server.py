"""A local HTTP server of archives that behaves as badly as the real ones: drops, lies, quotas, other versions."""

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUOTA = b"<!DOCTYPE html><html><head><title>Google Drive - Quota  exceeded</title></head><body>Sorry</body></html>"


@dataclass
class Served:
    """One file, how it is served, and which ranges were asked for."""

    content: bytes
    etag: str | None = '"1"'
    status: int = 200  # other than 200: refused with it, content being the page
    busy: range = range(0)  # the requests that get 503, counted from 0
    drop_after: int | None = None  # bytes of each response, then the connection closes
    hang_after: int | None = None  # bytes of each response, then nothing more comes
    length: int | None = None  # a Content-Length that is not true
    announced: bool = True  # without, no Content-Length: the body ends where the connection does, or in chunks
    chunked: bool = False  # HTTP/1.1's chunks, which tell an end from a drop
    media_type: str = "application/zip"
    ranges: list = field(default_factory=list)


def _chunks(body, cut, size=10_000):
    """The body in HTTP/1.1's chunks, the last of them cut off where the connection is to drop."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    whole = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return whole[:cut] if cut is not None and cut < len(whole) else whole + b"0\r\n\r\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        file = self.server.files.get(self.path)
        if file is None or file.status != 200:
            self._refuse(404 if file is None else file.status, file.content if file else b"")
            return
        file.ranges.append(self.headers.get("Range"))
        if len(file.ranges) - 1 in file.busy:
            self.send_error(503)
            return
        start = self._start(file)
        if start is None or start < len(file.content):
            self._send(file, start)
            return
        self.send_response(416)
        self.send_header("Content-Range", f"bytes */{len(file.content)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _refuse(self, status, page):
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _start(self, file):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        version = self.headers.get("If-Range")
        return int(asked[1]) if asked and version in (None, file.etag) else None

    def _send(self, file, start):
        body = file.content[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(file.content) - 1}/{len(file.content)}")
        if file.etag:
            self.send_header("ETag", file.etag)
        self.send_header("Content-Type", file.media_type)
        if file.announced:
            self.send_header("Content-Length", str(len(body) if file.length is None else file.length))
        if file.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        cut = file.drop_after if file.drop_after is not None else file.hang_after
        self.wfile.write(_chunks(body, cut) if file.chunked else body[:cut])
        self.wfile.flush()
        if file.hang_after is not None and cut < len(body):
            self.server.closing.wait(30)
        self.close_connection = True

    def log_message(self, *args):
        """Quiet."""


@contextmanager
def serving(files):
    """Serve {"/name.zip": Served}; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.files, server.closing = files, threading.Event()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
