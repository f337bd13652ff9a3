"""The explorer of the page about counting: change one choice of a published model, read what it costs."""

from dataclasses import replace

from matplotlib.figure import Figure

from llmbook.accounting import flops_per_token, kv_cache_bytes, parameters_by_part, total_parameters, weight_bytes
from llmbook.chapters.gemma.counting.plots import draw_budget
from llmbook.models import PUBLISHED, DecoderConfig
from llmbook.plots.accounting import GIB
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

AS_PUBLISHED = "as published"
MODELS = {"Gemma 2B": "gemma-2b", "Gemma 7B": "gemma-7b", "Llama 2 7B": "llama-2-7b", "OLMo 7B": "olmo-7b"}
SWITCHED = "the other way"
SHARED = "one for four"
GROUP = 4  # query heads that share a key-value head, in the choice between multi-query and multi-head
SMALL, LARGE = 32_000, 256_000  # the vocabularies of Llama 2 and Gemma
ASKED = Prediction(
    "Change one choice of Gemma 7B: which brings it closest to seven billion parameters?",
    {
        "Llama's vocabulary": "Then the rows that go, times the width, would outweigh what each other choice can take "
        "away. Set Vocabulary to the other way, read the count, and compare it with Key-value heads.",
        "One key-value head": "Then the keys and values of fifteen heads, in every layer, would outweigh seven eighths "
        "of the embedding. Set Key-value heads to the other way, read the count, and compare it with Vocabulary.",
        "An untied output": "Then untying would take parameters away. Set Weight tying to the other way, and look in "
        "which direction the count moves.",
    },
)


def vary(config: DecoderConfig, *, tying: str, vocabulary: str | int, kv_heads: str) -> DecoderConfig:
    """A published config with some choices changed.

    Args:
        config: the model as it was published.
        tying: "as published" or "the other way".
        vocabulary: "as published", "the other way" (from Gemma's to Llama's, or back), or V.
        kv_heads: "as published", "the other way" (from one for all to one each, or back) or "one for four".
    """
    heads = {AS_PUBLISHED: config.kv_heads, SWITCHED: config.heads if config.kv_heads == 1 else 1,
             SHARED: config.heads // GROUP}
    words = {AS_PUBLISHED: config.vocab_size, SWITCHED: SMALL if config.vocab_size == LARGE else LARGE}
    return replace(
        config,
        tie_embeddings=config.tie_embeddings != (tying == SWITCHED),
        vocab_size=words.get(vocabulary, vocabulary),
        kv_heads=heads[kv_heads],
    )


def describe(model: str, config: DecoderConfig, context: int) -> str:
    """What the choices amount to, in a sentence or two."""
    published = PUBLISHED[MODELS[model]]
    total, before = total_parameters(config), total_parameters(published)
    change = "as published" if config == published else f"{total - before:+,} against the published model"
    tying = "tied" if config.tie_embeddings else "untied"
    heads = f"{config.kv_heads} key-value head" + ("s" if config.kv_heads > 1 else "")
    return (f"{model} with {config.vocab_size:,} {tying} embeddings and {heads} has {total:,} parameters ({change}). "
            f"In bfloat16 its weights need {weight_bytes(config) / GIB:.2f} GiB and a cache of {context:,} tokens "
            f"{kv_cache_bytes(config, context) / GIB:#.3g} GiB; the last of these tokens costs "
            f"{flops_per_token(config, context) / 1e9:.1f} billion FLOPs.")


def draw_config(*, model: str, tying: str, vocabulary: str | int, kv_heads: str, context: int) -> tuple[Figure, str]:
    """The published model above, the changed one below it: parameters by part, and memory."""
    published = PUBLISHED[MODELS[model]]
    config = vary(published, tying=tying, vocabulary=vocabulary, kv_heads=kv_heads)
    bars = {"published": published, "changed": config}
    parameters = {name: parameters_by_part(bar) for name, bar in bars.items()}
    memory = {name: (weight_bytes(bar), kv_cache_bytes(bar, context)) for name, bar in bars.items()}
    return draw_budget(parameters, memory), describe(model, config, context)


def _count(value: str | int) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def config_explorer() -> Explorer:
    """Explore what tying, the vocabulary, shared key-value heads and the context cost."""
    return explore(
        draw_config,
        caption="Start from a published model and change one choice at a time; the upper bar of each pair stays as "
                "published. The other way is: untied for tied, Llama's vocabulary for Gemma's, one key-value head "
                "for all query heads instead of one each, and back. Tying and the vocabulary move the parameters; "
                "the key-value heads move the cache.",
        name="configs",
        predict=ASKED,
        model=Choice("Model", list(MODELS), "Gemma 7B"),
        tying=Choice("Weight tying", [AS_PUBLISHED, SWITCHED], AS_PUBLISHED),
        vocabulary=Choice("Vocabulary", [AS_PUBLISHED, SWITCHED, SMALL, 64_000, 128_000, LARGE], AS_PUBLISHED, _count,
                          frames=[AS_PUBLISHED, SWITCHED]),
        kv_heads=Choice("Key-value heads", [AS_PUBLISHED, SWITCHED, SHARED], AS_PUBLISHED,
                        frames=[AS_PUBLISHED, SWITCHED]),
        context=Slider("Context in tokens", [512, 1024, 2048, 4096, 8192, 16_384, 32_768], 8192, "{:,}",
                       frames=[2048, 8192]),
    )
