"""Open a page in the browser, look at it as three readers would, and write down everything that is wrong with it."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}  # the second: a telephone, or 400 % zoom
SETTLE = "async () => { await document.fonts.ready; if (window.MathJax?.startup) await MathJax.startup.promise; }"
OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach((box) => { box.open = true; });
  document.querySelectorAll('.toggle-button-hidden').forEach((button) => button.click());
}"""
# Axe measures each piece of text, and most look alike. One of each kind keeps its words, so every color is looked at: a
# kind is the tags, classes and styles around a text, and whether its row of a table is an odd one.
ONE_OF_EACH_KIND = """() => {
  const name = (e) => [e.tagName, e.getAttribute('class'), e.getAttribute('style'), e.rowIndex % 2].join();
  const kind = (e) => e ? name(e) + kind(e.parentElement) : '';
  const seen = new Set(), alike = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.nodeValue.trim() || !text.parentElement.checkVisibility()) continue;
    const its = kind(text.parentElement);
    if (seen.has(its)) alike.push(text);
    seen.add(its);
  }
  alike.forEach((text) => { text.nodeValue = ''; });
  const empty = (e) => !e.textContent.trim();
  document.querySelectorAll('pre span, mjx-container, mjx-container *').forEach((e) => empty(e) && e.remove());
}"""
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide <= 1) return [];
  const isPast = (e) => e.getBoundingClientRect().right > window.innerWidth + 1;
  const past = [...document.querySelectorAll('.bd-article *, .bd-header *')].filter(isPast);
  return [`${wide} px too wide`, ...past.slice(0, 5).map((e) => `${e.tagName}.${e.className}`)];
}"""
COLORS = ["color-contrast", "link-in-text-block"]  # the rules that depend on them
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
NO_MOTION = "*, *::before, *::after { transition: none !important; animation: none !important; }"


def visit(page, address):
    """Load an address once; look at it in light colors, in dark ones, and on a telephone.

    Args:
        page: a tab. It keeps what was loaded once, such as MathJax, for the next address.
        address: of a page.

    Returns:
        A dict from the name of a check to its problems: "third party", "console", "accessibility", "sideways".
    """
    problems = {"third party": [], "console": [], "accessibility": [], "sideways": []}
    with listening(page, urlsplit(address).netloc, problems):
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(address, wait_until="load")
        page.evaluate(SETTLE)
        page.add_style_tag(content=NO_MOTION)
        page.evaluate(OPEN_ALL)
        problems["accessibility"] += accessibility_problems(page, rules={name: {"enabled": False} for name in COLORS})
        page.set_viewport_size(NARROW)
        problems["sideways"] += page.evaluate(TOO_WIDE)
        page.set_viewport_size(WIDE)
        page.evaluate(ONE_OF_EACH_KIND)
        for colors in ("light", "dark"):
            page.emulate_media(color_scheme=colors)
            page.evaluate(NEXT_FRAME)  # the page's script changes the colors
            problems["accessibility"] += accessibility_problems(page, runOnly=COLORS)
    return problems


@contextmanager
def listening(page, host, problems):
    """Write down errors of scripts, failed loads, and every request to another host than the page's own.

    The browser itself stops such a request (conftest.py). Were each request to wait for Python's word, it would pass
    by the browser's cache, and a page would take twice as long.
    """
    console, strangers = problems["console"], problems["third party"]

    def hear_console(said):
        if said.type == "error":
            console.append(f"{said.text} {said.location['url']}")

    def hear_request(request):
        parts = urlsplit(request.url)
        if parts.netloc != host and parts.scheme not in ("data", "blob", "about"):
            strangers.append(request.url)

    heard = {"console": hear_console, "pageerror": lambda error: console.append(str(error)), "request": hear_request}
    for event, hear in heard.items():
        page.on(event, hear)
    yield
    for event, hear in heard.items():
        page.remove_listener(event, hear)


def accessibility_problems(page, **options):
    """Serious and critical findings of axe-core, one line for each element.

    Without "preload", since axe would look for imported style sheets beside the page and log what it does not find.
    """
    options |= {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    severe = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node['html'][:160]} ({node['target']})" for rule in severe for node in rule["nodes"]]
