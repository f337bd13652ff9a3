"""Defaults: an option has one wherever it is offered, and those that come from somewhere are what stands there.

What no call sets is set by nobody's test either, so a default is compared here with its source: the published recipe,
torch, or the settings of the runs that ``data/results/`` stores.
"""

import ast
import inspect
from importlib import import_module

import pytest
import torch
from package_imports import FILES

from llmbook.adapters.base import Settings
from llmbook.data import read_table
from llmbook.experiments import fine_tuning, meetings_t5, pretraining
from llmbook.experiments.results import read_result
from llmbook.training.adamw import AdamW
from llmbook.training.loop import train
from llmbook.training.run import RunConfig

lora, low_rank, norms, architecture, evidence, shifts = (import_module(f"llmbook.chapters.{name}") for name in (
    "dora.lora.experiment", "dora.low_rank.experiment", "gemma.norms.experiment", "olmo.architecture.experiment",
    "olmo.evidence.experiment", "dora.does_it_help.classifier"))  # fmt: skip
"""The experiments of several pages: what is asked here is asked of all of them."""

ONE = {
    "batch": "1", "beams": "1", "bias": "False", "buckets": "32", "bytes_per_value": "2", "clip_norm": "1.0",
    "comparisons": "1", "early_stopping": "False", "exact": "False", "instruction": "'long'",
    "length_penalty": "1.0", "level": "0.95", "max_distance": "128", "max_length": "128", "pad_id": "0",
    "parallel": "False", "rank_stabilized": "False", "repairs": "0.0", "repetition_penalty": "1.0",
    "samples": "SAMPLES", "scaled": "False", "seed": "0", "start_id": "0", "stemmer": "False", "tolerance": "1e-05",
    "transposed": "False", "turns": "3", "unit_offset": "False", "use_cache": "True", "value_bytes": "2",
    "vocab_size": "256",
}  # fmt: skip
"""Options that several functions of the library offer, and their default."""
OTHERWISE = {
    ("metrics/agreement.py", "meeting_bootstrap", "samples"): "1000",
    ("experiments/meetings_t5.py", "summarizer_config", "vocab_size"): "VOCABULARY",
    ("experiments/pretraining.py", "small_olmo_config", "vocab_size"): "VOCABULARY",
    ("notebooks/tasks.py", "Piece", "level"): "''",  # of a heading
}


def options(source):
    """(function or class, option, default) of a source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            named, kinds = [*node.args.posonlyargs, *node.args.args], node.args
            pairs = list(zip(named[len(named) - len(kinds.defaults) :], kinds.defaults, strict=True))
            pairs += [pair for pair in zip(kinds.kwonlyargs, kinds.kw_defaults, strict=True) if pair[1]]
            yield from ((node.name, argument.arg, ast.unparse(default)) for argument, default in pairs)
        elif isinstance(node, ast.ClassDef):
            yield from ((node.name, field.target.id, ast.unparse(field.value)) for field in node.body
                        if isinstance(field, ast.AnnAssign) and field.value)  # fmt: skip


def other_defaults(files):
    """Options of the library whose default is not the one they have elsewhere."""
    return [(path, *found) for path, source in files.items() if not path.startswith("chapters/")
            for found in options(source)
            if found[1] in ONE and found[2] not in (ONE[found[1]], "None")
            and OTHERWISE.get((path, *found[:2])) != found[2]]  # fmt: skip


def test_an_option_has_one_default_wherever_it_is_offered():
    assert other_defaults(FILES) == []
    library = [source for path, source in FILES.items() if not path.startswith("chapters/")]
    offered = [name for source in library for _, name, _ in options(source)]
    assert {name for name in ONE if offered.count(name) < 2} == set()


def test_another_default_is_seen():
    path = "generation/encoder_decoder.py"
    other = FILES[path].replace("length_penalty: float = 1.0", "length_penalty: float = 2.0")
    assert other_defaults({path: other}) == [(path, "generate_t5", "length_penalty", "2.0")]


def default(owner, name):
    """The default of an argument or of a field."""
    return inspect.signature(owner).parameters[name].default


def defaults(owner, *names):
    return {name: default(owner, name) for name in names}


# --- from a published recipe ---------------------------------------------------------------------------------------


def test_a_run_has_the_settings_of_olmo():
    rows = {(row["model"], row["witness"]): row for row in read_table("olmo_adamw")}
    row = rows["OLMo 7B", "released config"]
    recipe = {"betas": (float(row["beta1"]), float(row["beta2"])), "weight_decay": float(row["weight_decay"]),
              "clip_norm": float(row["max_gradient_norm"])}  # fmt: skip
    assert defaults(RunConfig, *recipe, "eps") == recipe | {"eps": float(row["epsilon"])}
    assert defaults(train, *recipe) == recipe


def test_an_optimizer_of_ours_has_the_settings_of_torch():
    names = ("lr", "betas", "eps", "weight_decay")
    assert defaults(AdamW, *names) == defaults(torch.optim.AdamW, *names)


# --- from the stored runs ------------------------------------------------------------------------------------------

STORED = {
    "lora_choices": [(lora.run_choice, name, name) for name in ("start", "learning_rate", "rank", "alpha", "dropout")]
                    + [(Settings, name, name) for name in ("rank", "alpha", "dropout")]
                    + [(lora.run_choice, "steps", "steps")],
    "low_rank": [(tune, "steps", "steps") for tune in (low_rank.tune_all, low_rank.tune_rank, low_rank.tune_subspace)],
    "adapter_shifts": [(shifts.adapt, "steps", "steps")],
    "adapter_changes": [(fine_tuning.fine_tune, "rank", "rank"), (fine_tuning.prepare, "rank", "rank"),
                        (fine_tuning.fine_tune, "steps", "steps")],
    "initialization_runs": [(architecture.train_from, "layers", "layers"), (architecture.train_from, "steps", "steps")],
    "pretraining_ablations": [(pretraining.small_run, "steps", "steps"), (RunConfig, "batch_size", "batch_rows"),
                              (pretraining.meeting_corpus, "length", "row_tokens")],
    "spoiled_run": [(evidence.batch_rows, "batch_size", "batch_rows")],
    "fair_fight": [(meetings_t5.fine_tune_summarizer, "steps", "tuning_steps")],
}  # fmt: skip


@pytest.mark.parametrize("name", STORED)
def test_an_experiment_left_alone_is_the_stored_one(name):
    settings = read_result(name)["settings"]
    settings = settings | settings.get("default", {})
    for owner, option, setting in STORED[name]:
        assert default(owner, option) == settings[setting], (owner, option)


def test_seeds_and_meetings_left_alone_are_the_stored_ones():
    assert default(norms.measure_seeds, "seeds") == len(read_result("norm_places")["settings"]["seeds"])
    assert list(architecture.SEEDS) == read_result("initialization_runs")["settings"]["seeds"]
    assert default(evidence.batch_rows, "seed") == read_result("spoiled_run")["settings"]["seeds"][0]
    assert default(fine_tuning.new_corpus, "training") == read_result("lora_choices")["settings"]["meetings"][0]
    for tune in (low_rank.tune_all, low_rank.tune_rank, low_rank.tune_subspace):
        assert default(tune, "seed") == read_result("low_rank")["settings"]["seeds"][0]
