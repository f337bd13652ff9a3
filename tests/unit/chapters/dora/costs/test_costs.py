"""The explorer of what adapters cost says what it shows."""

from llmbook.accounting.step_memory import step_memory
from llmbook.chapters.dora.costs import plots
from llmbook.chapters.dora.costs.explorer import LIMITS, MODELS, TARGETS, WAYS, draw_step_memory, memory_explorer
from llmbook.models import PUBLISHED
from llmbook.plots.style import to_svg


def test_the_explorer_fits_its_axes_and_says_what_it_shows():
    frame = {"model": "Llama 2 7B", "targets": "every linear map", "rank": 16, "optimizer": "AdamW"}
    _, sentence = draw_step_memory(precision="bfloat16 with a float32 copy", **frame)
    assert "LoRA 26.0 GB" in sentence and "Into 24 GB fit: QLoRA;" in sentence
    figure, other = draw_step_memory(precision="float32", **frame)
    assert other != sentence and "<svg" in to_svg(figure)
    assert memory_explorer().defaults["rank"] == 16
    for precision, limit in LIMITS.items():
        largest = max(
            sum(step_memory(PUBLISHED[model], kind, targets, rank=256, precision=precision, quantized=four).values())
            for model in MODELS.values() for targets in TARGETS.values() for kind, four in WAYS.values()
        )  # fmt: skip
        assert largest / plots.GB < 0.93 * limit
