"""Plant faults in the package, one at a time, and see which tests catch them: ``make faults``.

    python scripts/faults --help
    make faults                                        draw 120 faults by rule
    make faults FAULTS="--count 300 --seed 1 --jobs 2"
    make faults FAULTS="--figures"                     draw every figure wrongly once
    make faults FAULTS="--figures --only gemma/norms plots/masks --seed 2"
    make faults FAULTS="--list --only layers/norm.py"  print the faults, run nothing

Each fault is planted in a temporary copy of the project as it stands, saved files and all. The tests that import the
faulted file run, the nearest first, until one fails that passes without the fault. A fault that all of them pass has
survived: it needs a test, or, if it changes nothing, a line in ``scripts/faults/equivalent.txt`` with the reason. With
``--figures``, a wrong drawing that ends in an error of the code proves little, and the next one is tried.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from chosen import draw, figures, sources
from copies import LIBRARIES, Copy
from judge import Judge, Verdict, read_equivalent
from sight import Sight
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


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
    files = sources(asked.root, asked.only)
    if asked.figures:
        chosen = figures(files, asked.seed, asked.tries)
        tasks = [lambda judge, item=item: judge.judge_drawings(*item) for item in chosen]
        listed = [str(wrong[0]) if wrong else f"{name}: no wrong drawing is known" for name, wrong in chosen]
    else:
        faults = draw(files, asked.count, asked.seed)
        tasks = [lambda judge, fault=fault: judge.judge(fault) for fault in faults]
        listed = list(map(str, faults))
    if asked.list:
        print(*listed, sep="\n")
        return 0
    start = time.monotonic()
    verdicts = run_all(tasks, asked)
    report(verdicts, time.monotonic() - start)
    return int(any(verdict.status in ("survived", "not run") for verdict in verdicts))


def run_all(tasks: list[Callable[[Judge], Verdict]], asked: argparse.Namespace) -> list[Verdict]:
    """Judge all faults, some side by side, each printed as it is done."""
    found = []
    with ExitStack() as stack:
        judges, passes = SimpleQueue(), {}
        for _ in range(min(asked.jobs, len(tasks))):
            copy = stack.enter_context(Copy(asked.root, tuple(asked.libraries)))
            known = read_equivalent(asked.equivalent)
            judges.put(Judge(copy, Sight(copy.root), known, asked.hang, asked.limit, passes))

        def run(task: Callable[[Judge], Verdict]) -> Verdict:
            judge = judges.get()
            try:
                return task(judge)
            finally:
                judges.put(judge)

        with ThreadPoolExecutor(asked.jobs) as threads:
            runs = [threads.submit(run, task) for task in tasks]
            for done in tqdm(as_completed(runs), total=len(runs), desc="faults", unit="fault", disable=None):
                found.append(done.result())
                tqdm.write(str(found[-1]), file=sys.stdout)
                sys.stdout.flush()
    broken = sorted(test for test, holds in passes.items() if not holds)
    for test in broken:
        print(f"does not count, since it fails without a fault: {test}")
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
