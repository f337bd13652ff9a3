"""Adapters travel in PEFT's files, both ways, onto transformers' models and ours; nothing broken is half loaded."""

import copy
from dataclasses import replace

import pytest
import small_t5s
import t5_pairs
import torch
from adapted_models import USUAL, ours_adapted, refused, theirs_saved, train_at_random_
from pairs import CASES, MORE_CASES, make_pair, our_model, random_ids, reference_of, their_logits
from peft import PeftModel
from safetensors.torch import load_file

from llmbook.adapters import adapter_layers, inject, load_adapter, merge, remove, save_adapter
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.debug import relative_difference

FAMILIES = list(CASES | MORE_CASES)


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)  # PEFT draws from the global generator


@torch.no_grad()
def difference(ours, ids, expected) -> float:
    return relative_difference(ours(ids), expected)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize("case", FAMILIES)
@torch.no_grad()
def test_peft_loads_what_we_save(case, kind, tmp_path):
    ours, theirs, ids = ours_adapted(case, kind)
    plain = their_logits(theirs, ids, "plain")
    save_adapter(ours, tmp_path)
    model = PeftModel.from_pretrained(theirs, str(tmp_path)).eval()
    loaded = their_logits(model, ids, "plain")
    assert difference(ours, ids, loaded) <= 1e-5 < 0.01 < difference(ours, ids, plain)
    model.merge_adapter()
    assert difference(merge(ours), ids, their_logits(model, ids, "plain")) <= 1e-5


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize("case", FAMILIES)
def test_we_load_what_peft_saves(case, kind, tmp_path):
    ours, ids, expected = theirs_saved(case, tmp_path, use_dora=kind == "dora", lora_dropout=0.2)
    assert difference(ours, ids, expected) > 0.01
    load_adapter(ours, tmp_path)
    assert difference(ours, ids, expected) <= 1e-5
    names = {name for name, parameter in ours.named_parameters() if parameter.requires_grad}
    assert names and all("lora_" in name or "magnitude" in name for name in names)
    assert all(layer.settings.dropout == 0.2 for layer in adapter_layers(ours).values())


@pytest.mark.parametrize("options", [{"use_rslora": True}, {"rank_pattern": {"v_proj": 2, r"1\..*down_proj": 5}},
                                     {"rank_pattern": {r".*\.v_proj": 2, ".*_proj": 5}},
                                     {"alpha_pattern": {"q_proj": 11}}, {"target_modules": r".*\.1\..*(q|o)_proj"},
                                     {"init_lora_weights": "gaussian"}, {"bias": "none"}])  # fmt: skip
def test_settings_of_peft(options, tmp_path):
    ours, ids, expected = theirs_saved("llama-grouped", tmp_path, use_dora=True, **options)
    assert difference(load_adapter(ours, tmp_path), ids, expected) <= 1e-5


@torch.no_grad()
def test_every_layer_may_have_its_own_rank_and_alpha(tmp_path):
    ours, theirs, ids = ours_adapted("llama-grouped", "dora", rank_stabilized=True)
    inject(ours, ["layers.1.self_attn.o_proj"], kind="dora", rank=5, alpha=2, rank_stabilized=True)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 7)
    save_adapter(ours, tmp_path)
    model = PeftModel.from_pretrained(theirs, str(tmp_path)).eval()
    assert difference(ours, ids, their_logits(model, ids, "plain")) <= 1e-5
    again = load_adapter(copy.deepcopy(make_pair("llama-grouped", "loud", 0)[0]), tmp_path)
    assert torch.equal(again(ids), ours(ids))


