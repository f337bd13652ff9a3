"""Every module that PEFT can adapt in every family, and every layer that we can: equal, or refused with the reason."""

import copy

import pytest
import small_t5s
import t5_pairs
import torch
from adapted_models import refused, train_at_random_
from pairs import CASES, MORE_CASES, make_pair, random_ids, their_logits
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers.pytorch_utils import Conv1D

from llmbook.adapters import experts, files, inject, load_adapter, names, save_adapter
from llmbook.debug import relative_difference
from llmbook.layers import Embedding

pytestmark = pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`", "ignore:fan_in_fan_out")
FAMILIES = list(CASES | MORE_CASES)
STACKED = "is one matrix, and here it is 3 layers"
NOT_READ = {  # theirs: a word of the reason; tied matrices are refused beside these
    ("gpt2", "c_attn"): STACKED, ("gpt2", "attn.c_attn.weight"): STACKED, ("falcon", "query_key_value"): STACKED,
    ("mixtral", "w1+w2+w3"): "experts of a layer in two tensors",
    ("mixtral", "mlp.experts.down_proj"): "experts of a layer in two tensors",
    ("mixtral", "mlp.experts.gate_up_proj"): "experts of a layer in two tensors",
    ("mixtral", "mlp.experts.gate_up_proj+mlp.experts.down_proj"): "experts of a layer in two tensors",
}  # fmt: skip
PARAMETERS = {"gpt2": "attn.c_attn.weight", "falcon": "self_attention.dense.weight", "phi": "self_attn.dense.weight"}
STACKED_OURS = {(case, f"{letter}_proj"): STACKED for case in ("gpt2", "falcon") for letter in "qkv"}
NOT_SAVED = STACKED_OURS | {
    ("mixtral", "gate_proj"): "gate_proj only with", ("mixtral", "up_proj"): "gate_proj only with",
    ("mixtral", "gate_proj+up_proj"): "gate_proj only with",
}  # fmt: skip


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def leaves(model: nn.Module, kinds: tuple) -> list[str]:
    """The last parts of the names of layers."""
    found = [name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, kinds)]
    return sorted(set(found))


def theirs_saved(theirs, targets: str, folder):
    """An adapter that PEFT made of modules, or of parameters, whose names have a dot."""
    targets = targets.split("+")
    chosen = {"target_parameters": targets, "target_modules": []} if "." in targets[0] else {"target_modules": targets}
    model = get_peft_model(theirs, LoraConfig(r=2, lora_alpha=5, **chosen)).eval()
    train_at_random_((p for p in model.parameters() if p.requires_grad), 6)
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("case", FAMILIES)
@torch.no_grad()
def test_every_module_that_peft_adapts(case, tmp_path):
    ours, theirs = make_pair(case, "loud", 0)
    ids = random_ids(ours.config, 2, 12, 0)
    targets = leaves(theirs, (nn.Linear, Conv1D, nn.Embedding))
    more = ["gate", "gate.weight", "w1+w2+w3", *(target for _, target in NOT_READ if "experts" in target)]
    targets += more if case == "mixtral" else [PARAMETERS.get(case, "self_attn.o_proj.weight")]
    for target in targets:
        plain, folder = copy.deepcopy(ours), tmp_path / target
        expected = their_logits(theirs_saved(copy.deepcopy(theirs), target, folder), ids, "plain")
        is_tied = ours.config.tie_embeddings and target in ("lm_head", "wte", "word_embeddings", "embed_tokens")
        words = "tied" if is_tied else NOT_READ.get((case, target))
        if words:
            refused(plain, folder, words)
            continue
        assert relative_difference(ours(ids), expected) > 1e-3, target
        assert relative_difference(load_adapter(plain, folder)(ids), expected) <= 1e-5, target


@pytest.mark.parametrize("case", FAMILIES)
@torch.no_grad()
def test_every_layer_that_we_adapt(case, tmp_path):
    ours, theirs = make_pair(case, "loud", 0)
    ids = random_ids(ours.config, 2, 12, 0)
    targets = leaves(ours, (nn.Linear, nn.Embedding, Embedding))
    targets += ["gate_proj+up_proj", "gate_proj+up_proj+down_proj", "router+q_proj"] if case == "mixtral" else []
    for target in targets:
        adapted, folder = copy.deepcopy(ours), tmp_path / target
        if ours.config.tie_embeddings and target == "embed_tokens":
            continue  # inject says why
        inject(adapted, target.split("+"), rank=3, alpha=5)
        train_at_random_((p for p in adapted.parameters() if p.requires_grad), 5)
        words = NOT_SAVED.get((case, target))
        if words:
            with pytest.raises(ValueError, match=words):
                save_adapter(adapted, folder)
            assert not folder.exists()
            continue
        save_adapter(adapted, folder)
        loaded = their_logits(PeftModel.from_pretrained(copy.deepcopy(theirs), str(folder)).eval(), ids, "plain")
        assert relative_difference(ours(ids), loaded) > 1e-3, target
        assert relative_difference(adapted(ids), loaded) <= 1e-5, target
        assert torch.equal(load_adapter(copy.deepcopy(ours), folder)(ids), adapted(ids)), target


@pytest.mark.parametrize("case", small_t5s.CASES)
@torch.no_grad()
def test_every_module_of_t5_that_peft_adapts(case, tmp_path):
    ours, theirs = t5_pairs.make_pair(case, "loud")
    texts = small_t5s.texts(ours.config)
    for target in leaves(theirs, (nn.Linear, nn.Embedding)):
        plain, folder = copy.deepcopy(ours), tmp_path / target
        expected = t5_pairs.their_logits(theirs_saved(copy.deepcopy(theirs), target, folder), *texts, "plain")
        reasons = {"relative_attention_bias": "is a RelativeBias here", "embed_tokens": "is in several places",
                   "shared": "adapter of shared does nothing"}  # fmt: skip
        words = "tied" if ours.config.tie_embeddings and target == "lm_head" else reasons.get(target)
        if target == "shared":
            assert torch.equal(expected, t5_pairs.their_logits(theirs, *texts, "plain"))
        if words:
            refused(plain, folder, words)
            continue
        assert t5_pairs.distance(ours, texts, expected) > 1e-3, target
        assert t5_pairs.distance(load_adapter(plain, folder), texts, expected) <= 1e-5, target


def test_an_adapter_that_would_do_nothing_in_t5_is_not_saved(tmp_path):
    ours = copy.deepcopy(t5_pairs.make_pair("t5-1.1", "loud")[0])
    with pytest.raises(ValueError, match="adapter of shared does nothing"):
        save_adapter(inject(ours, ["embed_tokens", "q_proj"]), tmp_path)
    save_adapter(inject(nn.ModuleDict({"shared": nn.Linear(3, 3)}), ["shared"]), tmp_path)  # somebody's own


# Mixtral's router and experts


def adapted_mixtral(targets, **options):
    ours, theirs = (copy.deepcopy(model) for model in make_pair("mixtral", "loud", 0))
    inject(ours, targets, **{"rank": 3, "alpha": 5} | options)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 5)
    return ours.eval(), theirs, random_ids(ours.config, 2, 12, 0)


EXPERTS = ["gate_proj", "up_proj", "down_proj"]


@pytest.mark.parametrize(("targets", "options"), [
    (["router"], {}), (["router"], {"rank_stabilized": True}), (["down_proj"], {"rank_stabilized": True}),
    (EXPERTS, {}), (["q_proj", "router", *EXPERTS], {"alpha": 2}),
    (["layers.1.mlp.router", "layers.0.self_attn.q_proj"], {}),
    ([f"layers.1.mlp.experts.{number}.{name}" for number in range(4) for name in EXPERTS], {}),
])  # fmt: skip
@torch.no_grad()
def test_what_peft_reads_of_mixtral(targets, options, tmp_path):
    ours, theirs, ids = adapted_mixtral(targets, **options)
    plain = their_logits(theirs, ids, "plain")
    save_adapter(ours, tmp_path)
    model = PeftModel.from_pretrained(theirs, str(tmp_path)).eval()
    assert relative_difference(ours(ids), their_logits(model, ids, "plain")) <= 1e-5
    assert relative_difference(ours(ids), plain) > 0.01


@torch.no_grad()
def test_a_router_may_differ_from_the_rest(tmp_path):
    ours, theirs, ids = adapted_mixtral(["q_proj", "k_proj", "v_proj"])
    inject(ours, ["router"], rank=2, alpha=7)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 4)
    save_adapter(ours, tmp_path)
    model = PeftModel.from_pretrained(theirs, str(tmp_path)).eval()
    assert relative_difference(ours(ids), their_logits(model, ids, "plain")) <= 1e-5
    model.save_pretrained(tmp_path / "again")
    plain = copy.deepcopy(make_pair("mixtral", "loud", 0)[0])
    assert torch.equal(load_adapter(plain, tmp_path / "again")(ids), ours(ids))


@pytest.mark.parametrize(("targets", "options", "words"), [
    (["router"], {"kind": "dora"}, "takes no DoRA there"), (["down_proj"], {"kind": "dora"}, "takes no DoRA there"),
    (["router"], {"dropout": 0.1}, "takes no dropout there"), (EXPERTS, {"rank_stabilized": True}, "doubles the rank"),
    (["gate_proj"], {}, "gate_proj only with"), (["gate_proj", "up_proj"], {}, "gate_proj only with"),
    (["experts.0.down_proj"], {}, "all experts of a layer or none"),
    (["gate_proj", "up_proj", "experts.1.down_proj"], {}, "all experts of a layer or none"),
])  # fmt: skip
def test_what_peft_does_not_read_of_mixtral_is_not_saved(targets, options, words, tmp_path):
    ours, _, _ = adapted_mixtral(targets, **options)
    with pytest.raises(ValueError, match=words):
        save_adapter(ours, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_experts_of_two_ranks_are_not_saved(tmp_path):
    ours, _, _ = adapted_mixtral(["down_proj"])
    inject(ours, ["router"], rank=2, alpha=5)
    with pytest.raises(ValueError, match="one rank and one alpha there"):
        save_adapter(ours, tmp_path)


@torch.no_grad()
def test_the_twin_is_dropped_or_changed_without_a_word(tmp_path, monkeypatch):
    """What PEFT makes of what is refused here: the adapter of gate_proj and up_proj is lost, a factor is another."""
    monkeypatch.setattr(files, "check_experts", lambda settings, everything: set(settings))
    for targets, options in ((["gate_proj", "up_proj"], {}), (EXPERTS, {"rank_stabilized": True})):
        ours, theirs, ids = adapted_mixtral(targets, **options)
        save_adapter(ours, tmp_path)
        model = PeftModel.from_pretrained(theirs, str(tmp_path)).eval()
        assert relative_difference(ours(ids), their_logits(model, ids, "plain")) > 0.01


def test_the_twin_does_not_know_the_later_name(tmp_path, monkeypatch):
    ours, theirs = (copy.deepcopy(model) for model in make_pair("mixtral", "loud", 0))
    theirs_saved(theirs, "gate", tmp_path)
    monkeypatch.setattr(names, "later_name", lambda theirs: theirs)
    refused(ours, tmp_path, "this model has no model.layers.0.mlp.gate")


def test_experts_of_other_models_are_let_through():
    assert experts.check_experts({}, []) == set()


@torch.no_grad()
def test_a_parameter_that_is_stored_turned_is_refused(tmp_path, monkeypatch):
    """GPT-2's square matrices: PEFT's adapter of the parameter is that of the turned matrix, and the shapes agree."""
    ours, theirs = (copy.deepcopy(model) for model in make_pair("gpt2", "loud", 0))
    ids = random_ids(ours.config, 2, 12, 0)
    expected = their_logits(theirs_saved(theirs, "attn.c_proj.weight", tmp_path), ids, "plain")
    refused(ours, tmp_path, "stored as .inputs, outputs.")
    monkeypatch.setattr(files, "_refuse_turned", lambda *_: None)
    assert relative_difference(load_adapter(ours, tmp_path)(ids), expected) > 0.01  # the twin
