"""Train eight kinds of feed-forward layer at equal parameters and store the results: about five minutes.

    python scripts/feedforward_kinds.py

Every kind may prefer its own learning rate. So each one is first trained at several rates with a few seeds, the rate
with the smallest mean answer loss is kept, and the comparison uses fresh seeds that had no part in that choice.
"""

from pathlib import Path
from statistics import mean

import torch

from llmbook.chapters.gemma.feedforward.experiment import KINDS, Run, run_kind
from llmbook.experiments.results import write_result

STEPS = 300
RATES = (0.002, 0.004, 0.008)
CHOOSING_SEEDS = range(100, 104)
REPORTING_SEEDS = range(16)
QUESTION = ("At equal parameters and each at its best learning rate of three, does the kind of feed-forward layer "
            "change the expected loss of the answer? Null: the mean paired difference to GELU is zero.")


def row(run: Run, rate: float, phase: str) -> dict:
    """What is kept of a run."""
    return {"kind": run.kind, "seed": run.seed, "learning_rate": rate, "phase": phase,
            "answer_loss": round(run.answer_loss, 6), "answer_accuracy": round(run.answer_accuracy, 6)}


def runs_of(kind: str) -> list[dict]:
    """The runs that choose the rate, then those that are reported."""
    chosen = [row(run_kind(kind, seed, steps=STEPS, learning_rate=rate), rate, "choosing")
              for rate in RATES for seed in CHOOSING_SEEDS]
    loss = {rate: mean(r["answer_loss"] for r in chosen if r["learning_rate"] == rate) for rate in RATES}
    best = min(RATES, key=loss.get)
    reported = [row(run_kind(kind, seed, steps=STEPS, learning_rate=best), best, "reporting")
                for seed in REPORTING_SEEDS]
    return chosen + reported


def main() -> None:
    """Train everything and write the file."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    rows = []
    for kind in KINDS:
        rows += runs_of(kind)
        print(kind, "answer loss", mean(r["answer_loss"] for r in rows if r["kind"] == kind and
                                        r["phase"] == "reporting"), flush=True)
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "feedforward_kinds.json"
    write_result(path, command="python scripts/feedforward_kinds.py", question=QUESTION, rows=rows, steps=STEPS,
                 rates=RATES, choosing_seeds=list(CHOOSING_SEEDS), reporting_seeds=list(REPORTING_SEEDS))


if __name__ == "__main__":
    main()
