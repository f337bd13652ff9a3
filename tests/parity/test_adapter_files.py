"""Adapters travel in PEFT's files, both ways, onto transformers' models and ours; nothing broken is half loaded."""

import copy
import json
import shutil
from dataclasses import replace

import pytest
import t5_pairs
import torch
from pairs import CASES, MORE_CASES, make_pair, our_model, random_ids, reference_of, their_logits
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from llmbook.adapters import adapter_layers, inject, load_adapter, merge, remove, save_adapter
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.checkpoint import CheckpointError, load_pretrained
from llmbook.debug import relative_difference

TARGETS = {  # theirs, ours; GPT-2 and Falcon keep queries, keys and values in one matrix
    "gpt2": (["c_fc", "mlp.c_proj"], ["up_proj", "down_proj"]),
    "falcon": (["dense", "dense_4h_to_h"], ["o_proj", "down_proj"]),
    "phi": (["q_proj", "fc1"], ["q_proj", "up_proj"]),
    "mixtral": (["q_proj", "v_proj"], ["q_proj", "v_proj"]),
}
USUAL = (["q_proj", "v_proj", "down_proj"], ["q_proj", "v_proj", "down_proj"])
FAMILIES = list(CASES | MORE_CASES)


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)  # PEFT draws from the global generator


def train_at_random_(parameters, seed: int) -> None:
    """Move every number of an adapter, whatever its names."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in parameters:
            noise = torch.randn(tensor.shape, generator=generator)
            tensor.mul_(1 + 0.3 * noise) if tensor.ndim == 1 else tensor.add_(0.2 * noise)


def ours_adapted(case: str, kind: str, **options):
    """Our loud model with a trained adapter, the ids, and transformers' model without one."""
    ours, theirs = (copy.deepcopy(model) for model in make_pair(case, "loud", 0))
    inject(ours, TARGETS.get(case, USUAL)[1], kind=kind, **{"rank": 3, "alpha": 5, **options})
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 5)
    return ours, theirs, random_ids(ours.config, 2, 12, 0)


def theirs_saved(case: str, folder, **options):
    """What PEFT saved, our plain model, the ids and PEFT's logits."""
    ours, theirs = (copy.deepcopy(model) for model in make_pair(case, "loud", 0))
    config = LoraConfig(**{"r": 3, "lora_alpha": 5, "target_modules": TARGETS.get(case, USUAL)[0], **options})
    model = get_peft_model(theirs, config).eval()
    train_at_random_((p for p in model.parameters() if p.requires_grad), 6)
    model.save_pretrained(folder)
    ids = random_ids(ours.config, 2, 12, 0)
    return ours, ids, their_logits(model, ids, "plain")


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
    assert all(layer.dropout == 0.2 for layer in adapter_layers(ours).values())


