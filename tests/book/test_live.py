"""Every notebook runs live, as in JupyterLab: no cell and no control fails, and it prints what the built page shows.

Under plain kernels, since the build has run it under the machine's own: two processors for the price of one run.
"""

import sys

import pytest
from book_build import ROOT

sys.path.append(str(ROOT / "scripts" / "variants"))
from live import run
from pages import all_pages, built_texts, label, problems_of
from settings import SETTINGS
from store import keep, key


@pytest.mark.parametrize("page", all_pages(), ids=label)
def test_a_page_runs_live(built_book, page):
    """Widgets in place of stored frames, each control on each value. The twins stand in test_variants.py."""
    wanted = key(page, SETTINGS["plain"], [])
    record = run(page, SETTINGS["plain"], [])
    keep(page, "plain", wanted, record)  # `make variants VARIANTS=plain` need not run it again
    problems = problems_of(page, record, built_texts(page), shifted=False)
    assert not problems, "\n".join(problems)
    built = (built_book / page.relative_to(ROOT)).with_suffix(".html").read_text(encoding="utf-8")
    assert record["explorers"] == built.count('<figure class="explorer"')
    assert record["moves"] >= 20 * record["explorers"]  # 20 random combinations each, and every value of every control
