"""Rotary positions: scores see differences only, angles stay exact at long range."""

import pytest
import torch

from llmbook.layers.rope import apply_rope, rope_angles


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def scores(query, key, query_positions, key_positions, size=16, base=10000.0, key_base=10000.0) -> torch.Tensor:
    turned = apply_rope(query, *rope_angles(query_positions, size, base))
    return turned @ apply_rope(key, *rope_angles(key_positions, size, key_base)).transpose(-1, -2)


def far(a, b) -> float:
    return float((a - b).abs().max() / b.abs().max())


def test_scores_depend_on_differences_of_positions_only():
    query, key, positions = draw(1, 2, 9, 16), draw(1, 2, 9, 16, seed=1), torch.arange(9)
    here = scores(query, key, positions, positions)
    assert far(scores(query, key, positions + 57, positions + 57), here) < 1e-5
    assert far(scores(query, key, positions + 57, positions + 56), here) > 0.1
    moved = scores(query, key, positions + 57, positions + 57, key_base=500.0)
    assert far(moved, scores(query, key, positions, positions, key_base=500.0)) > 0.1, "two bases break it"


def test_it_is_a_rotation_of_pairs_half_a_head_apart():
    """Written with complex numbers, pair by pair, in float64."""
    size, base, position = 8, 100.0, 3
    x = draw(1, 1, 1, size).double()
    pairs = torch.complex(x[..., : size // 2], x[..., size // 2 :])
    speeds = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    turned = pairs * torch.exp(1j * position * speeds)
    cos, sin = rope_angles(torch.tensor([position]), size, base)
    out = apply_rope(x, cos, sin)
    assert out.dtype == torch.float64
    assert far(out, torch.cat((turned.real, turned.imag), -1)) < 1e-6
    neighbors = torch.complex(x[..., ::2], x[..., 1::2]) * torch.exp(1j * position * speeds)
    assert far(out, torch.view_as_real(neighbors).flatten(-2)) > 0.1, "the interleaved layout must be told apart"


def test_lengths_are_kept_and_position_zero_turns_nothing():
    x = draw(2, 3, 5, 16)
    turned = apply_rope(x, *rope_angles(torch.arange(5), 16, 10000.0))
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1), rtol=1e-5)
    assert torch.equal(turned[:, :, 0], x[:, :, 0])
    assert far(turned[:, :, 1:], x[:, :, 1:]) > 0.1


def test_long_positions_against_float64():
    """At position 8,000 a float32 angle is off by at most 8000 * 2^-24 * 2 = 1e-3; in bfloat16 the angle is lost."""
    positions, size, base = torch.arange(7936, 8000), 256, 10000.0
    exact = positions.double()[:, None] * base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    for table, function in zip(rope_angles(positions, size, base), (torch.cos, torch.sin), strict=True):
        assert table.dtype == torch.float32
        assert float((table - function(exact)).abs().max()) < 1e-3
        assert float((function(exact.bfloat16().double()) - function(exact)).abs().max()) > 1


def test_positions_that_bfloat16_merges_stay_apart():
    positions = torch.arange(512)
    assert len(torch.unique(positions.bfloat16())) == 385
    cos, sin = rope_angles(positions, 64, 10000.0)
    assert len(torch.unique(torch.cat((cos, sin), -1), dim=0)) == 512


def test_tables_are_float32_whatever_the_model():
    cos, sin = rope_angles(torch.arange(4), 8, 10000.0)
    assert cos.dtype == sin.dtype == torch.float32 and cos.shape == sin.shape == (4, 4)
    for dtype in (torch.bfloat16, torch.float64):
        assert apply_rope(draw(1, 1, 4, 8).to(dtype), cos, sin).dtype == dtype


def test_base_sets_the_slowest_pair():
    """The fastest pair turns by one radian a position; the slowest by base^(-(E - 2) / E)."""
    for base in (100.0, 10000.0):
        _, sin = rope_angles(torch.tensor([1]), 16, base)
        assert float(sin[0, 0]) == pytest.approx(0.841471, rel=1e-5)
        assert float(sin[0, -1].asin()) == pytest.approx(base ** (-14 / 16), rel=1e-5)


def test_odd_head_size_raises():
    with pytest.raises(ValueError, match="even, not 7"):
        rope_angles(torch.arange(3), 7, 10000.0)
