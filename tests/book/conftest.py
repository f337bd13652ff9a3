"""The built book, a server for it, and a browser. All are made once for the whole test run."""

import json
import shutil

import pytest
from book_build import ROOT, build_book
from filelock import FileLock
from serve import serve

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing but this machine can be reached
]


@pytest.fixture(scope="session")
def built_book(tmp_path_factory, worker_id):
    """Folder of the built pages. The build is the real one, strict, and quick when nothing has changed.

    Of several test processes the first builds; the others wait, and read how it went.
    """
    own = tmp_path_factory.getbasetemp()
    outcome = (own if worker_id == "master" else own.parent) / "book-build.json"
    with FileLock(outcome.with_suffix(".lock")):
        if not outcome.exists():
            outcome.write_text(json.dumps(build_book(ROOT)))
    status, printed = json.loads(outcome.read_text())
    assert status == 0, f"the book does not build:\n{printed[-9000:]}"
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def site(built_book):
    """Address of the built book on a server of this machine, without a final slash."""
    with serve(built_book) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium, driven by Playwright."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine: `sudo apt-get install chromium` brings the browser tests to life")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tab(chromium):
    """A tab of the browser, for one address after the other."""
    return chromium.new_page()
