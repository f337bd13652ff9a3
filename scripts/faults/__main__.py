"""Plant faults in the package, one at a time, and see which tests catch them: ``make faults``.

    python scripts/faults --help
    make faults                                        draw 120 faults by rule
    make faults FAULTS="--count 300 --seed 1 --jobs 2"
    make faults FAULTS="--figures"                     draw every figure wrongly once
    make faults FAULTS="--figures --only gemma/norms plots/masks --seed 2"
    make faults FAULTS="--list --only layers/norm.py"  print the faults, run nothing

Each fault is planted in a temporary copy of the project as it stands, what is not committed included. The tests that
import the faulted file run, the nearest first, until one fails that passes without the fault. A fault that all of
them pass has survived: it needs a test, or, if it changes nothing, a line in ``equivalent.txt`` with the reason. With
``--figures``, a wrong drawing that ends in an error of the code proves little, and the next one is tried. It runs on
Linux and macOS, since the process that has the large libraries in memory copies itself for each run of the tests.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from chosen import draw, figures, sources
from copies import LIBRARIES, Copy
from judge import Judge, Verdict, read_equivalent
from sight import Sight
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
Task = Callable[[Judge], Verdict]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("faults", description=__doc__, formatter_class=as_it_is)
    parser.add_argument("--count", type=int, default=120, help="how many faults; default 120")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other faults; default 0")
    parser.add_argument("--figures", action="store_true", help="a wrong drawing for each plotting function instead")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="files whose path contains one of these")
    parser.add_argument("--jobs", type=int, default=1, help="faults side by side; default 1")
    parser.add_argument("--limit", type=float, default=300, help="seconds for the tests of one fault; default 300")
    parser.add_argument("--hang", type=float, default=60, help="seconds after which one test hangs; default 60")
    parser.add_argument("--tries", type=int, default=8, help="wrong drawings of one figure, if they end in errors")
    parser.add_argument("--list", action="store_true", help="print what would be tried")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)  # another project, for the tests
    parser.add_argument("--equivalent", type=Path, default=EQUIVALENT, help=argparse.SUPPRESS)
    parser.add_argument("--libraries", nargs="*", default=LIBRARIES, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(asked: argparse.Namespace) -> int:
    """Run what the command line asks for; 0 if no fault has survived."""
    if asked.list:
        print(*(listed for _, listed in chosen(asked, asked.root)), sep="\n")
        return 0
    start = time.monotonic()
    with ExitStack() as stack:
        copy = stack.enter_context(Copy(asked.root, tuple(asked.libraries)))  # others may go on working in the project
        tasks = [task for task, _ in chosen(asked, copy.root)]
        more = [stack.enter_context(Copy(copy.root, tuple(asked.libraries))) for _ in range(1, asked.jobs)]
        known, passes = read_equivalent(asked.equivalent), {}
        judges = [Judge(each, Sight(each.root), known, asked.hang, asked.limit, passes) for each in (copy, *more)]
        verdicts = run_all(tasks, judges)
    for test in sorted(test for test, holds in passes.items() if not holds):
        print(f"does not count, since it fails without a fault: {test}")
    report(verdicts, time.monotonic() - start)
    return int(any(verdict.status in ("survived", "not run") for verdict in verdicts))


def chosen(asked: argparse.Namespace, root: Path) -> list[tuple[Task, str]]:
    """What to do for each fault, and how to print it."""
    files = sources(root, asked.only)
    if asked.figures:
        wrong = figures(files, asked.seed, asked.tries)
        tasks = [partial(Judge.judge_drawings, subject=name, wrong=faults) for name, faults in wrong]
        listed = [str(faults[0]) if faults else f"{name}: no wrong drawing is known" for name, faults in wrong]
        return list(zip(tasks, listed, strict=True))
    return [(partial(Judge.judge, fault=fault), str(fault)) for fault in draw(files, asked.count, asked.seed)]


def run_all(tasks: list[Task], judges: list[Judge]) -> list[Verdict]:
    """Judge all faults, each as soon as a judge is free, and print each as it is done."""
    free = SimpleQueue()
    for judge in judges:
        free.put(judge)

    def run(task: Task) -> Verdict:
        judge = free.get()
        try:
            return task(judge)
        finally:
            free.put(judge)

    found = []
    with ThreadPoolExecutor(len(judges)) as threads:
        runs = [threads.submit(run, task) for task in tasks]
        for done in tqdm(as_completed(runs), total=len(runs), desc="faults", unit="fault", disable=None):
            found.append(done.result())
            tqdm.write(str(found[-1]), file=sys.stdout)
            sys.stdout.flush()
    return found


def report(verdicts: list[Verdict], seconds: float) -> None:
    """Totals by rule, and what survived once more."""
    totals: dict[str, Counter] = {}
    for verdict in verdicts:
        totals.setdefault(verdict.fault.rule if verdict.fault else "none", Counter())[verdict.status] += 1
    for rule, counts in sorted(totals.items()):
        print(f"{rule:12s} {', '.join(f'{count} {status}' for status, count in sorted(counts.items()))}")
    survivors = [verdict for verdict in verdicts if verdict.status in ("survived", "not run")]
    crashes = sum(verdict.how == "crash" for verdict in verdicts)
    caught = sum(verdict.status == "caught" for verdict in verdicts)
    print(f"{len(verdicts)} faults: {caught} caught ({crashes} of them by an error of the code itself), "
          f"{len(survivors)} survived; {seconds:.0f} s")  # fmt: skip
    for line in sorted(map(str, survivors)):
        print(line)


if __name__ == "__main__":
    os.environ.pop("PYTEST_ADDOPTS", None)
    sys.exit(main(arguments()))
