"""Put the frames of explorers into files of their own, which a page fetches when a reader comes near the controls.

The first frame stands in the page, so nothing is missing without scripts and on paper. A file is a script, since a page
that was opened as a file may load scripts from beside it and nothing else; explorer.js asks for it.
"""

import hashlib
import re
from pathlib import Path

from sphinx.util.osutil import relative_uri

FRAMES = re.compile(
    r'(<script type="application/json" class="explorer-frames"[^>]*)>(?!</script>)(.*?)</script>', re.DOTALL
)
FOLDER = "_static/frames"
NAMED = re.compile(rf'data-src="[^"]*{FOLDER}/([^"]*)"')
ASSIGN = '(window.explorerFrames ??= {{}})["{name}"] = {frames};\n'


def without_frames(body, keep):
    """The HTML of a page, each set of frames replaced by the address of its file.

    Args:
        body: the page.
        keep: called with the frames as JSON; gives the name of the set and the address of its file.
    """

    def emptied(match):
        name, address = keep(match[2])
        return f'{match[1]} data-src="{address}" data-name="{name}"></script>'

    return FRAMES.sub(emptied, body)


def keep_frames(site, frames):
    """Write a set of frames once, under a name that its text gives; the name, and its address on the site."""
    name = hashlib.sha256(frames.encode()).hexdigest()[:16]
    address = f"{FOLDER}/{name}.js"
    path = Path(site, address)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ASSIGN.format(name=name, frames=frames), encoding="utf-8")
    return name, address


def move_frames(app, pagename, templatename, context, doctree):
    """Move the frames of a page out of it."""
    if "body" not in context or app.builder.format != "html":
        return
    here = app.builder.get_target_uri(pagename)

    def keep(frames):
        name, address = keep_frames(app.outdir, frames)
        return name, relative_uri(here, address)

    context["body"] = without_frames(context["body"], keep)


def prune(app, error):
    """Remove the files of earlier builds that no page names now."""
    site = Path(app.outdir)
    if error or not (site / FOLDER).is_dir():
        return
    pages = [path for path in site.rglob("*.html") if "_static" not in path.relative_to(site).parts]
    named = {name for path in pages for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    for path in (site / FOLDER).glob("*.js"):
        if path.name not in named:
            path.unlink()


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", move_frames, priority=950)  # when all others have had their say about the body
    app.connect("build-finished", prune)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
