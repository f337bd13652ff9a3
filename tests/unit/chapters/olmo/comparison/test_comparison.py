"""The comparison page: its explorer's figures and sentences, and windows."""

import pytest

from llmbook.accounting import flops_per_token, kv_cache_bytes, total_parameters
from llmbook.chapters.olmo.comparison.explorer import (
    BY_CONTEXT,
    CACHE,
    MODELS,
    PARAMETERS,
    WORK,
    comparison_explorer,
    draw_comparison,
    visible,
)
from llmbook.models import PUBLISHED
from llmbook.widgets.controls import grid

MISTRAL, MIXTRAL = PUBLISHED["mistral-7b"], PUBLISHED["mixtral-8x7b"]


def words_of(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_all_published_models_can_be_compared():
    elsewhere = ("olmo-2", "olmo-3",  # younger than the paper; chapters/olmo/08 has them
                 "llama-2-13b", "llama-2-70b", "litellama-460m")  # what they cost: chapters/tiny-titans/08
    assert sorted(MODELS.values()) == sorted(name for name in PUBLISHED if not name.startswith(elsewhere))


def test_a_window_bounds_cache_and_work():
    assert [visible(MISTRAL, context) for context in (1, 4096, 4097, 32_768)] == [1, 4096, 4096, 4096]
    assert visible(MIXTRAL, 32_768) == 32_768
    cache, work = (BY_CONTEXT[view][0] for view in (CACHE, WORK))
    assert cache(MISTRAL, 32_768) == kv_cache_bytes(MISTRAL, 4096) / 2**30 < cache(MIXTRAL, 32_768)
    assert work(MISTRAL, 32_768) == flops_per_token(MISTRAL, 4096) / 1e9 < flops_per_token(MISTRAL, 32_768) / 1e9


@pytest.mark.parametrize("view", [PARAMETERS, CACHE, WORK])
def test_a_frame_draws_both_models_and_says_their_numbers(view):
    figure, sentence = draw_comparison(first="OLMo 7B", second="Mistral 7B", view=view)
    assert "OLMo 7B" in sentence and "Mistral 7B" in sentence
    if view == PARAMETERS:
        assert "6,888,095,744" in sentence and {"6.89", "7.24"} <= set(words_of(figure))
    else:
        config, measure = PUBLISHED["olmo-7b"], BY_CONTEXT[view][0]
        line = next(line for line in figure.axes[0].lines if line.get_label() == "OLMo 7B")
        assert line.get_xdata()[-1] == 2048  # the thick line ends with the training
        assert line.get_ydata()[-1] == measure(config, 2048)
        assert f"{measure(config, 2048):#.3g}" in sentence and "no token sees more than 4,096" in sentence


def test_a_model_with_itself_is_drawn_once():
    figure, sentence = draw_comparison(first="GPT-2", second="GPT-2", view=PARAMETERS)
    assert len(figure.axes[0].get_yticklabels()) == 1
    assert sentence.count("GPT-2") == 1 and "Choose another model" in sentence


def test_the_explorer_is_small_and_every_frame_has_its_own_sentence():
    explorer = comparison_explorer()
    frames = grid(explorer.controls)
    assert len(frames) <= 60
    assert len({explorer.draw(**values)[1] for values in frames}) == len(frames)


def test_the_cache_follows_the_heads_that_keep_keys_and_not_the_parameters():
    def ratio(of, first="mixtral-8x7b"):
        return of(PUBLISHED[first]) / of(PUBLISHED["olmo-7b"])
    explorer, cache = comparison_explorer(), BY_CONTEXT[CACHE][0]
    assert (explorer.defaults["first"], explorer.defaults["second"]) == ("OLMo 7B", "Mixtral 8x7B")
    assert "OLMo" in explorer.predict.answers and 6.5 < ratio(total_parameters) < 7
    assert ratio(lambda config: config.layers) == ratio(lambda config: config.width) == 1
    assert ratio(lambda config: cache(config, 2048)) == ratio(lambda config: config.kv_heads) == 1 / 4
    assert ratio(lambda config: cache(config, 2048), "llama-2-7b") == 1, "the twin: as many heads, as large a cache"
