"""The figures of what adapters cost show what they are given, and the explorer says it."""

from llmbook.accounting.step_memory import step_memory
from llmbook.chapters.dora.costs import plots
from llmbook.chapters.dora.costs.explorer import LIMITS, MODELS, TARGETS, WAYS, draw_step_memory, memory_explorer
from llmbook.models import PUBLISHED
from llmbook.plots.style import to_svg


def test_figures_show_what_they_are_given():
    times = {"LoRA": [1.0, 1.2, 1.1], "DoRA": [2.2, 2.3, 2.1]}
    ax = plots.draw_times(times, reference="LoRA", theirs=("DoRA",)).axes[0]
    assert [text.get_text() for text in ax.texts] == ["1.00", "2.00"]
    overhead = plots.draw_overhead([8, 64], {"a": [2.0, 1.1]}, {"a": [3.0, 1.5]})
    assert list(overhead.axes[1].lines[0].get_ydata()) == [3.0, 1.5]
    rows = {"full": {"weights": 2e9, "gradients": 1e9, "optimizer": 4e9, "activations": 3e9}}
    assert plots.draw_memory(rows, line=24).axes[0].texts[0].get_text() == "10.0"
    lines = plots.draw_by_tokens([1, 2], {"full": [1e9, 2e9]}, line=80).axes[0].lines
    assert list(lines[0].get_ydata()) == [1.0, 2.0]


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