@pytest.mark.parametrize("options", [{"use_rslora": True}, {"rank_pattern": {"v_proj": 2, r"1\..*down_proj": 5}},
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
@pytest.mark.parametrize("case", t5_pairs.CASES)
@torch.no_grad()
def test_adapters_of_t5_travel_both_ways(case, kind, tmp_path):
    ours, theirs = (copy.deepcopy(model) for model in t5_pairs.make_pair(case, "quiet"))
    texts = t5_pairs.texts(ours.config)
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


# What must not be loaded


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A good adapter."""
    folder = tmp_path_factory.mktemp("adapter")
    save_adapter(ours_adapted("llama-grouped", "dora")[0], folder)
    return folder


@pytest.fixture
def damaged(saved, tmp_path):
    """A copy of it to damage."""
    return shutil.copytree(saved, tmp_path / "damaged")


def refused(model, folder, words: str) -> None:
    """Loading says why, and leaves the model as it was, its gradients included."""
    before = {name: (tensor.clone(), tensor.requires_grad) for name, tensor in model.named_parameters()}
    with pytest.raises(CheckpointError, match=words):
        load_adapter(model, folder)
    after = dict(model.named_parameters())
    assert after.keys() == before.keys()
    for name, (tensor, requires_grad) in before.items():
        assert torch.equal(after[name], tensor) and after[name].requires_grad == requires_grad


def plain_llama():
    return copy.deepcopy(make_pair("llama-grouped", "loud", 0)[0]).requires_grad_(True)


def change_config(folder, **changes):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_tensors(folder, change):
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def first(tensors, ending: str) -> str:
    return next(name for name in sorted(tensors) if name.endswith(ending))


DAMAGE = {
    "cut short": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-100]), "cut short"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "is empty"),
    "no tensors file": (lambda f: (f / WEIGHTS).unlink(), "has no adapter_model"),
    "pickled": (lambda f: (f / WEIGHTS).rename(f / "adapter_model.bin"), "can run code"),
    "no config": (lambda f: (f / CONFIG).unlink(), CONFIG),
    "config not json": (lambda f: (f / CONFIG).write_text("{"), "not JSON"),
    "other method": (lambda f: change_config(f, peft_type="IA3"), "IA3"),
    "trained biases": (lambda f: change_config(f, bias="all"), "bias = 'all'"),
    "whole modules": (lambda f: change_config(f, modules_to_save=["lm_head"]), "modules_to_save"),
    "another start": (lambda f: change_config(f, init_lora_weights="pissa"), "pissa"),
    "unknown extension": (lambda f: change_config(f, use_new_idea=True), "use_new_idea"),
    "wrong rank": (lambda f: change_config(f, r=4), "shape"),
    "impossible rank": (lambda f: change_config(f, r=0), "rank"),
    "rank as text": (lambda f: change_config(f, r="eight"), "rank"),
    "impossible alpha": (lambda f: change_config(f, lora_alpha=0), "alpha"),
    "alpha as text": (lambda f: change_config(f, lora_alpha="much"), "damaged"),
    "impossible dropout": (lambda f: change_config(f, lora_dropout=1.5), "dropout"),
    "pattern as list": (lambda f: change_config(f, rank_pattern=[3]), "damaged"),
    "broken pattern": (lambda f: change_config(f, rank_pattern={"(": 3}), "damaged"),
    "not DoRA": (lambda f: change_config(f, use_dora=False), "lora_magnitude_vector"),
    "missing tensor": (lambda f: change_tensors(f, lambda t: t.pop(first(t, "lora_B.weight"))), "should have"),
    "missing magnitude": (
        lambda f: change_tensors(f, lambda t: t.pop(first(t, "magnitude_vector"))), "lora_magnitude_vector"),
    "strange tensor": (lambda f: change_tensors(f, lambda t: t.update(strange=torch.ones(1))), "strange"),
    "integers": (
        lambda f: change_tensors(f, lambda t: t.update({first(t, "A.weight"): torch.ones(3, 48).int()})), "int32"),
    "transposed": (
        lambda f: change_tensors(
            f, lambda t: t.update({first(t, "A.weight"): t[first(t, "A.weight")].T.contiguous()})), "shape"),
    "unknown layer": (
        lambda f: change_tensors(
            f, lambda t: t.update({name.replace("rs.0", "rs.9"): t[name].clone() for name in list(t)})), "layers.9"),
    "no layers": (lambda f: change_tensors(f, lambda t: t.clear()), "no tensors"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_adapter_is_refused(name, damaged):
    damage, words = DAMAGE[name]
    damage(damaged)
    refused(plain_llama(), damaged, words)
    refused(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5), damaged, words)


def test_the_sound_adapter_is_not_refused(damaged):
    load_adapter(plain_llama(), damaged)
    load_adapter(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5), damaged)


@pytest.mark.parametrize(
    "options",
    [{"rank": 4}, {"alpha": 6}, {"kind": "lora"}, {"rank_stabilized": True}, {"targets": ["q_proj", "v_proj"]}],
)
def test_another_adapter_in_the_model_is_not_overwritten(options, saved):
    options = {"targets": USUAL[1], "kind": "dora", "rank": 3, "alpha": 5, **options}
    refused(inject(plain_llama(), **options), saved, "shape|differ|lora_magnitude|remove")


def test_another_model_is_refused(saved):
    refused(copy.deepcopy(make_pair("llama-multi-head", "loud", 0)[0]), saved, "shape")
    refused(copy.deepcopy(make_pair("gpt2", "loud", 0)[0]), saved, "has no model.layers")
    with pytest.raises(CheckpointError, match="folder"):
        load_adapter(plain_llama(), "/nowhere/at/all")


def test_a_merged_model_takes_no_other_adapter(saved):
    model = merge(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5))
    with pytest.raises(RuntimeError, match="unmerge"):
        load_adapter(model, saved)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_stacked_matrices_are_refused_both_ways(tmp_path):
    ours, _, _ = theirs_saved("gpt2", tmp_path, target_modules=["c_attn"])
    refused(ours, tmp_path, "one matrix")
    with pytest.raises(ValueError, match=r"c_attn .* 3 layers"):
        save_adapter(inject(ours, ["q_proj"]), tmp_path)


def test_what_the_format_cannot_say_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="no adapters"):
        save_adapter(plain_llama(), tmp_path)
    for options in ({"kind": "lora"}, {"dropout": 0.1}, {"rank_stabilized": True}):
        model = inject(plain_llama(), ["q_proj"], kind="dora")
        inject(model, ["v_proj"], **{"kind": "dora", **options})
        with pytest.raises(ValueError, match=r"one .* for all layers"):
            save_adapter(model, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_failed_save_leaves_the_old_files(saved, tmp_path, monkeypatch):
    folder = shutil.copytree(saved, tmp_path / "old")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(json, "dumps", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_adapter(inject(plain_llama(), ["q_proj"]), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_merging_does_not_write_into_the_checkpoint(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = inject(load_pretrained(folder), ["q_proj", "down_proj"], kind="dora", rank=2)
    train_at_random_((p for p in model.parameters() if p.requires_grad), 1)
    merge(model)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
