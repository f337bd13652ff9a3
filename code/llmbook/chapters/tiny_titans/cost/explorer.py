"""The explorer of the page about serving: memory and time of a batch of summaries over model, lengths and weights."""

from matplotlib.figure import Figure

from llmbook.accounting.serving import (
    WEIGHT_BYTES,
    Job,
    Machine,
    memory_bytes,
    price_of_a_thousand,
    reading,
    seconds,
    writing,
)
from llmbook.chapters.tiny_titans.cost.plots import GIGA, draw_serving_frame
from llmbook.models import PUBLISHED
from llmbook.models.t5_config import PUBLISHED as T5_PUBLISHED
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

MODELS = {
    "FLAN-T5 small": T5_PUBLISHED["flan-t5-small"],
    "FLAN-T5 base": T5_PUBLISHED["flan-t5-base"],
    "FLAN-T5 large": T5_PUBLISHED["flan-t5-large"],
    "Llama 2 7B": PUBLISHED["llama-2-7b"],
    "Llama 2 13B": PUBLISHED["llama-2-13b"],
    "Mixtral 8x7B": PUBLISHED["mixtral-8x7b"],
    "Llama 2 70B": PUBLISHED["llama-2-70b"],
}
ASKED = Prediction(
    "A meeting of 2,048 tokens, alone on the machine. Its summary shrinks from 200 tokens to 50. What happens to the "
    "price?",
    {
        "It hardly changes": "Then the price would be that of reading, since the meeting is ten times the summary or "
        "more. Move Tokens written to 50, and read the share of the time that reading takes.",
        "It falls to about a third": "Then writing would be most of the price, and reading the rest that stays. Move "
        "Tokens written to 50, and compare the price of a thousand.",
        "It falls to a quarter": "Then there would be nothing but writing to pay for. Move Tokens written to 50, and "
        "read which part of the time does not shrink.",
    },
)
ROUND = Machine(flops=1e14, bandwidth=1e12, price=1.0)
"""Not a product: round numbers of the size of one accelerator, to compare models. Put your own in their place."""
MEMORY_LIMITS = (0.005, 1000.0)  # GB
TIME_LIMITS = (5e-6, 3000.0)  # seconds


def draw_serving(*, model: str, read: int, written: int, weights: str, batch: int,
                 machine: Machine = ROUND) -> tuple[Figure, str]:
    """One frame: what one batch needs, and a sentence with the price of a thousand summaries."""
    config, job = MODELS[model], Job(read, written, batch, WEIGHT_BYTES[weights])
    phases = {"reading": reading(config, job), "writing": writing(config, job)}
    times = {name: (phase.flops / machine.flops, phase.bytes / machine.bandwidth) for name, phase in phases.items()}
    memory = memory_bytes(config, job)
    figure = draw_serving_frame(memory, times, memory_limits=MEMORY_LIMITS, time_limits=TIME_LIMITS)
    return figure, describe(model, memory, seconds(config, job, machine), price_of_a_thousand(config, job, machine))


def describe(model: str, memory: dict[str, float], taken: dict[str, float], price: float) -> str:
    """What the frame shows."""
    total = sum(taken.values())
    return (f"{model}: {memory['weights'] / GIGA:.2f} GB of weights and {memory['cache'] / GIGA:.2f} GB of cache. "
            f"The batch takes at least {total:.2g} seconds, {taken['reading'] / total:.0%} of them for reading; "
            f"a thousand summaries cost at least {price:.2g} machine-hours at this speed.")


def serving_explorer() -> Explorer:
    """Explore what decides the cost of a summary."""
    return explore(
        draw_serving,
        caption="One batch of summaries on a machine of round numbers: 100 trillion FLOPs and a trillion bytes a "
                "second. Filled marks decide the time, hollow ones wait. All axes are logarithmic. Longer meetings "
                "move the reading, longer summaries the writing, smaller weights only what is fetched. A larger "
                "batch raises the time of reading in proportion and that of writing hardly at all, until the cache "
                "is what is fetched.",
        name="serving-cost",
        predict=ASKED,
        model=Choice("Model", list(MODELS), "FLAN-T5 large",
                     frames=["FLAN-T5 large", "Llama 2 7B", "Llama 2 70B"]),
        read=Slider("Tokens read", [512, 1024, 2048, 4096, 8192, 16384], 2048, "{:,}", frames=[2048, 8192]),
        written=Slider("Tokens written", [25, 50, 100, 200, 400], 200, frames=[50, 200]),
        weights=Choice("Weights", list(WEIGHT_BYTES), "bfloat16", frames=["bfloat16", "4 bits"]),
        batch=Slider("Meetings at once", [1, 2, 4, 8, 16, 32, 64], 1, frames=[1, 32]),
    )
