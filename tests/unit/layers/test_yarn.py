"""YaRN: the ramp by hand, the ends, the temperature, and what leaves it alone."""

import math
from math import inf, nan

import pytest
import torch

from llmbook.layers.rope import rope_angles
from llmbook.layers.yarn import Yarn, slowed_share, stretch

OLMO3 = Yarn(factor=8.0, original_length=8192)


def speeds(pairs: int, base: float) -> torch.Tensor:
    return base ** (-torch.arange(pairs, dtype=torch.float64) / pairs)


def turns(pairs: int, base: float, length: int) -> torch.Tensor:
    return length * speeds(pairs, base) / (2 * math.pi)


def test_the_ramp_of_olmo_3():
    """Pair 18 of 64 is the last with more than 32 turns in 8,192 positions, pair 35 the first with less than one."""
    share, made = slowed_share(64, 500_000.0, OLMO3), turns(64, 500_000.0, 8192)
    assert (share == 0).sum() == 19 and made[18] > 32 > made[19]
    assert (share < 1).sum() == 35 and made[34] > 1 > made[35]
    torch.testing.assert_close(share[18:36], torch.arange(18) / 17)


@pytest.mark.parametrize("yarn", [OLMO3, Yarn(4.0, 100, 4.0, 0.5)])
def test_fast_pairs_keep_their_speed_and_slow_ones_lose_the_whole_factor(yarn):
    before = speeds(64, 10_000.0)
    after = stretch(before.float(), 10_000.0, yarn).double()
    made = turns(64, 10_000.0, yarn.original_length)
    fast, slow = made > yarn.beta_fast * 1.2, made < yarn.beta_slow / 1.2
    assert fast.sum() > 3 and slow.sum() > 3
    torch.testing.assert_close(after[fast], before[fast], rtol=1e-6, atol=0)
    torch.testing.assert_close(after[slow], before[slow] / yarn.factor, rtol=1e-6, atol=0)
    ratio = before / after
    assert (ratio.diff() >= -1e-6).all() and ((ratio > 1.01) & (ratio < yarn.factor - 0.01)).any()


def test_slow_pairs_stay_within_what_they_have_seen():
    """The point of it: at eight times the length a slow pair has turned no further than before at the old length."""
    before = speeds(64, 500_000.0)
    after = stretch(before.float(), 500_000.0, OLMO3).double()
    slow = turns(64, 500_000.0, 8192) < 1
    assert (65_536 * after[slow] <= 8192 * before[slow] * (1 + 1e-6)).all()
    assert (65_536 * before[slow] > 7 * 8192 * before[slow]).all(), "without stretching they turn further"


def test_factor_one_changes_nothing():
    angles = rope_angles(torch.arange(9), 16, 100.0)
    same = rope_angles(torch.arange(9), 16, 100.0, Yarn(1.0, 8))
    assert all(torch.allclose(ours, plain, rtol=1e-6) for ours, plain in zip(same, angles, strict=True))


def test_cosine_and_sine_carry_the_temperature():
    assert pytest.approx(1.2079441541679836) == OLMO3.temperature  # as in the released config.json
    cos, sin = rope_angles(torch.arange(50), 32, 500_000.0, OLMO3)
    torch.testing.assert_close(cos.square() + sin.square(), torch.full_like(cos, OLMO3.temperature**2))
    plain = rope_angles(torch.arange(50), 32, 500_000.0)
    assert not torch.allclose(cos, plain[0] * OLMO3.temperature, rtol=1e-3), "the angles change too"


def test_both_ends_on_one_pair_make_a_step():
    share = slowed_share(4, 10.0, Yarn(2.0, 1, 9.0, 8.0))
    assert set(share.tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("wrong", [
    {"factor": 0.5}, {"original_length": 0}, {"beta_fast": 1.0}, {"beta_slow": 0.0}, {"beta_slow": 40.0},
    {"factor": nan}, {"factor": inf}, {"original_length": nan}, {"original_length": inf}, {"beta_fast": nan},
    {"beta_fast": inf}, {"beta_slow": nan},
])  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="beta_fast above beta_slow"):
        Yarn(**{"factor": 8.0, "original_length": 64} | wrong)
