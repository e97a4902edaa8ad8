"""Gives a project to a scrapyd and has it crawl one of scrapyd's own pages: run inside a machine, prints the log.

Usage: crawl.py PORT
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from urllib.request import Request, urlopen

PROJECT = {
    "EGG-INFO/PKG-INFO": "Metadata-Version: 1.0\nName: shop\nVersion: 1.0\n",
    "EGG-INFO/entry_points.txt": "[scrapy]\nsettings = shop.settings\n",
    "shop/__init__.py": "",
    "shop/settings.py": "BOT_NAME = 'shop'\nSPIDER_MODULES = ['shop.spiders']\nTELNETCONSOLE_ENABLED = False\n",
    "shop/spiders.py": """
import scrapy

class Coins(scrapy.Spider):
    name = "coins"
    start_urls = ["http://127.0.0.1:PORT/"]

    def parse(self, response):
        self.logger.info("seen: %s", response.css("h1::text").get())
""",
}
LIMIT = 40.0


def egg(port: str) -> bytes:
    """Return the project as scrapyd takes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in PROJECT.items():
            archive.writestr(name, text.replace("PORT", port))
    return made.getvalue()


def form(**fields: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a form as browsers send it with files (RFC 7578), and the header that goes with it."""
    parts = (
        b'--part\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    )
    return b"".join(parts) + b"--part--\r\n", {"Content-Type": "multipart/form-data; boundary=part"}


def ask(base: str, path: str, **fields: bytes) -> bytes:
    """Return the answer to a request, which carries the fields if there are any."""
    request = Request(base + path, *(form(**fields) if fields else ()))  # noqa: S310 (of this machine)
    with urlopen(request, timeout=LIMIT) as answer:  # noqa: S310 (the same)
        return bytes(answer.read())


def main(port: str) -> str:
    """Add the project, schedule its spider, and return its log when it has finished."""
    base = f"http://127.0.0.1:{port}"
    added = json.loads(ask(base, "/addversion.json", project=b"shop", version=b"1", egg=egg(port)))
    assert added["status"] == "ok", added
    begun = json.loads(ask(base, "/schedule.json", project=b"shop", spider=b"coins"))
    assert begun["status"] == "ok", begun
    end = time.monotonic() + LIMIT
    finished: list[dict[str, str]] = []
    while not finished and time.monotonic() < end:
        time.sleep(0.1)
        finished = json.loads(ask(base, "/listjobs.json?project=shop"))["finished"]
    return ask(base, finished[0]["log_url"]).decode()


if __name__ == "__main__":
    print(main(sys.argv[1]))  # noqa: T201 - the result
