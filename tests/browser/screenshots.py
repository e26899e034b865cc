"""The pictures that the project shows, made anew: `make screenshots`.

    python -m tests.browser.screenshots

docs/*.png: a digest and the home page in both schemes, from the demo with the sample's papers, in a
directory of its own that is thrown away. Needs Chromium (CHROMIUM or the PATH).
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def take_pictures(browser: Browser, site: str) -> list[Path]:
    """The digest and the home page, each light and dark."""
    taken = []
    schemes: tuple[tuple[Literal["light", "dark"], str], ...]
    schemes = ("light", ""), ("dark", "-dark")
    for name, path, width, height in (
        ("digest", "/dev/mails/digest/html", 640, 1180),
        ("home", "/", 1280, 900),
    ):
        for scheme, ending in schemes:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page.goto(f"{site}{path}", wait_until="networkidle")
            taken.append(DOCS / f"{name}{ending}.png")
            page.screenshot(path=taken[-1])
            page.close()
    return taken


def main() -> None:
    """Take them, and say what was made."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        made = _pictures_of_the_demo(browser)
        browser.close()
    for path in made:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


def _pictures_of_the_demo(browser: Browser) -> list[Path]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {
            "VAR_DIR": directory,
            "PAPERS_SOURCE": "sample",
            "SITE_URL": site,
            "DEBUG": "true",
            "DATABASE_URL": "",
            "CURATOR": "the editors",
        }
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run(
            [*manage, "demo", "--once", "--port", "0"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        server = subprocess.Popen(
            [*manage, "runserver", "--noreload", f"127.0.0.1:{port}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(f"{site}/health/live")
            return take_pictures(browser, site)
        finally:
            server.terminate()
            server.wait()


def _wait_for(url: str) -> None:
    for _ in range(60):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"nothing answers at {url}")


if __name__ == "__main__":
    main()
