"""The explorer of the page about LoRA: a model, the layers that get an adapter, its rank; then what it costs."""

from matplotlib.figure import Figure

from llmbook.accounting import linear_shapes, total_parameters
from llmbook.accounting import step_memory as adapter_memory
from llmbook.chapters.dora.lora.plots import GIB, MIB, draw_adapter_costs
from llmbook.models import PUBLISHED, DecoderConfig
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

MODELS = {"GPT-2 124M": "gpt2", "OLMo 1B": "olmo-1b", "Gemma 2B": "gemma-2b", "Gemma 7B": "gemma-7b",
          "Llama 2 7B": "llama-2-7b"}  # fmt: skip
TARGETS = {
    "q, v": ("q_proj", "v_proj"),
    "q, k, v, o": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "q, k, v, up, down": ("q_proj", "k_proj", "v_proj", "up_proj", "down_proj"),
    "all linear": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
}
PREDICTION = Prediction(
    "Llama 2 7B: go from rank 32 to rank 256, eight times the trained numbers. How much longer does LoRA's bar get?", {
        "Eight times": "That would have meant that all of the bar belongs to the adapter. Set rank 32 and then 256: "
                       "gradients and moments grow eight times, and the frozen weights stay what they were.",
        "Less than twice": "That would have meant that the frozen weights fill most of the bar. Set rank 32 and then "
                           "256; then choose GPT-2, whose matrices are thinner, with every layer adapted.",
        "Not visibly": "That would have meant that the adapter is too small to be seen at any rank. Set rank 256 and "
                       "look at the gradients and the moments, and at the adapter's file below.",
    })  # fmt: skip
WEIGHT, TRAINED = 2, 4  # bytes a value: bfloat16 for what is frozen, float32 for what is trained


def adapter_parameters(config: DecoderConfig, targets: tuple[str, ...], rank: int) -> int:
    """Trained numbers of LoRA, where targets that a model does not have (a gate in a plain layer) count nothing.

    Args:
        config: a decoder's without a mixture of experts.
        targets: names of linear layers.
        rank: R.
    """
    present = [name for name in targets if name in linear_shapes(config)]
    return adapter_memory.adapter_parameters(config, present, rank=rank)


def training_bytes(frozen: int, trained: int) -> dict[str, int]:
    """What training holds besides activations: weights, gradients, and the two moments of Adam.

    Args:
        frozen: numbers that are only read, in bfloat16.
        trained: numbers that are trained, with everything about them in float32.
    """
    return {"weights": WEIGHT * frozen + TRAINED * trained, "gradients": TRAINED * trained,
            "optimizer": 2 * TRAINED * trained}  # fmt: skip


def draw_adapter(*, model: str, targets: str, rank: int) -> tuple[Figure, str]:
    """Full fine-tuning above, LoRA below: memory while training, and what has to be stored."""
    config = PUBLISHED[MODELS[model]]
    total, trained = total_parameters(config), adapter_parameters(config, TARGETS[targets], rank)
    memory = {"full": training_bytes(0, total), "LoRA": training_bytes(total, trained)}
    files = {"model": WEIGHT * total, "adapter": TRAINED * trained}
    figure = draw_adapter_costs(memory, files, limit=1.18 * sum(memory["full"].values()) / GIB)
    return figure, _describe(model, targets, rank, total, trained)


def _describe(model: str, targets: str, rank: int, total: int, trained: int) -> str:
    """The numbers of a frame in words."""
    optimizer = training_bytes(total, trained)["optimizer"]
    return (f"{model} with rank {rank} on {targets}: {trained:,} trained numbers, {trained / (total + trained):.3%} of "
            f"all {total + trained:,}. Adam keeps {optimizer / MIB:,.1f} MiB instead of "
            f"{2 * TRAINED * total / GIB:.1f} GiB, and the adapter file has {TRAINED * trained / MIB:,.1f} MiB.")


def explore_adapters() -> Explorer:
    """Explore how many numbers LoRA trains, and what that saves."""
    return explore(
        draw_adapter,
        caption="What LoRA trains and what it saves. Above: memory for weights, gradients and Adam's two moments, "
                "trained numbers in float32, frozen ones in bfloat16, activations left out. Below: the files. A model "
                "without a gate (GPT-2) has no gate_proj to adapt.",
        name="adapters",
        predict=PREDICTION,
        model=Choice("Model", list(MODELS), "Llama 2 7B"),
        targets=Choice("Adapted layers", list(TARGETS), "q, k, v, up, down"),
        rank=Slider("Rank", [1, 2, 4, 8, 16, 32, 64, 128, 256], 32, frames=[4, 32, 256]),
    )
