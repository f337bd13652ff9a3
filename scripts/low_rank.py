"""Tune the small model under every bound of the page "Low rank" and store what each reaches: about twelve minutes.

    python scripts/low_rank.py

For each way the best of three learning rates is found with a seed of its own; then five other seeds are run at that
rate. Ways that share a seed share their batches.
"""

import itertools
import math
from pathlib import Path

import torch

from llmbook.chapters.dora.low_rank import experiment as low_rank_runs
from llmbook.chapters.dora.low_rank import spectra as low_rank
from llmbook.experiments.fine_tuning import effective_weights, load_base
from llmbook.experiments.results import write_result

SEEDS, RATE_SEED = range(5), 10
STEPS = 120
CUTS = (0, 1, 2, 4, 8, 16, 32, 64, 96)
SHOWN = ("layers.1.self_attn.q_proj", "layers.1.mlp.up_proj")
RATES = {"all": (0.003, 0.01, 0.02), "sgd": (0.1, 0.3, 1.0), "rank": (0.01, 0.02, 0.04), "subspace": (0.01, 0.03, 0.1)}
SETTINGS = [("all", None), ("sgd", None), *itertools.product(["rank"], (1, 2, 4, 8, 16, 32)),
            *itertools.product(["subspace"], (60, 240, 960, 3840, 15360, 30720))]  # fmt: skip
QUESTION = ("How much of fine-tuning does an update of low rank reach: the best part of the full update, or one that "
            "was trained at that rank? Nulls: the two are equal at a rank; and a random subspace with as many numbers "
            "as a rank reaches as much.")


def tune(kind, size, seed, rate):
    """One run; None if it diverged."""
    options = {"learning_rate": rate, "seed": seed, "steps": STEPS}
    try:
        if kind == "rank":
            return low_rank_runs.tune_rank(size, **options)
        if kind == "subspace":
            return low_rank_runs.tune_subspace(size, **options)
        return low_rank_runs.tune_all(optimizer="sgd" if kind == "sgd" else "adamw", **options)
    except FloatingPointError:
        return None


def loss_of(model):
    """Validation loss, infinite for a run that diverged."""
    return math.inf if model is None else low_rank_runs.validation_loss(model)


def spectrum_facts(update):
    """What is stored about the matrices of a full update."""
    values = {name: torch.linalg.svdvals(matrix.double()) for name, matrix in update.items()}
    return {
        "stable_rank": [round(low_rank.stable_rank(each), 3) for each in values.values()],
        "rank_for_90": [low_rank.rank_for(each, 0.9) for each in values.values()],
        "energy_8": [round(low_rank.energy(each)[7].item(), 4) for each in values.values()],
        "spectra": {name: [round(x, 5) for x in (values[name] / values[name].norm()).tolist()] for name in SHOWN},
    }


def cut_losses(base, update):
    """Loss of the base with the first terms of the update, and with all but the first terms."""
    weights = effective_weights(base)
    found = {"first": [], "rest": []}
    for rank in CUTS:
        first = {name: low_rank.truncate(matrix, rank) for name, matrix in update.items()}
        parts = {"first": first, "rest": {name: update[name] - first[name] for name in update}}
        for name, part in parts.items():
            changed = {key: weights[key] + part[key] for key in weights}
            loss = low_rank.loss_with(base, changed, low_rank_runs.validation_loss)
            found[name].append(round(loss, 4))
    return found


def measure_run(kind, size, seed, rate, base, full):
    """One row, without what all rows of its setting share; ``full`` collects the full updates by seed."""
    model = tune(kind, size, seed, rate)
    update = low_rank.differences(effective_weights(model), effective_weights(base))
    full.setdefault(seed, update)
    row = {"seed": seed, "loss": round(loss_of(model), 4), "norm": round(low_rank.joint_norm(update), 3)}
    if kind in ("all", "sgd"):
        return row | spectrum_facts(update) | cut_losses(base, update)
    return row | {"cosine": round(low_rank.joint_cosine(update, full[seed]), 4)}


def run_setting(kind, size, base, full):
    """The rows of one way: find its rate, then run every seed."""
    losses = {rate: loss_of(tune(kind, size, RATE_SEED, rate)) for rate in RATES[kind]}
    rate = min(losses, key=losses.get)
    tried = [[each, round(loss, 4) if math.isfinite(loss) else None] for each, loss in losses.items()]
    head = {"kind": kind, "size": size, "rate": rate, "tried": tried}
    return [head | measure_run(kind, size, seed, rate, base, full) for seed in SEEDS]


def main() -> None:
    """Train everything; the file is written anew after each setting."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    base, full, rows = load_base(), {}, []
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "low_rank.json"
    settings = {"steps": STEPS, "seeds": list(SEEDS), "rate_seed": RATE_SEED, "cuts": list(CUTS)}
    settings["base"] = round(low_rank_runs.validation_loss(base), 4)
    for kind, size in SETTINGS:
        rows += run_setting(kind, size, base, full)
        print(kind, size, rows[-1]["tried"], [row["loss"] for row in rows[-len(SEEDS):]], flush=True)
        write_result(path, command="python scripts/low_rank.py", question=QUESTION, rows=rows, **settings)


if __name__ == "__main__":
    main()
