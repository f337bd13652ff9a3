"""The explorer of the page about costs: memory of a training step over model, rank, targets, precision, optimizer."""

from matplotlib.figure import Figure

from llmbook.accounting.step_memory import ALL_LINEAR, OPTIMIZERS, PRECISIONS, step_memory
from llmbook.chapters.dora.costs.plots import GB, draw_memory_frame
from llmbook.models import PUBLISHED
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

MODELS = {"Gemma 2B": "gemma-2b", "Llama 2 7B": "llama-2-7b", "Mistral 7B": "mistral-7b", "Gemma 7B": "gemma-7b"}
TARGETS = {"query and value": ("q_proj", "v_proj"), "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
           "every linear map": ALL_LINEAR}  # fmt: skip
WAYS = {"full": ("full", False), "LoRA": ("lora", False), "DoRA": ("dora", False), "QLoRA": ("lora", True)}
TOKENS = 2048
CARD = 24.0  # GB of a large consumer card
PREDICTION = Prediction(
    "Tune the whole model in float32, in place of bfloat16 with a float32 copy. What do its weights, gradients and "
    "optimizer need together?", {
        "Twice as much": "That would have meant that every number doubles. Change the precision: weights and gradients "
                         "do, and the optimizer gives up its float32 copy, because the weight is one.",
        "As much as before": "That would have meant that four and four and eight bytes are as many as two and two and "
                             "twelve. Change the precision, and see which part of the bar does grow.",
        "Less": "That would have meant that the float32 copy costs more than everything in 16 bits saves. Change the "
                "precision and compare the three parts, one by one.",
    })  # fmt: skip
LIMITS = {"float32": 215.0, "bfloat16 with a float32 copy": 172.0, "bfloat16": 138.0}
"""Where the axis ends, in GB: a little beyond the largest bar with that precision."""


def memory_of_ways(*, model: str, rank: int, targets: str, precision: str, optimizer: str) -> dict[str, dict]:
    """Bytes of each way to tune a model, by part."""
    return {
        name: step_memory(PUBLISHED[MODELS[model]], kind, TARGETS[targets], rank=rank, tokens=TOKENS,
                          precision=precision, optimizer=optimizer, quantized=quantized)
        for name, (kind, quantized) in WAYS.items()
    }  # fmt: skip


def describe(model: str, rows: dict[str, dict]) -> str:
    """What the frame shows, in two sentences."""
    totals = {name: sum(parts.values()) / GB for name, parts in rows.items()}
    fits = [name for name, total in totals.items() if total <= CARD]
    said = ", ".join(f"{name} {total:.1f} GB" for name, total in totals.items())
    share = rows["LoRA"]["activations"] / sum(rows["LoRA"].values())
    return (f"{model}, one step of {TOKENS:,} tokens: {said}. Into {CARD:g} GB fit: {', '.join(fits) or 'none'}; "
            f"of LoRA's memory {share:.0%} are activations.")


def draw_step_memory(**values: str | int) -> tuple[Figure, str]:
    """One frame: a bar for each way to tune."""
    rows = memory_of_ways(**values)
    return draw_memory_frame(rows, limit=LIMITS[values["precision"]], line=CARD), describe(values["model"], rows)


def memory_explorer() -> Explorer:
    """Explore what fills the memory of a training step."""
    return explore(
        draw_step_memory,
        caption="Everything that one training step of 2,048 tokens needs, without gradient checkpointing. Change the "
                "optimizer and full fine-tuning moves, the adapters at rank 256 a little; change the targets and the "
                "activations of the adapters do. The precision is that of the weights; adapters are always float32. "
                "The dashed line is a card of 24 GB.",
        name="step-memory",
        predict=PREDICTION,
        model=Choice("Model", list(MODELS), "Llama 2 7B", frames=["Gemma 2B", "Llama 2 7B", "Gemma 7B"]),
        targets=Choice("Adapted", list(TARGETS), "every linear map", frames=["query and value", "every linear map"]),
        rank=Slider("Rank", [1, 4, 16, 64, 256], 16, frames=[16, 256]),
        precision=Choice("Precision", list(PRECISIONS), "bfloat16 with a float32 copy", frames=list(PRECISIONS)[:2]),
        optimizer=Choice("Optimizer", list(OPTIMIZERS), "AdamW", frames=["AdamW", "AdamW in 8 bits"]),
    )
