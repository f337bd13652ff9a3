"""Experiments leave the generators that belong to everybody where they were: torch's, numpy's and Python's own."""

import random

import numpy as np
import pytest
import torch
from evaluation import evaluate
from package_imports import FILES, parts_of
from torch import nn

RUNS = {
    "chapters.dora.decomposition.experiment": "tune('DoRA', steps=2, dropout=0.2, seeds=2)",
    "chapters.dora.does_it_help.classifier": "adapt('dense', 'dora', learning_rate=0.01, seed=0, steps=2)",
    "chapters.dora.does_it_help.experiment": "random_changes(torch.eye(4), 2 * torch.eye(4), 3, "
                                              "np.random.default_rng(0))",
    "chapters.dora.does_it_help.kept_direction": "drawn_magnitudes(np.ones((3, 2)), 4, 2, np.random.default_rng(0))",
    "chapters.dora.does_it_help.real_model":
        "by_turns([begin(method, load_base(), [Example(torch.arange(9)[None], 4)], seed=0, steps=1) "
        "for method in METHODS], 1, lambda step: None)",
    "chapters.dora.lora.experiment": "run_choice(0, steps=2, dropout=0.3)",
    "chapters.dora.lora.first_steps": "first_steps(2, rank_stabilized=True, steps=2, seeds=1, width=8), "
                                      "layer_cost(nn.ReLU(), inputs=4)",
    "chapters.dora.low_rank.experiment": "tune_all(learning_rate=0.01, steps=2), "
                                         "tune_rank(2, learning_rate=0.01, steps=2), "
                                         "tune_subspace(4, learning_rate=0.01, steps=2)",
    "chapters.front.experiments.experiment": "simulate(0.1, 3, 1.0, experiments=2), "
                                             "shuffled_leads({'a': np.ones(2)}, draws=2)",
    "chapters.front.one_detail.experiment": "guesses.__wrapped__('has a tiny number wrong'), "
                                            "written.__wrapped__('nothing', BEGINNINGS[1])",
    "chapters.front.transformer.example": "decoder(), trace(SENTENCE.split())",
    "chapters.gemma.activations.experiment": "dead_share('relu', 0, 0.1, steps=2)",
    "chapters.gemma.embedding.experiment": "run_factor(0, steps=2, learning_rate=0.01, scaled=True, tied=True)",
    "chapters.gemma.feedforward.experiment": "run_kind('GeGLU', 0, steps=2, learning_rate=0.01)",
    "chapters.gemma.norms.experiment": "run_place('pre', 2, 0, steps=2, learning_rate=0.01), "
                                     "gradient_ratios('post', 2, 0, 'ReLU')",
    "chapters.olmo.architecture.experiment":
        "[train_from(start, 0, layers=1, steps=2, corpus=meeting_corpus(9, 4)) for start in STARTS], "
        "stream_sizes('0.02', gemma.tiny(), torch.zeros(1, 3, dtype=int), 0)",
    "chapters.olmo.evidence.experiment": "list(spoiled_run(meeting_corpus(400, 4)).advance(1))",
    "chapters.olmo.positions.experiment": "tied_gradient(undrawn(Decoder, gemma.tiny()), torch.zeros(1, 3, dtype=int))",
    "chapters.olmo.pretraining.experiment": "[run_ablation(name, 0, start=start, steps=2, corpus=meeting_corpus(9, 4)) "
                                            "for name in ABLATIONS for start in STARTS]",
    "chapters.olmo.schedule.experiment": "run_schedule(0, Schedule(0.01, 2), clip=looser_start(0.1, 1))",
    "chapters.tiny_titans.real_meetings.experiment":
        "divide([SpanQuery('train', number, 0, '', '', ()) for number in range(9)], 2)",
    "chapters.tiny_titans.real_meetings.results": "over_meetings(np.ones(4), [1, 1, 2, 2])",
    "chapters.tiny_titans.real_meetings.tuning": "tuned(load_base(), [([1, 2], [3])], Tuning('dora', 0.01, 0, 1))",
    "chapters.tiny_titans.t5.experiment": "[with_mistake(load_summarizer('small'), mistake) for mistake in MISTAKES]",
    "chapters.tiny_titans.truncation.experiment": "run_reading(Reading('short', 160, 'chunks'), 2), "
                                                  "score_intervals('long', 'cut', 'recall')",
    "experiments.fair_fight": "tuned_model('small', 4, 0, steps=1), "
                              "baseline_scores.__wrapped__('random 3', 'private long')",
    "experiments.fair_fight_scores": "compare.__wrapped__('large, tuned', 'random 3', 'net_f1', 'public')",
    "experiments.fine_tuning": "[fine_tune(method, steps=1) for method in METHODS]",
    "experiments.fresh_faults": "fault_differences(*fresh_model(48, 0.02, 0))",
    "experiments.judges": "stored_scores('facts_f1'), judged(private_meetings(2, 1, **SHORT), ['tea', 'tea'])",
    "experiments.meetings_olmo": "load_base(), general_meetings(3, 0)",
    "experiments.meetings_t5": "pretrain_summarizer('small'), general_tokenizer(), separate_meetings(3, 0)",
    "experiments.number_sentences": "draw_sentences(4, torch.Generator().manual_seed(0)), best_loss()",
    "experiments.pretraining": "meeting_corpus(9, 4)",
    "experiments.real_text": "judged(load_base(), torch.arange(8)[None], 3, None)",
    "experiments.tuned_context": "tuned_model('long, cut', 0, steps=1, meetings=16)",
}  # fmt: skip
"""A short run of everything that draws or builds something; the name of a module, and an expression for its names."""
DRAWS_NOTHING = {"chapters.dora.does_it_help.short_queries", "chapters.dora.low_rank.spectra",
                 "chapters.front.transformer.drawings",
                 "chapters.tiny_titans.real_meetings.prompts", "chapters.tiny_titans.real_meetings.settings",
                 "chapters.tiny_titans.real_meetings.writing", "experiments", "experiments.results",
                 "experiments.streams"}  # fmt: skip


def states():
    """Of the generators that belong to everybody."""
    return repr((torch.get_rng_state().numpy().tobytes(), np.random.get_state()[1].tobytes(), np.random.get_state()[2:],
                 random.getstate()))  # fmt: skip


def moves(act):
    """Whether a default generator is another one afterward."""
    before = states()
    act()
    return states() != before


def test_every_experiment_is_run():
    rooms = {".".join(parts_of(name)) for name in FILES if name.startswith("experiments/")}
    kinds = ("plot", "check", "explorer", "all_checks")
    pages = {".".join(parts_of(name)) for name in FILES if name.count("/") == 3 and not name.endswith("__init__.py")}
    pages = {name for name in pages if not any(kind in name.rpartition(".")[2] for kind in kinds)}
    assert rooms | pages == {*RUNS, *DRAWS_NOTHING}


@pytest.mark.parametrize("module", RUNS)
def test_a_run_leaves_everybodys_generators_where_they_were(module):
    assert not moves(lambda: evaluate(module, RUNS[module]))


@pytest.mark.parametrize("act", [
    lambda: torch.manual_seed(0), lambda: torch.rand(1), lambda: nn.Linear(2, 2), lambda: nn.Dropout()(torch.ones(3)),
    lambda: np.random.seed(0), lambda: np.random.rand(), lambda: random.seed(0), lambda: random.random(),
])  # fmt: skip
def test_drawing_and_seeding_are_seen(act):
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    assert moves(act)
