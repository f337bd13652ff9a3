"""The line that says when a page ran: true to the run, without a name of a machine."""

import json
import platform
import re
import socket
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

from book_build import ROOT
from page_caches import page_caches

sys.path.append(str(ROOT / "book" / "_ext"))
import page_footer
import page_record

RAN = {"date": "2026-01-02", "processor": "A <fast> one", "versions": {"Python": "3.12.1", "torch": "2.13.0"}}


def test_what_is_taken_down():
    """Versions, a date, a processor; neither the machine's name nor a path."""
    ran = page_record.surroundings_now()
    assert ran["versions"]["Python"] == platform.python_version()
    assert set(ran["versions"]) == {"Python", *page_record.PACKAGES} and date.fromisoformat(ran["date"])
    told = json.dumps(ran)
    assert not re.search(r"[/\\](?:home|root|tmp|Users)\b", told) and str(Path.home()) not in told
    assert len(socket.gethostname()) < 4 or socket.gethostname() not in told


def test_the_line_says_it():
    assert page_footer.line(RAN) == (
        '<p class="page-ran">The code of this page last ran on <time datetime="2026-01-02">2026-01-02</time> '
        "on A &lt;fast&gt; one, with Python 3.12.1, torch 2.13.0.</p>\n")  # fmt: skip
    assert "on ," not in page_footer.line(RAN | {"processor": ""})


def test_a_record_that_is_damaged_is_none(tmp_path):
    """No file, half of one, another shape; then a whole one."""
    assert page_record.read_record(tmp_path) is None
    for text in ("{", "[]", "{}", '{"date": "x"}'):
        (tmp_path / page_record.FILE).write_text(text)
        assert page_record.read_record(tmp_path) is None
    page_record.write_record(tmp_path, RAN)
    assert page_record.read_record(tmp_path) == RAN


def shown(folder, monkeypatch, succeeded=True, doctree=True):
    """What a page says at its end."""
    monkeypatch.setattr(page_footer, "ran_here", lambda env, name: succeeded)
    monkeypatch.setattr(page_footer, "page_folder", lambda config, env, name: folder)
    context = {"body": "<section>Words</section>\n"}
    page_footer.add_line(SimpleNamespace(config=None, env=None), "page", "page.html", context, doctree)
    return context["body"].removeprefix("<section>Words</section>\n")


def test_only_a_page_that_ran_has_the_line(tmp_path, monkeypatch):
    """The twins: no record, a run that failed, a page that Sphinx adds; and the date is the record's, not today's."""
    assert shown(tmp_path, monkeypatch) == ""
    page_record.write_record(tmp_path, RAN)
    assert "2026-01-02" in shown(tmp_path, monkeypatch)
    assert shown(tmp_path, monkeypatch, succeeded=False) == shown(tmp_path, monkeypatch, doctree=None) == ""


def test_every_page_with_code_says_when_it_ran(built_book):
    """As the record in its cache has it, behind the text, so that paper, slides and notebooks do not have it."""
    for name, folder in page_caches(ROOT).items():
        page = built_book / f"{name}.html"
        if page.exists():
            found = re.search(r'</section>\s*<p class="page-ran">.*?</p>', page.read_text("utf-8"), re.DOTALL)
            assert found and page_footer.line(page_record.read_record(folder)).strip() in found[0], name
