"""The explorer of the comparison page: any two published models, by parameters, by cache, by work."""

from matplotlib.figure import Figure

from llmbook.accounting import (
    active_parameters,
    flops_per_token,
    kv_cache_bytes,
    parameters_by_part,
    total_parameters,
)
from llmbook.chapters.olmo.comparison.plots import plot_by_context
from llmbook.models import PUBLISHED, DecoderConfig
from llmbook.plots.accounting import GIB, draw_parts
from llmbook.plots.style import BookAxes, BookFigure, styled
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

MODELS = {
    "OLMo 7B": "olmo-7b", "Llama 2 7B": "llama-2-7b", "Falcon 7B": "falcon-7b", "Mistral 7B": "mistral-7b",
    "Mixtral 8x7B": "mixtral-8x7b", "Gemma 7B": "gemma-7b", "Gemma 2B": "gemma-2b", "Phi-2": "phi-2",
    "TinyLlama": "tinyllama-1.1b", "OLMo 1B": "olmo-1b", "GPT-2": "gpt2",
}  # fmt: skip
FIRST, SECOND = ("OLMo 7B", "Falcon 7B", "Gemma 7B"), ("Llama 2 7B", "Mistral 7B", "Mixtral 8x7B")  # on the page
PARAMETERS, CACHE, WORK = "parameters by part", "KV cache by context", "FLOPs per token by context"
CONTEXTS = [2**power for power in range(9, 16)]  # 512 to 32,768
SHORT, LONG = 2048, 32_768  # the contexts of the sentence
ASKED = Prediction(
    "Mixtral 8x7B has almost seven times the parameters of OLMo 7B. Which of the two needs the larger cache for the "
    "same 2,048 tokens?",
    {
        "Mixtral, by far": "Then the cache would grow with the parameters. Set Compare to the KV cache, and read both "
        "values at 2,048.",
        "Both need the same": "Then layers and width would decide, for both have 32 layers and a width of 4,096. Set "
        "Compare to the KV cache, and see whether the lines lie on each other.",
        "OLMo": "Then it would count how many heads keep keys and values of their own, and not how many experts there "
        "are. Set Compare to the KV cache, and find the factor between the two values at 2,048.",
    },
)


def visible(config: DecoderConfig, context: int) -> int:
    """How many positions the last of ``context`` tokens attends to: all of them, or as many as the window shows."""
    return context if config.window is None else min(context, config.window)


def cache_gib(config: DecoderConfig, context: int) -> float:
    """GiB of the keys and values that are still needed after ``context`` tokens, in bfloat16.

    A window makes older ones useless. A cache that drops them is no larger than the window; ``generation.KVCache``
    keeps them all, and so needs ``kv_cache_bytes(config, context)``.
    """
    return kv_cache_bytes(config, visible(config, context)) / GIB


def billion_flops(config: DecoderConfig, context: int) -> float:
    """Forward FLOPs of the last of ``context`` tokens, in billions."""
    return flops_per_token(config, visible(config, context)) / 1e9


BY_CONTEXT = {CACHE: (cache_gib, "GiB of cache in bfloat16"), WORK: (billion_flops, "billion FLOPs for one token")}


def describe_parameters(name: str) -> str:
    """Total, and of a sparse mixture what runs."""
    config = PUBLISHED[MODELS[name]]
    runs = f", of which {active_parameters(config):,} work on one token" if config.experts else ""
    return f"{name} has {total_parameters(config):,} parameters{runs}"


def describe_by_context(name: str, view: str) -> str:
    """The value at the two contexts of the sentence, and the longest input that the config names."""
    config, measure = PUBLISHED[MODELS[name]], BY_CONTEXT[view][0]
    unit = "GiB" if view == CACHE else "billion FLOPs"
    short, long = (f"{measure(config, context):#.3g}" for context in (SHORT, LONG))
    window = f", because no token sees more than {config.window:,}" if config.window else ""
    return (f"{name}, whose config names {config.max_length:,} tokens as the longest input, needs {short} {unit} at "
            f"{SHORT:,} and {long} at {LONG:,}{window}")


@styled
def draw_comparison(*, first: str, second: str, view: str) -> tuple[Figure, str]:
    """Two models in one of the three views; a model with itself is drawn once."""
    names = list(dict.fromkeys((first, second)))
    configs = {name: PUBLISHED[MODELS[name]] for name in names}
    figure = BookFigure(figsize=(5.2, 3.2))  # no layout engine: the axes must not move between an explorer's frames
    ax = figure.add_axes((0.235, 0.17, 0.735, 0.58), axes_class=BookAxes)
    if view == PARAMETERS:
        draw_parts({name: parameters_by_part(config) for name, config in configs.items()}, ax=ax)
        sentences = [describe_parameters(name) for name in names]
    else:
        measure, ylabel = BY_CONTEXT[view]
        rows = {name: (CONTEXTS, [measure(config, context) for context in CONTEXTS], config.max_length)
                for name, config in configs.items()}
        plot_by_context(rows, ylabel=ylabel, logarithmic=view == CACHE, ax=ax)
        sentences = [describe_by_context(name, view) for name in names]
    alone = " Choose another model to compare it with." if len(names) == 1 else ""
    return figure, "; ".join(sentences) + "." + alone


def comparison_explorer() -> Explorer:
    """Explore any two models of the table."""
    return explore(
        draw_comparison,
        caption="Any two models of the table. A mark stands at the longest input that a model's config names, and "
                "lines are thin beyond it: there the numbers are arithmetic, not advice. A window is taken at its "
                "word: older keys and values are dropped. The page holds nine pairs, a live notebook all of them.",
        name="comparison",
        predict=ASKED,
        first=Choice("Model A", list(MODELS), "OLMo 7B", frames=FIRST),
        second=Choice("Model B", list(MODELS), "Mixtral 8x7B", frames=SECOND),
        view=Choice("Compare", [PARAMETERS, CACHE, WORK], PARAMETERS),
    )
