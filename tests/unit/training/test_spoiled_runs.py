"""What a run saves can be gone on with: after an infinite gradient, after turned bits, and beside strangers' files."""

import math
import random
import warnings
from dataclasses import asdict, replace

import pytest
import torch
from nested_states import equal
from pretraining_runs import STEPS, losses, short_config, short_run

from llmbook.training import loop, resume, run
from llmbook.training.resume import ResumeError, list_checkpoints, load_checkpoint, save_checkpoint
from llmbook.training.run import pretrain

CALM = replace(short_config().schedule, peak=0.001, floor=0.0)


def overflowing(**changes):
    """A run whose gradient is infinite in step 5 if the rate is high, as after a loss that grew too fast."""
    made = short_run(**changes)
    high = made.config.schedule.peak > 0.005
    made.model.lm_head.weight.register_hook(lambda g: g * math.inf if high and made.step == 5 else g)
    return made


def fail(folder, **options):
    """The error of a run that cannot go on."""
    with pytest.raises(FloatingPointError) as error:
        list(pretrain(overflowing(), folder, save_every=1, **options))
    return error.value


def finite(folder):
    """Whether all weights of each checkpoint are finite."""
    return [all(tensor.isfinite().all() for tensor in torch.load(path)["model"].values())
            for path in list_checkpoints(folder)]


def test_an_infinite_gradient_ends_no_run_for_good(tmp_path):
    error = fail(tmp_path)
    assert "at step 5" in str(error) and 'changed=["schedule"]' in error.__notes__[0]
    assert [path.stem for path in list_checkpoints(tmp_path)] == ["step-00000004", "step-00000005"]
    assert finite(tmp_path) == [True, True]
    assert "at step 5" in str(fail(tmp_path))  # the same again: the file was read, and is as it was
    calm = overflowing(schedule=CALM)
    points = list(pretrain(calm, tmp_path, changed=["schedule"]))
    assert [point.step for point in points] == list(range(5, STEPS)) and calm.is_finished
    assert points[0].learning_rate == CALM(5) and calm.points[4].learning_rate == short_config().schedule(4)
    assert list(pretrain(overflowing(schedule=CALM), tmp_path)) == []  # from now on it is the run's own schedule


def test_a_loop_that_takes_the_step_spoils_what_is_saved(tmp_path, monkeypatch):
    """The twin: without a look at the norm, and without one before saving, the checkpoints hold NaN."""
    monkeypatch.setattr(loop.math, "isfinite", lambda norm: True)
    monkeypatch.setattr(run, "_save", lambda run, directory: save_checkpoint(directory, run.step, run.state()))
    assert "the loss is nan at step 6" in str(fail(tmp_path))
    assert finite(tmp_path) == [True, False]


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    """An optimizer may overflow where every gradient is finite."""
    made = short_run()
    made.optimizer.register_step_post_hook(
        lambda *_: made.model.embed_tokens.weight.data.fill_(math.inf if made.step == 5 else 0.0))
    with pytest.raises(FloatingPointError, match=r"after step 5 weights are not finite, first in embed_tok.*not saved"):
        list(pretrain(made, tmp_path, save_every=1))
    assert [path.stem for path in list_checkpoints(tmp_path)] == ["step-00000004", "step-00000005"]
    assert finite(tmp_path) == [True, True]


def test_without_a_folder_nothing_is_said_about_it():
    with pytest.raises(FloatingPointError) as error:
        list(pretrain(overflowing()))
    assert not hasattr(error.value, "__notes__")


def test_a_run_goes_on_with_the_next_batch():
    made = overflowing()
    with pytest.raises(FloatingPointError):
        list(made.advance())
    made.model.lm_head.weight._backward_hooks.clear()
    list(made.advance())
    assert made.is_finished and losses(made.points[:5]) == losses(short_run().advance(5))


