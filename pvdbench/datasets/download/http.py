"""Download files over HTTP, resuming where a download stopped."""

import html
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import requests
import urllib3
from tqdm import tqdm

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.json_file import parse_json
from pvdbench.core.whole_file import read_bytes
from pvdbench.datasets.download.extract import refuse_full_disk
from pvdbench.io.atomic import replaced_file

_MARKUP = re.compile(rb"^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def refuse_page(source: str, start: bytes, media_type: str = "") -> None:
    """Refuse a web page that came in place of an archive.

    Args:
        source: where it came from, for the message.
        start: its first bytes.
        media_type: the Content-Type that came with it, if any.

    Raises:
        DataError: with the page's title.
    """
    if not (_MARKUP.match(start) or media_type.split(";")[0].strip() == "text/html"):
        return
    title = page_title(start) or "without a title"
    raise DataError(
        f"{source}: this is a web page, not an archive: '{shorten(title)}' (a quota or a log-in, as a rule)"
    )


def page_title(start: bytes) -> str:
    """Find the title of a web page; empty where there is none."""
    found = _TITLE.search(start.decode("utf-8", "replace"))
    return " ".join(html.unescape(found[1]).split()) if found else ""


CHUNK = 1 << 16
"""Bytes asked of the connection at once; what has arrived is written, however little."""
BUSY = (408, 429, 500, 502, 503, 504)
"""HTTP statuses that waiting may cure."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often a mirror is asked again; urllib3's Retry counts requests, and here any byte that comes starts anew."""

    attempts: int = 5  # in a row without a byte
    wait: float = 1.0  # seconds before the second; each further wait is twice as long
    timeout: float = 60.0  # seconds without a byte


@dataclass(frozen=True)
class Version:
    """Which version of which file the partial one holds: it goes on only with more of the same."""

    url: str
    validator: str | None  # strong ETag or Last-Modified
    total: int | None  # bytes of the whole file


class _AttemptError(Exception):
    """One attempt failed in a way that the next may not."""


class ResumingDownloader:
    """Fetches a file from the first mirror that has it, into a folder that survives a kill.

    Partial bytes are continued by the same version of the same file (If-Range); where the caller checks the
    hash of the whole, by any file of the same size.

    Args:
        urls: the mirrors, tried in order.
        folder: keeps the partial file and its version.
        hash_known: whether the caller checks the hash of the whole file.
    """

    def __init__(self, urls: Sequence[str], folder: Path, *, hash_known: bool, retries: RetryPolicy) -> None:
        self._urls, self._hash_known, self._retries = urls, hash_known, retries
        self._part, self._version = folder / "part", folder / "version.json"

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:  # noqa: ARG002
        """Leave the whole file under output_file; the signature is pooch's, whose one url is the first mirror.

        Raises:
            DataError: if no mirror gives the file, with the reason of each.
            WriteError: if the disk is too small.
        """
        refusals: list[str] = []
        for mirror in self._urls:
            try:
                self._fetch(mirror)
            except DataError as error:
                refusals.append(str(error))
            else:
                self._part.replace(output_file)
                return
        raise DataError("; ".join(refusals) + "; try again later (what came is kept), name another mirror in "
                            "data/sources.yaml, or download it by hand and use --from FILE")  # fmt: skip

    def _fetch(self, url: str) -> None:
        """Download one mirror's file; each attempt resumes where the one before stopped."""
        failures, reason, furthest = 0, "", self._size()
        while not self._is_whole():
            try:
                self._attempt(url)
            except (requests.RequestException, urllib3.exceptions.HTTPError, _AttemptError) as error:
                reason = _in_words(error)
            # further than ever, not than before: a server that lies about the size makes it start over without end
            failures = 0 if self._size() > furthest else failures + 1
            furthest = max(furthest, self._size())
            if failures == self._retries.attempts:
                raise DataError(f"{url}: the download failed by {reason} after {self._size()} bytes, {failures} times "
                                "in a row")  # fmt: skip
            if failures:
                time.sleep(self._retries.wait * 2 ** (failures - 1))

    def _attempt(self, url: str) -> None:
        headers = {"Accept-Encoding": "identity", **self._continuation(url)}
        with requests.get(url, headers=headers, stream=True, timeout=self._retries.timeout) as response:
            if response.status_code in BUSY:
                raise _AttemptError(f"HTTP {response.status_code} ({response.reason})")
            if response.status_code not in (200, 206, 416):
                title = page_title(next(_arriving(response), b""))
                said = f", '{shorten(title)}'" if title else ""
                raise DataError(f"{url}: the server answered HTTP {response.status_code} ({response.reason}){said}")
            if response.status_code != 200 and not self._continues(response):
                self._part.unlink(missing_ok=True)
                raise _AttemptError("a file of another version or size than begun")
            self._receive(response, Version(url, _validator(response), _total(response)))

    def _continuation(self, url: str) -> dict[str, str]:
        """Make the headers that ask for the rest; none where the rest might be another file's."""
        known = self._known()
        if not self._size() or known is None:
            return {}
        rest = {"Range": f"bytes={self._size()}-"}
        if known.url == url and known.validator:
            return {**rest, "If-Range": known.validator}
        return rest if self._hash_known else {}

    def _continues(self, response: requests.Response) -> bool:
        """Tell whether a partial response starts where the partial file ends, and ends where that would."""
        known, start = self._known(), re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        return known is not None and start is not None and int(start[1]) == self._size() and (
            known.total is None or known.total == _total(response)
        )  # fmt: skip

    def _receive(self, response: requests.Response, version: Version) -> None:
        offset = self._size() if response.status_code == 206 else 0
        if version.total is not None:  # twice: the archive, and what is taken out of it, which compresses no further
            refuse_full_disk(self._part, 2 * version.total - offset)
        chunks = _arriving(response)
        first = next(chunks, b"")
        if not offset:
            refuse_page(version.url, first, response.headers.get("Content-Type", ""))
            self._part.unlink(missing_ok=True)
            self._remember(version)
        elif (known := self._known()) is not None and known.total is None:  # the beginning came without a length
            self._remember(replace(known, total=version.total))
        with self._part.open("ab") as part, _bar(version, offset) as bar:
            while first:
                bar.update(part.write(first))
                part.flush()  # a kill loses what a buffer holds
                first = next(chunks, b"")
        if version.total is None:
            self._remember(Version(version.url, version.validator, self._size()))
        elif self._size() != version.total:
            raise _AttemptError(f"less than the {version.total} bytes announced")

    def _remember(self, version: Version) -> None:
        with replaced_file(self._version) as partial:
            partial.write_text(json.dumps(asdict(version)), encoding="utf-8")

    def _known(self) -> Version | None:
        """Read what the partial file is of; a damaged note is none, and the download begins anew."""
        try:
            return parse_json(read_bytes(self._version), Version)
        except (OSError, ValueError):
            return None

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _is_whole(self) -> bool:
        known = self._known()
        return self._part.exists() and known is not None and known.total == self._size()


def _arriving(response: requests.Response) -> Iterator[bytes]:
    """Yield bytes as they arrive: iter_content would lose what came of a chunk before the connection broke."""
    while chunk := response.raw.read1(CHUNK):
        yield chunk


def _validator(response: requests.Response) -> str | None:
    etag = response.headers.get("ETag", "W/")
    return response.headers.get("Last-Modified") if etag.startswith("W/") else etag


def _total(response: requests.Response) -> int | None:
    whole = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    length = whole[1] if whole else response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _bar(version: Version, offset: int) -> Any:
    return tqdm(
        total=version.total, initial=offset, desc=Path(version.url).name, unit="B", unit_scale=True, mininterval=1
    )


def _in_words(error: Exception) -> str:
    """Name the reason without the addresses and object names that requests wraps around it."""
    if isinstance(error, _AttemptError):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the end of the connection"
