"""Run every page live under other arithmetics, threads and seeds: ``make variants``, or ``python scripts/variants``.

A page fails a setting if a cell fails, if anything is written to stderr, if a control of an explorer fails or warns on
any of its values, or if a printed result differs from the built page by more than its line "Reproduces" allows.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from live import run
from pages import ROOT, all_pages, built_texts, label, problems_of
from run_pages import MOST_PROCESSES, usable_cores
from settings import SETTINGS
from store import keep, key, load
from tqdm import tqdm


def main() -> int:
    """Run what the command line asks for; 0 if every page holds under every setting."""
    asked = arguments()
    for name in {name for setting in SETTINGS.values() for name in setting.environment}:
        os.environ.pop(name, None)  # what the caller has set would make "own" something else
    pages = [Path(name).resolve() for name in asked.pages] or all_pages()
    baselines = Baselines(pages, asked.jobs)
    bad = 0
    for name in asked.settings:
        start = time.monotonic()
        found = dict(check(pages, name, baselines, asked.jobs))
        bad += sum(bool(problems) for problems in found.values())
        for page, problems in sorted(found.items()):
            for problem in problems:
                print(f"{name}: {label(page)}: {problem}")
        good = sum(not problems for problems in found.values())
        print(f"{name}: {good} of {len(pages)} pages hold ({SETTINGS[name].about}); {time.monotonic() - start:.0f} s")
    return 1 if bad else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    about = "\n".join(f"  {name:13s} {setting.about}" for name, setting in SETTINGS.items())
    parser = argparse.ArgumentParser("variants", description=__doc__, epilog=f"settings:\n{about}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="NAME",
                        help="which settings; all by default")
    parser.add_argument("--pages", nargs="+", default=[], metavar="PAGE", help="notebooks; all of the book by default")
    parser.add_argument("--jobs", type=int, default=min(MOST_PROCESSES, usable_cores()), help="pages side by side")
    return parser.parse_args()


class Baselines:
    """What each page should print: the built page, or a run under this machine's own setting where there is none.

    Args:
        pages: the notebooks.
        jobs: how many to run side by side.
    """

    def __init__(self, pages: list[Path], jobs: int) -> None:
        self.texts = {page: built_texts(page) for page in pages}
        self.training: dict[Path, list[int]] = {}
        self.run_own([page for page, texts in self.texts.items() if texts is None], jobs)

    def run_own(self, pages: list[Path], jobs: int) -> None:
        """Run pages under the own setting, for what they print and for which of their cells train."""
        for page, record in run_all([page for page in pages if page not in self.training], "own", {}, jobs):
            self.add(page, record)

    def add(self, page: Path, record: dict) -> None:
        """Learn from a run under the own setting."""
        self.training[page] = record["training"]
        if self.texts[page] is None:
            self.texts[page] = {key: cell["text"] for key, cell in record["cells"].items()}


def run_all(pages: list[Path], name: str, training: dict[Path, list[int]], jobs: int) -> Iterator[tuple[Path, dict]]:
    """Run pages under one setting, side by side, with progress; yield each with its record."""
    shifts = training if SETTINGS[name].seed_shift else {}  # nothing else depends on which cells train
    with ThreadPoolExecutor(jobs) as threads:
        runs = {threads.submit(run_or_load, page, name, shifts.get(page, [])): page for page in pages}
        for done in tqdm(as_completed(runs), total=len(runs), desc=name, unit="page", disable=not runs):
            yield runs[done], done.result()


def run_or_load(page: Path, name: str, training: list[int]) -> dict:
    """The record of a page under a setting: an earlier one if nothing has changed since, or a new one."""
    if not page.is_relative_to(ROOT):
        return run(page, SETTINGS[name], training)
    wanted = key(page, SETTINGS[name], training)
    record = load(page, name, wanted)
    if record is None:
        record = run(page, SETTINGS[name], training)
        keep(page, name, wanted, record)
    return record


def check(pages: list[Path], name: str, baselines: Baselines, jobs: int) -> Iterator[tuple[Path, list[str]]]:
    """Each page with what is wrong with it under one setting."""
    if SETTINGS[name].seed_shift:
        baselines.run_own(pages, jobs)
    for page, record in run_all(pages, name, baselines.training, jobs):
        if name == "own":
            baselines.add(page, record)
        yield page, problems_of(page, record, baselines.texts[page], shifted=SETTINGS[name].seed_shift > 0)


if __name__ == "__main__":
    sys.exit(main())
