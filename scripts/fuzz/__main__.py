"""Break files by rules, read each, and kill every writer at random moments: ``make fuzz``.

    python scripts/fuzz --help
    make fuzz                                      20,000 broken inputs and 400 kills
    make fuzz FUZZ="--count 2000 --seed 1 --jobs 2"
    make fuzz FUZZ="--only adapter kill"           kinds whose name contains one of these words
    make fuzz FUZZ="--case checkpoint:17"          one case again

Whole inputs, which our own writers make, are broken in one or two ways: bits, bytes and ends of files; fields of JSON
that are missing, double, of another type or out of range; headers of safetensors, names, shapes and dtypes; files that
are missing, are folders, or come from another set. Each is read by the reader whose task it is, in a process with a
limit of time and of memory, and the outcome is right, clear (refused as documented), unclear, hang, crash, or wrong
(taken, and not what the files say by a second reading of their bytes); ``verdicts.py`` defines them, and the class of
each kind says what a right reading of it is. A writer that is killed must leave all of the old or all of the new, and
the next write must clear up. The exit status is 1 if anything is unclear, hangs, crashes or is wrong. It runs on Linux
and macOS; only Linux limits the memory.
"""

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from reading import KINDS, load_kinds
from tqdm import tqdm
from verdicts import BAD, OUTCOMES, Verdict
from worker_pool import Worker, judge_all

HERE = Path(__file__).resolve().parent
EACH = 10**7
"""Numbers of cases from one seed to the next."""


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="broken inputs, over all kinds; default 20000")
    parser.add_argument("--seed", type=int, default=0, help="another seed breaks them in other ways; default 0")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="kinds whose name contains one of these")
    parser.add_argument("--case", nargs="+", default=[], metavar="KIND:NUMBER", help="these cases, and no others")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default one for each core")
    parser.add_argument("--seconds", type=float, default=20, help="limit of time for a case; default 20")
    parser.add_argument("--memory", type=float, default=2, help="limit of memory for a case, in GiB; default 2")
    parser.add_argument("--kinds", nargs="+", help=argparse.SUPPRESS)  # modules with other kinds, for the tests
    return parser.parse_args(given)


def main(asked: argparse.Namespace) -> int:
    """Run what the command line asks for; 0 if every outcome is right or clear."""
    modules = tuple(asked.kinds or [str(HERE / name) for name in KINDS])
    sys.path[:0] = sorted({str(Path(module).parent) for module in modules})
    cases = again(asked.case) or drawn(asked, load_kinds([Path(module).stem for module in modules]).values())
    workers = [Worker(modules, asked.seconds, int(asked.memory * 2**30)) for _ in range(min(asked.jobs, len(cases)))]
    start, verdicts = time.monotonic(), []
    try:
        for verdict in tqdm(judge_all(cases, workers), total=len(cases), desc="fuzz", unit="case", disable=None):
            verdicts.append(verdict)
            if verdict.outcome in BAD or asked.case:
                tqdm.write(str(verdict), file=sys.stdout)
                sys.stdout.flush()
    finally:  # also of a part, when somebody has had enough
        report(verdicts, time.monotonic() - start)
    return int(any(verdict.outcome in BAD for verdict in verdicts))


def again(cases: list[str]) -> list[tuple[str, int]]:
    """The names and numbers of cases that are named."""
    return [(name, int(number)) for name, _, number in (case.rpartition(":") for case in cases)]


def drawn(asked: argparse.Namespace, kinds: Iterable) -> list[tuple[str, int]]:
    """The names and numbers of the cases of all kinds, mixed."""
    wanted = [kind for kind in kinds if not asked.only or any(word in kind.name for word in asked.only)]
    counts = {kind.name: max(1, round(asked.count * kind.share)) for kind in wanted}
    places = sorted(((n + 0.5) / count, name, n) for name, count in counts.items() for n in range(count))
    return [(name, asked.seed * EACH + n) for _, name, n in places]


def report(verdicts: list[Verdict], seconds: float) -> None:
    """How many of each kind had each outcome, and the bad ones once more."""
    counts = Counter((verdict.kind, verdict.outcome) for verdict in verdicts)
    names = sorted({verdict.kind for verdict in verdicts})
    print(f"{'':18s}{'tried':>8s}" + "".join(f"{outcome:>9s}" for outcome in OUTCOMES))
    for name in (*names, "all"):
        row = [sum(counts[each, outcome] for each in (names if name == "all" else [name])) for outcome in OUTCOMES]
        print(f"{name:18s}{sum(row):8,d}" + "".join(f"{count:9,d}" for count in row))
    bad = [f"{verdict.kind}:{verdict.number}" for verdict in verdicts if verdict.outcome in BAD]
    print(f"{len(verdicts):,} cases in {seconds:.0f} s: " + (f"again with --case {' '.join(sorted(bad))}" if bad else
          "each is right or clearly refused"))  # fmt: skip


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    sys.exit(main(arguments()))