@pytest.mark.parametrize(("changed", "config"), [
    (["schedule"], {"schedule": CALM}), (["clip_norm", "schedule"], {"schedule": CALM, "clip_norm": 0.5}),
    (["validate_every"], {"validate_every": 2}),
])
def test_what_is_said_to_be_changed_may_differ_and_nothing_else(tmp_path, changed, config):
    first = short_run()
    list(first.advance(3))
    short_run(**config).restore(first.state(), changed=changed)
    for refused in ({"changed": changed[1:]}, {}):
        with pytest.raises(ResumeError, match="another run"):
            short_run(**config).restore(first.state(), **refused)
    with pytest.raises(ResumeError, match=r"config\.seed was 3 and is now 4"):
        short_run(**config, seed=4).restore(first.state(), changed=changed)


@pytest.mark.parametrize("name", ["seed", "model", "batch_size", "betas", "weight_decay", "peak"])
def test_what_would_have_no_effect_cannot_be_changed(name):
    with pytest.raises(ValueError, match="can change schedule, clip_norm, validate_every"):
        short_run().restore(short_run().state(), changed=[name])


def flip_bits(folder, count=60):
    """What comes of turning one bit of a checkpoint: "right", "refused" or "wrong", each with how often."""
    first = short_run()
    list(first.advance(2))
    path, seen = save_checkpoint(folder, 2, first.state()), {"right": 0, "refused": 0, "wrong": 0}
    whole, random_bits = path.read_bytes(), random.Random(0)
    for _ in range(count):
        bit, turned = random_bits.randrange(8 * len(whole)), bytearray(whole)
        turned[bit // 8] ^= 1 << bit % 8
        path.write_bytes(turned)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                seen["right" if equal(load_checkpoint(folder), first.state()) else "wrong"] += 1
            except ResumeError:
                seen["refused"] += 1
    return seen


def test_a_turned_bit_is_found(tmp_path):
    seen = flip_bits(tmp_path)
    assert seen["wrong"] == 0 and seen["refused"] > 30


def test_without_the_checksums_most_turned_bits_pass(tmp_path, monkeypatch):
    """The twin: ``torch.load`` alone."""
    monkeypatch.setattr(resume, "_refuse_damage", lambda path: None)
    assert flip_bits(tmp_path)["wrong"] > 30


def test_a_turned_bit_of_the_newest_leads_to_the_one_before(tmp_path):
    first = short_run()
    for _ in pretrain(first, tmp_path, save_every=4):
        pass
    newest = list_checkpoints(tmp_path)[-1]
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    newest.write_bytes(damaged)
    again = short_run()
    with pytest.warns(UserWarning, match=r"step-00000012\.pt is damaged \(BadZipFile: .*checksum"):
        assert len(list(pretrain(again, tmp_path, save_every=4))) == 4
    assert losses(again.points) == losses(first.points)


@pytest.mark.parametrize(("content", "said"), [
    ({"weights": torch.ones(2)}, "lacks config, data, model"), (torch.ones(2), "lacks config"), ([], "lacks config"),
    (asdict(short_config()) | {"points": []}, "lacks config, data, model, optimizer, batches. Move the file away"),
])
def test_a_strangers_file_is_told(tmp_path, content, said):
    if isinstance(content, dict):
        content.pop("model", None)
    torch.save(content, tmp_path / "step-00000099.pt")
    with pytest.raises(ResumeError, match=said):
        list(pretrain(short_run(), tmp_path))


def test_files_that_are_not_named_by_a_number_are_left_alone(tmp_path):
    for name in ("step-final-weights.pt", "step-12.pt", "step-00000012.pt.pt"):
        torch.save({}, tmp_path / name)
    assert list_checkpoints(tmp_path) == [] and load_checkpoint(tmp_path) is None
    list(pretrain(short_run(), tmp_path))
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("part", ["model", "optimizer", "batches", "points"])
def test_a_state_that_does_not_fit_is_told(part):
    state = short_run().state()
    wrong = [{"step": 1}] if part == "points" else {}
    short_run().restore(state)
    with pytest.raises(ResumeError, match="does not fit this run"):
        short_run().restore(state | {part: wrong})


def test_a_checkpoint_after_no_step_is_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        list(pretrain(short_run(), save_every=0))
    assert len(list(pretrain(short_run(), save_every=1))) == STEPS
