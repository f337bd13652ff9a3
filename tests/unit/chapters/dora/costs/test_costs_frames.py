"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import pytest
from drawing import bars, redrawn, rules, ticks

from llmbook.accounting.step_memory import step_memory
from llmbook.chapters.dora.costs.explorer import draw_step_memory, memory_explorer, memory_of_ways
from llmbook.models import PUBLISHED

STEP = {"model": "Gemma 2B", "targets": "query and value", "rank": 16, "precision": "bfloat16 with a float32 copy",
        "optimizer": "AdamW"}  # fmt: skip
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.mark.parametrize("changes", [{}, {"model": "Gemma 7B"}, {"targets": "every linear map"}, {"rank": 256},
                                     {"precision": "float32"}, {"optimizer": "AdamW in 8 bits"}])  # fmt: skip
def test_every_way_to_tune_needs_what_the_accounting_says(changes):
    values = STEP | changes
    (ax,) = redrawn(draw_step_memory, **values)[0].axes
    config = PUBLISHED[values["model"].lower().replace(" ", "-")]
    targets = ("q_proj", "v_proj") if values["targets"] == "query and value" else ALL
    assert list(ticks(ax.yaxis).values()) == ["full", "LoRA", "DoRA", "QLoRA"]
    for row, (kind, quantized) in enumerate([("full", False), ("lora", False), ("dora", False), ("lora", True)]):
        parts = step_memory(config, kind, targets, rank=values["rank"], tokens=2048, precision=values["precision"],
                            optimizer=values["optimizer"], quantized=quantized)  # fmt: skip
        drawn = [bar.width for bar in bars(ax) if round(bar.y + bar.height / 2) == row]
        assert sorted(drawn) == pytest.approx(sorted(size / 1e9 for size in parts.values()), rel=1e-4)
    assert [rule.at for rule in rules(ax)] == [24]


def test_float32_needs_as_much_as_bfloat16_with_a_copy_but_for_the_activations():
    assert "As much as before" in memory_explorer().predict.answers
    values = {key: value for key, value in STEP.items() if key != "precision"}
    found = [memory_of_ways(**values, precision=precision)["full"]
             for precision in ("bfloat16 with a float32 copy", "float32")]  # fmt: skip
    activations = [parts.pop("activations") for parts in found]
    assert sum(found[0].values()) == sum(found[1].values()) and activations[0] < activations[1]
    alone = memory_of_ways(**values, precision="bfloat16")["full"]
    assert sum(found[0].values()) != sum(alone.values()) - alone["activations"]


def test_the_optimizer_moves_full_fine_tuning_most_and_the_adapters_at_rank_256_a_little():
    def moved(rank, name):
        eight, usual = (memory_of_ways(**STEP | {"model": "Llama 2 7B", "targets": "every linear map", "rank": rank,
                                                 "optimizer": optimizer})[name]["optimizer"]
                        for optimizer in ("AdamW in 8 bits", "AdamW"))  # fmt: skip
        return (usual - eight) / 1e9
    assert moved(16, "LoRA") < 0.3 < 3 < moved(256, "LoRA") < 0.2 * moved(256, "full")