def untied_gemma(init: str = "loud"):
    """A Gemma with a scaled embedding and an output matrix of its own, and transformers' twin."""
    ours = our_model(replace(CASES["gemma-2b"][1], tie_embeddings=False), init, 0)
    return ours, reference_of("gemma", ours)


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@torch.no_grad()
def test_adapter_of_a_scaled_embedding_travels_both_ways(tmp_path):
    ours, theirs = untied_gemma()
    ids = random_ids(ours.config, 2, 12, 0)
    inject(ours, ["embed_tokens", "q_proj"], rank=3, alpha=5)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 8)
    save_adapter(ours, tmp_path / "ours")
    model = PeftModel.from_pretrained(theirs, str(tmp_path / "ours")).eval()
    assert difference(ours, ids, their_logits(model, ids, "plain")) <= 1e-5
    model.save_pretrained(tmp_path / "theirs")
    assert any(name.endswith("base_layer.weight") for name in load_file(tmp_path / "theirs" / WEIGHTS))
    again = load_adapter(untied_gemma()[0], tmp_path / "theirs")
    assert torch.equal(again(ids), ours(ids))
    assert relative_difference(merge(again)(ids), ours(ids)) <= 1e-5
    other = untied_gemma()[0]
    other.embed_tokens.weight.mul_(1.01)
    refused(other, tmp_path / "theirs", "another one")


@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize("case", small_t5s.CASES)
@torch.no_grad()
def test_adapters_of_t5_travel_both_ways(case, kind, tmp_path):
    ours, theirs = (copy.deepcopy(model) for model in t5_pairs.make_pair(case, "quiet"))
    texts = small_t5s.texts(ours.config)
    inject(ours, ["q_proj", "v_proj", "o_proj"], kind=kind, rank=3, alpha=5)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 9)
    plain = t5_pairs.their_logits(theirs, *texts, "plain")
    save_adapter(ours, tmp_path / "ours")
    model = PeftModel.from_pretrained(theirs, str(tmp_path / "ours")).eval()
    expected = t5_pairs.their_logits(model, *texts, "plain")
    assert t5_pairs.distance(ours, texts, expected) <= 1e-5 < 0.01 < t5_pairs.distance(ours, texts, plain)
    model.save_pretrained(tmp_path / "theirs")
    again = load_adapter(copy.deepcopy(t5_pairs.make_pair(case, "quiet")[0]), tmp_path / "theirs")
    assert torch.equal(again(*texts), ours(*texts))


def test_the_embedding_learns_as_pefts(tmp_path):
    ours, theirs = untied_gemma("quiet")
    inject(ours, ["embed_tokens"], rank=3, alpha=5)
    save_adapter(ours, tmp_path)
    model = PeftModel.from_pretrained(theirs, str(tmp_path), is_trainable=True)
    layer = model.base_model.model.model.embed_tokens
    theirs_by_name = {"lora_A": layer.lora_embedding_A["default"], "lora_B": layer.lora_embedding_B["default"]}
    ids = random_ids(ours.config, 2, 12, 0).clamp(min=1)  # 0 is padding for transformers' Gemma, and learns nothing
    for output, parameters in (
        (lambda: ours(ids), [ours.embed_tokens.lora_A, ours.embed_tokens.lora_B]),
        (lambda: model(ids).logits, list(theirs_by_name.values())),
    ):
        optimizer = torch.optim.SGD(parameters, lr=1e-3)
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(output().flatten(0, 1), ids.flatten()).backward()
            optimizer.step()
    for name, tensor in theirs_by_name.items():
        assert relative_difference(getattr(ours.embed_tokens, name), tensor) <= 1e-5, name


def test_an_adapter_comes_back_as_it_was(tmp_path):
    ours, _, _ = ours_adapted("olmo-untied", "dora")
    save_adapter(merge(ours), tmp_path)
    plain = copy.deepcopy(make_pair("olmo-untied", "loud", 0)[0])
    again = load_adapter(plain, tmp_path)
    fresh = inject(copy.deepcopy(remove(copy.deepcopy(again))), USUAL[1], kind="dora", rank=3, alpha=5)
    for model in (again, load_adapter(fresh, tmp_path)):
        for name, layer in adapter_layers(ours).items():
            for part in ("lora_A", "lora_B", "magnitude"):
                assert torch.equal(getattr(model.get_submodule(name), part), getattr(layer, part))
    assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]


@torch.no_grad()
def test_a_module_of_ones_own_keeps_its_names(tmp_path):
    def network():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.Linear(6, 3)).eval()

    ours, x = inject(network(), ["1"], kind="dora", rank=2), torch.randn(4, 5)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 1)
    save_adapter(ours, tmp_path)
    assert torch.equal(load_adapter(network(), tmp_path)(x), ours(x))
    assert relative_difference(PeftModel.from_pretrained(network(), str(tmp_path)).eval()(x), ours(x)) <= 1e-5
