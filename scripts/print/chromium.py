"""Print pages of the built book to PDF with the system's Chromium."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE = 600_000
"""Milliseconds until a page is given up."""
SET = """async () => {
  await document.fonts.ready;
  if (window.MathJax?.startup) await MathJax.startup.promise;
  if (window.deckIsReady) await window.deckIsReady;
  const asked = [...document.images].filter((image) => image.loading !== "lazy" || image.complete);
  await Promise.all(asked.map((image) => image.decode().catch(() => null)));
}"""
"""Wait until fonts, formulas and pictures stand where they belong; a lazy picture that nobody sees never comes."""


class NoBrowser(Exception):
    """This machine has no Chromium that could print."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def browser():
    """The system's Chromium.

    Raises:
        NoBrowser: it is not installed, or Playwright, which drives it, is not.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise NoBrowser("PDFs are printed by Chromium, which is not on this machine. On Debian or Ubuntu: "
                        "sudo apt-get install chromium")  # fmt: skip
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield opened
        opened.close()


def print_pages(html: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Print pages of the built book with the system's Chromium.

    Args:
        html: the folder of the built book.
        wanted: {a PDF: the page that it shows, as a path in that folder}.

    Returns:
        The PDFs.

    Raises:
        NoBrowser: there is no Chromium.
    """
    with browser() as chromium:
        return print_with(chromium, html, wanted)


def print_with(chromium, html: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Print pages with a browser that is open, each in the size it asks for, with an outline from its headings."""
    page = chromium.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
    page.set_default_timeout(PATIENCE)
    with served(html) as address:
        for pdf, name in wanted.items():
            pdf.parent.mkdir(parents=True, exist_ok=True)
            page.goto(f"{address}/{name}", wait_until="load")
            page.evaluate(SET)
            page.pdf(path=pdf, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    page.close()
    return list(wanted)
