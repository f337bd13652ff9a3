"""Open every built page in the browser as on a first visit, and say what it weighs and how it comes to stand.

    .venv/bin/python scripts/page_weight.py                       the pages of the book, a line for each chapter
    .venv/bin/python scripts/page_weight.py --each chapters/dora  one line for each page below these names
    .venv/bin/python scripts/page_weight.py --out weights.json    everything measured, as JSON

Each page is loaded by a browser that has stored nothing. Counted are the requests; the bytes of all files that they
ask for, each compressed by gzip, and apart those of figures (pictures in the page and beside it, frames of explorers);
the layout shift (CLS); and the time until the largest thing on the screen was painted (LCP). Exit status 1: a page is
over a limit.
"""

import argparse
import gzip
import json
import re
import statistics
import sys
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts" / "print"))
from chromium import SET, browser, served  # noqa: E402

LIMITS = {"compressed": 600_000, "shift": 0.05, "painted": 1.0}
PICTURES = (".svg", ".png", ".jpg", ".webp")
IN_PAGE = re.compile(r'"data:image/[^"]*"|<script type="application/json" class="explorer-frames"[^>]*>.*?</script>|'
                     r"<svg\b.*?</svg>", re.DOTALL)  # fmt: skip
WATCH = """
window.seen = { shift: 0, painted: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((each) => {
  if (!each.hadRecentInput) window.seen.shift += each.value;
})).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((each) => { window.seen.painted = each.startTime / 1000; }))
  .observe({ type: "largest-contentful-paint", buffered: true });
"""
SEEN = "() => new Promise((done) => setTimeout(() => done(window.seen), 300))"


@dataclass(frozen=True)
class Weight:
    """What the first visit to a page costs."""

    page: str
    requests: int
    compressed: int
    """Bytes of all files without figures, each by gzip."""
    figures: int
    """Bytes of the figures, by gzip."""
    shift: float
    """Cumulative layout shift."""
    painted: float
    """Seconds until the largest contentful paint."""


@cache
def file_size(path):
    """(bytes by gzip without figures, bytes of figures) of a file; what stands in a page as a figure is a figure."""
    content = path.read_bytes()
    whole = len(gzip.compress(content))
    if path.suffix in PICTURES or path.parent.name == "frames":
        return 0, whole
    if path.suffix != ".html":
        return whole, 0
    rest = len(gzip.compress(IN_PAGE.sub("", content.decode()).encode()))
    return rest, whole - rest


def weigh(chromium, site, address, page):
    """Load a page once with a browser that has stored nothing.

    Args:
        chromium: the browser.
        site: the folder that is served.
        address: of the server.
        page: a path in the folder.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    tab, asked = context.new_page(), []
    tab.add_init_script(WATCH)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{address}/{page}", wait_until="load")
    tab.evaluate(SET)
    seen = tab.evaluate(SEEN)
    context.close()
    files = [site / unquote(urlsplit(url).path)[1:] for url in asked if url.startswith(address)]
    sizes = [file_size(path) for path in dict.fromkeys(files) if path.is_file()]
    rest, figures = (sum(each) for each in zip(*sizes, strict=True))
    return Weight(page, len(files), rest, figures, round(seen["shift"], 4), round(seen["painted"], 3))


def over(weight):
    """What of a page is over its limit, as text."""
    return [f"{weight.page}: {name} {getattr(weight, name)}, more than {most}"
            for name, most in LIMITS.items() if getattr(weight, name) > most]  # fmt: skip


def pages_of(site, begin):
    """The pages of the book below some names, in order; not those that show a file of the checkout, or send on."""
    found = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"), key=lambda p: (p.parent, p))]
    own = [page for page in found if page.partition("/")[0] not in ("_static", "files", "print", "slides")]
    asked = [page for page in own if page.startswith(tuple(begin or [""]))]
    return [page for page in asked if 'http-equiv="refresh"' not in (site / page).read_text(encoding="utf-8")]


def table(weights, each):
    """The lines of the report: smallest, median and largest of each folder, or each page."""
    head = f"{'':44} {'requests':>14} {'kB':>14} {'figures, kB':>16} {'shift':>20} {'painted, s':>18}"
    folder = lambda weight: weight.page.rpartition("/")[0] or "(top)"  # noqa: E731
    groups = groupby(weights, key=(lambda weight: weight.page) if each else folder)
    return [head, *(line(name, list(group)) for name, group in groups), line("all pages", weights)]


def line(name, weights):
    """One line: a value of one page, or smallest/median/largest of several."""
    columns = [("requests", 1, 0, 14), ("compressed", 1000, 0, 14), ("figures", 1000, 0, 16), ("shift", 1, 3, 20),
               ("painted", 1, 2, 18)]  # fmt: skip
    return f"{name:44} " + " ".join(f"{spread(weights, *column):>{width}}" for *column, width in columns)


def spread(weights, field, unit, digits):
    """Smallest, median and largest value of a field; one value if there is one page."""
    values = [getattr(weight, field) / unit for weight in weights]
    shown = values if len(values) == 1 else [min(values), statistics.median(values), max(values)]
    return "/".join(f"{value:.{digits}f}" for value in shown)


def main():
    """Measure what the command line names; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("begin", nargs="*", help="how the names of the pages begin; all if it is left out")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the folder of the built book")
    parser.add_argument("--each", action="store_true", help="a line for each page")
    parser.add_argument("--out", type=Path, help="a file for everything measured")
    asked = parser.parse_args()
    with browser() as chromium, served(asked.site) as address:
        weights = [weigh(chromium, asked.site, address, page) for page in pages_of(asked.site, asked.begin)]
    print("\n".join(table(weights, asked.each)))
    if asked.out:
        asked.out.write_text(json.dumps([asdict(weight) for weight in weights], indent=1) + "\n", encoding="utf-8")
    faults = [fault for weight in weights for fault in over(weight)]
    print("\n".join(faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
