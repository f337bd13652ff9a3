"""Make the written pages light, and fit for a site that forbids scripts within pages.

- What stands in a page as a script moves into a file of its own, and a button gets its function from site.js.
- Icons are drawn by icons.css, and neither by a script of 1.4 MB nor by letters of their own. MathJax comes in parts,
  and only to pages with formulas. The index of the search comes to the page of the search.
- What must be known before anything is shown comes first: colors, and that the letters of the text are wanted.
- The state of widgets, which only a kernel can use, is left out, and so is what no page asks for.
- Each page says itself that it runs and loads nothing but files of this book.
"""

import hashlib
import re
import shutil
from pathlib import Path

INLINE = re.compile(r"(?:<script(?: data-cfasync=\"false\")?>(?:(?!</script>).)*</script>\s*)+", re.DOTALL)
CODE = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
WIDGETS = re.compile(r'<script type="application/vnd\.jupyter\.widget-[^"]*">.*?</script>\s*', re.DOTALL)
ICONS = re.compile(r'<script[^>]*scripts/fontawesome\.js[^>]*></script>\s*')
MATHJAX = re.compile(r'<script[^>]*src="[^"]*/mathjax/[^"]*"[^>]*></script>\s*')
SEARCH = re.compile(r'<script[^>]*src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>\s*')
HANDLER = re.compile(r' onclick="toggleFullScreen\(\)"')
ROOT = re.compile(r'data-content_root="([^"]*)"')
ICON_FACES = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}|(?:\.fa-[\w-]+::?before,?)+\{content:\"[^\"]*\"\}")
BEFORE_ALL = "<!-- Loaded before other Sphinx assets -->"
"""What the theme writes before its style sheets."""
CHARSET = re.compile(r"<meta charset=[^>]*>")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
"""What a page may load and run. Styles may stand within: MathJax writes a sheet, outputs and the theme attributes."""
PARTS = "mathjax/startup.js"
KEPT = ("startup.js", "core.js", "loader.js", "input/tex.js", "input/tex", "output/chtml.js", "output/chtml",
        "a11y/assistive-mml.js")  # fmt: skip
"""What pages load of MathJax; `input/tex` holds the extensions that it fetches when a formula asks for one."""


def lean(html, keep):
    """A page without scripts within, and without what it does not need.

    Args:
        html: the page.
        keep: called with the text of a script; gives the address of its file, seen from the root of the site.
    """
    found = ROOT.search(html)
    root = found[1] if found else "./"

    def moved(match):
        code = "\n".join(code.strip() for code in CODE.findall(match[0]))
        return f'<script src="{root}{keep(code)}"></script>\n'

    html = HANDLER.sub("", WIDGETS.sub("", ICONS.sub("", html)))
    if 'class="math' not in html:
        html = MATHJAX.sub("", html)
    if 'id="search-results"' not in html:
        html = SEARCH.sub("", html)
    return guarded(with_first(INLINE.sub(moved, html), root))


def with_first(html, root):
    """A page that runs first.js before its style sheets, and after the script of the theme that stands first."""
    script = f'<script src="{root}_static/first.js"></script>'
    return html if script in html else html.replace(BEFORE_ALL, script, 1)


def guarded(html):
    """A page with its policy, before anything that it loads."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return html if policy in html else CHARSET.sub(lambda found: f"{found[0]}\n    {policy}", html, count=1)


class Scripts:
    """A folder of scripts, each under a name that its text gives."""

    def __init__(self, site):
        self.site, self.folder = site, "_static/inline"

    def keep(self, code):
        """Write a script once, and give its address."""
        address = f"{self.folder}/{hashlib.sha256(code.encode()).hexdigest()[:12]}.js"
        path = self.site / address
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(code + "\n", encoding="utf-8")
        return address


def finish(app, error):
    """Go over the whole site, when it is written."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir)
    scripts = Scripts(site)
    for path in site.rglob("*.html"):
        if "_static" not in path.relative_to(site).parts:
            html = path.read_text(encoding="utf-8")
            path.write_text(lean(html, scripts.keep), encoding="utf-8")
    prune(site / "_static")


def prune(static):
    """Remove the files that no page asks for."""
    for path in static.rglob("*.map"):
        path.unlink()
    (static / "scripts" / "fontawesome.js").unlink(missing_ok=True)
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
    for path in (static / "styles").glob("*.css"):
        path.write_text(ICON_FACES.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    mathjax = static / "mathjax"
    for path in [path for path in mathjax.rglob("*") if path.is_file()]:
        name = path.relative_to(mathjax).as_posix()
        if not any(name == kept or name.startswith(f"{kept}/") for kept in KEPT):
            path.unlink()
    for folder in [path for path in mathjax.glob("*/") if not any(each.is_file() for each in path.rglob("*"))]:
        shutil.rmtree(folder)


def use_parts(app, config):
    """Pages begin with the part of MathJax that loads others."""
    config.mathjax_path = PARTS


def setup(app):
    """Register the extension with Sphinx."""
    app.add_css_file("letters.css", priority=900)  # over those of llmbook.css
    app.connect("config-inited", use_parts)
    app.connect("build-finished", finish, priority=900)  # after MathJax has been copied
    return {"parallel_read_safe": True, "parallel_write_safe": True}
