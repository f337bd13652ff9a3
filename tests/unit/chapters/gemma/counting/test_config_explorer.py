"""The explorer of what a model counts starts at the published models, and every frame says its own numbers."""

import dataclasses

import pytest
from matplotlib.figure import Figure

from llmbook.accounting import kv_cache_bytes, total_parameters, weight_bytes
from llmbook.chapters.gemma.counting.explorer import (
    AS_PUBLISHED,
    MODELS,
    SHARED,
    SWITCHED,
    config_explorer,
    describe,
    draw_config,
    vary,
)
from llmbook.models import PUBLISHED
from llmbook.widgets.controls import grid


def bar_widths(figure: Figure, axes: int = 0) -> list[float]:
    """Lengths of the bars, in the order of drawing."""
    return [bar.get_width() for bar in figure.axes[axes].patches]


@pytest.mark.parametrize("model", MODELS)
def test_the_explorer_starts_at_the_published_model(model):
    published = PUBLISHED[MODELS[model]]
    assert vary(published, tying=AS_PUBLISHED, vocabulary=AS_PUBLISHED, kv_heads=AS_PUBLISHED) == published
    assert f"{total_parameters(published):,} parameters (as published)" in describe(model, published, 8192)


def test_the_other_way_of_each_choice():
    g2, llama7 = PUBLISHED["gemma-2b"], PUBLISHED["llama-2-7b"]
    for_gemma = vary(g2, tying=SWITCHED, vocabulary=SWITCHED, kv_heads=SWITCHED)
    assert (for_gemma.tie_embeddings, for_gemma.vocab_size, for_gemma.kv_heads) == (False, 32_000, 8)
    for_llama = vary(llama7, tying=SWITCHED, vocabulary=SWITCHED, kv_heads=SWITCHED)
    assert (for_llama.tie_embeddings, for_llama.vocab_size, for_llama.kv_heads) == (True, 256_000, 1)
    assert vary(llama7, tying=AS_PUBLISHED, vocabulary=64_000, kv_heads=SHARED).kv_heads == 8


def test_every_frame_says_something_else():
    explorer = config_explorer()
    frames = grid(explorer.controls)
    sentences = set()
    for values in frames:
        choices = {key: values[key] for key in ("tying", "vocabulary", "kv_heads")}
        config = vary(PUBLISHED[MODELS[values["model"]]], **choices)
        sentences.add(describe(values["model"], config, values["context"]))
    assert len(sentences) == len(frames) == 64


def test_a_frame_of_the_explorer_shows_its_numbers():
    figure, sentence = draw_config(
        model="Gemma 7B", tying=SWITCHED, vocabulary=AS_PUBLISHED, kv_heads=AS_PUBLISHED, context=2048
    )
    config = dataclasses.replace(PUBLISHED["gemma-7b"], tie_embeddings=False)
    lengths = bar_widths(figure)
    assert sum(lengths[3:]) * 1e9 == pytest.approx(total_parameters(config), rel=1e-3)  # norms are not drawn
    memory = bar_widths(figure, axes=1)
    assert memory[2:] == pytest.approx([weight_bytes(config) / 2**30, kv_cache_bytes(config, 2048) / 2**30])
    assert "9,324,112,896 parameters (+786,432,000 against the published model)" in sentence
