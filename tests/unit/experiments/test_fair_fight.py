"""The fair fight: what is tuned on and tested on, the baselines, and the judge."""

import numpy as np
import torch

from llmbook.experiments import fair_fight as fight
from llmbook.experiments.meetings_t5 import SHORT, TUNING_SEED, load_summarizer
from llmbook.summarizers.baselines import random_turns
from llmbook.summarizers.saved import net_f1


def test_tuning_changes_the_model_and_no_meetings_do_not():
    base = load_summarizer("small").state_dict()
    same, tuned = fight.tuned_model("small", 0, 0), fight.tuned_model("small", 8, 0, steps=2)
    elsewhere = fight.tuned_model("small", 8, 0, "public", steps=2)
    assert all(torch.equal(base[name], tensor) for name, tensor in same.state_dict().items())
    for other in (base, elsewhere.state_dict()):
        assert not all(torch.equal(other[name], tensor) for name, tensor in tuned.state_dict().items())


def test_no_test_meeting_was_tuned_on():
    def texts(meetings):
        return {meeting.transcript for meeting in meetings}

    tested = {text for name in fight.TEST_SETS for text in texts(fight.test_meetings(name))}
    tuned = {text for make in fight.TUNING_SETS.values() for text in texts(make(300, TUNING_SEED, **SHORT))}
    assert len(tuned) == 600 and not tuned & tested
    assert texts(fight.private_meetings(5, fight.TEST_SEED, **SHORT)) <= tested  # the check can fail


def test_baselines_need_no_model_and_the_random_one_is_a_mean_over_draws():
    whole, drawn = (fight.baseline_scores(name, "private") for name in ("whole transcript", fight.RANDOM))
    assert set(whole) == set(fight.ALL_MEASURES) and not whole["net_f1"].any() and whole["facts_f1"].mean() > 0.5
    np.testing.assert_array_equal(whole["words"], [meeting.words for meeting in fight.test_meetings("private")])
    assert 0.2 < drawn["facts"].mean() < whole["facts"].mean() and len(drawn["facts"]) == 100
    one = fight.judge(fight.test_meetings("private"), [random_turns(meeting, np.random.default_rng(0))
                                                       for meeting in fight.test_meetings("private")])  # fmt: skip
    assert drawn["words"].std() < one["words"].std()  # a single draw scatters more than the mean of ten


def test_the_judge_adds_the_main_measure_and_the_length():
    meetings = fight.test_meetings("private")[:4]
    found = fight.judge(meetings, ["", *(meeting.reference() for meeting in meetings[1:])])
    assert list(found["net_f1"]) == [0, 1, 1, 1] and found["words"][0] == 0 and found["words"][1] > 20
    padded = [f"{meeting.reference()}\nThanks, everyone." for meeting in meetings]
    charged = list(fight.judge(meetings, padded)["net_f1"])
    assert charged == [net_f1(*pair) for pair in zip(meetings, padded, strict=True)] and max(charged) < 1
