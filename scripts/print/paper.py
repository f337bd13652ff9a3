"""A page for paper: HTML beside the built book, in its letters and colors, that Chromium prints."""

from html import escape
from pathlib import Path

FOLDER = "print"
HERE = Path(__file__).resolve().parent
PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="../_static/pygments.css">
<link rel="stylesheet" href="../_static/llmbook.css">
<link rel="stylesheet" href="../_static/theme-fixes.css">
<link rel="stylesheet" href="paper.css">
{style}<script src="paper.js"></script>
<script defer src="../_static/mathjax/startup.js"></script>
</head>
<body>
<main class="bd-article">
{body}
</main>
</body>
</html>
"""


def write_paper(html: Path, name: str, title: str, body: str, style: str = "") -> str:
    """Write a page for paper into the built book.

    Args:
        html: the folder of the built book.
        name: of the page.
        title: of the PDF.
        body: what it says, HTML.
        style: further rules, CSS.

    Returns:
        Its path in that folder.
    """
    folder = html / FOLDER
    folder.mkdir(exist_ok=True)
    for kept in ("paper.css", "paper.js"):
        (folder / kept).write_bytes((HERE / kept).read_bytes())
    rules = f"<style>\n{style}</style>\n" if style else ""
    (folder / f"{name}.html").write_text(PAGE.format(title=escape(title), body=body, style=rules), encoding="utf-8")
    return f"{FOLDER}/{name}.html"
