"""A checkout has the same bytes on every system, also where git is told to write Windows line ends."""

import shutil
import subprocess

import pytest
from book_build import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="no git on this machine")
TEXT, FONT = b"a,b\n1,2\n", b"wOF2\r\nbytes\r\n"


def git(folder, *words):
    """Run git as a nameless user, with the settings of Git for Windows."""
    settings = ("core.autocrlf=true", "safe.directory=*", "user.name=reader", "user.email=reader@example.org")
    words = [*(word for setting in settings for word in ("-c", setting)), *words]
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def checkout(folder, attributes):
    """Commit a table and a font with these attributes; their bytes in a clone."""
    source, clone = folder / "source", folder / "clone"
    source.mkdir()
    for name, content in ((".gitattributes", attributes), ("table.csv", TEXT), ("font.woff2", FONT)):
        (source / name).write_bytes(content)
    git(source, "init", "--quiet")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message=all")
    git(folder, "clone", "--quiet", str(source), str(clone))
    return (clone / "table.csv").read_bytes(), (clone / "font.woff2").read_bytes()


def test_line_ends_stay(tmp_path):
    """With the book's attributes a clone holds what was committed."""
    assert checkout(tmp_path, (ROOT / ".gitattributes").read_bytes()) == (TEXT, FONT)


def test_without_attributes_they_would_not(tmp_path):
    """The twin: the table would get Windows line ends, and the font would lose bytes when it is committed."""
    table, _ = checkout(tmp_path, b"")
    assert table == TEXT.replace(b"\n", b"\r\n")
    (tmp_path / "again").mkdir()
    _, font = checkout(tmp_path / "again", b"* text=auto eol=lf\n")
    assert font == FONT.replace(b"\r\n", b"\n")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_every_file_with_bytes_is_marked_as_such():
    """A file that git takes for binary has the mark, so that nothing depends on a guess."""
    lines = [line.split(None, 3) for line in git(ROOT, "ls-files", "--eol").splitlines()]
    unmarked = [name for index, _, attribute, name in lines if index == "i/-text" and attribute != "attr/-text"]
    assert lines and not unmarked
