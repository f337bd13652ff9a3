"""Open a page in the browser as one kind of reader, and write down everything that is wrong with it."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

READERS = {  # name: settings of a browser context
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
SETTLE = "async () => { await document.fonts.ready; if (window.MathJax?.startup) await MathJax.startup.promise; }"
OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach((box) => { box.open = true; });
  document.querySelectorAll('.toggle-button-hidden').forEach((button) => button.click());
}"""
# Colored words of code are thousands, of a few dozen kinds. One of each kind in each kind of box keeps its element, so
# that axe looks at every color once and is four times as fast. Axe measures each piece of text, hence normalize().
THIN_OUT_CODE = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll('pre span[class]')) {
    const box = word.closest('.admonition, .cell_input, .cell_output, .highlight');
    const kind = `${word.className} in ${box?.className} in ${box?.parentElement?.className}`;
    if (seen.has(kind) && !word.querySelector('[id]')) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
  document.querySelectorAll('pre').forEach((box) => box.normalize());
}"""
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide <= 1) return [];
  const isPast = (e) => e.getBoundingClientRect().right > window.innerWidth + 1;
  const past = [...document.querySelectorAll('.bd-article *, .bd-header *')].filter(isPast);
  return [`${wide} px too wide`, ...past.slice(0, 5).map((e) => `${e.tagName}.${e.className}`)];
}"""
NO_MOTION = "*, *::before, *::after { transition: none !important; animation: none !important; }"


def open_readers(browser):
    """{name of a reader: tab}. A tab keeps what was loaded once, such as MathJax, for the next page of its reader."""
    contexts = {name: browser.new_context(reduced_motion="reduce", **settings) for name, settings in READERS.items()}
    return {name: context.new_page() for name, context in contexts.items()}


def visit(readers, address, reader):
    """Open an address as one of the readers.

    Args:
        readers: what open_readers returns.
        address: of a page.
        reader: one of READERS.

    Returns:
        A dict from the name of a check to its problems: "third party", "console", "accessibility", "sideways".
    """
    page = readers[reader]
    problems = {"third party": [], "console": [], "accessibility": [], "sideways": []}
    with listening(page, urlsplit(address).netloc, problems):
        page.goto(address, wait_until="load")
        page.evaluate(SETTLE)
        page.add_style_tag(content=NO_MOTION)
        page.evaluate(OPEN_ALL)
        if reader == "phone":
            problems["sideways"] += page.evaluate(TOO_WIDE)
        else:
            problems["accessibility"] += accessibility_problems(page)
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


def accessibility_problems(page):
    """Serious and critical findings of axe-core, one line for each element.

    Without "preload", since axe would look for imported style sheets beside the page and log what it does not find.
    """
    page.evaluate(THIN_OUT_CODE)
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    severe = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node['html'][:160]} ({node['target']})" for rule in severe for node in rule["nodes"]]
