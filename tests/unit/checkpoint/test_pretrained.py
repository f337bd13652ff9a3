"""Models in whatever wrapper are saved as they are inside, and what is loaded in whatever mode can be trained."""

import contextlib

import pytest
import torch
from small_t5s import CASES, our_model, texts
from tiny_decoders import IDS, TINY, make
from torch import nn
from torch.optim.swa_utils import AveragedModel

from llmbook.adapters import inject, load_adapter, save_adapter
from llmbook.checkpoint import CheckpointError, load_pretrained, pretrained, save_pretrained
from llmbook.training.loop import next_token_loss


class Holder(nn.Module):
    """What many programs around torch do with a model."""

    def __init__(self, model):
        super().__init__()
        self.module = model

    def forward(self, *args):
        return self.module(*args)


def compiled(model):
    return torch.compile(model, backend="eager")


def inside(model):
    """Wrappers within the model: one of its blocks, and a layer of another."""
    model.layers[0] = compiled(model.layers[0])
    model.layers[1].mlp = Holder(model.layers[1].mlp)
    return model


WRAPPED = {"compiled": compiled, "parallel": nn.DataParallel, "averaged": AveragedModel, "held": Holder,
           "twice": lambda model: Holder(compiled(model)), "inside": inside}  # fmt: skip


def same_files(one, other):
    """Whether two folders hold the same."""
    return all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in ("config.json", "model.safetensors")
    )


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_a_wrapped_model_is_saved_as_the_model_in_it(wrapper, tmp_path):
    save_pretrained(make(TINY["gemma"]), tmp_path / "bare")
    read = load_pretrained(tmp_path / "bare")
    read.special_ids.in_config["eos_token_id"] = [1, 107]
    save_pretrained(read, tmp_path / "read")
    save_pretrained(WRAPPED[wrapper](read), tmp_path / "wrapped")
    assert same_files(tmp_path / "wrapped", tmp_path / "read") and not same_files(tmp_path / "read", tmp_path / "bare")
    assert torch.equal(load_pretrained(tmp_path / "wrapped")(IDS), read(IDS))


def test_a_wrapped_t5_too(tmp_path):
    model = our_model(CASES["t5-1.0"], "quiet", 0)
    save_pretrained(model, tmp_path / "bare")
    save_pretrained(compiled(model), tmp_path / "wrapped")
    assert same_files(tmp_path / "wrapped", tmp_path / "bare")


@pytest.mark.parametrize("name", ["unwrapped", "plain_name"])
def test_wrapped_names_are_refused(name, monkeypatch, tmp_path):
    """The twin: what stands around the model, or inside it, is left on."""
    model = inside(make(TINY["gemma"])) if name == "plain_name" else Holder(make(TINY["gemma"]))
    monkeypatch.setattr(pretrained, name, {"unwrapped": lambda model: model, "plain_name": lambda _, name: name}[name])
    with pytest.raises((AttributeError, CheckpointError), match=r"config|tensors are not those of its config"):
        save_pretrained(model, tmp_path)


class Sharded(torch.Tensor):
    """Like what ``fully_shard`` makes of a parameter: it has the shape of the whole."""

    def full_tensor(self):
        raise AssertionError("nobody gathers without being asked")


def sharded(model):
    model.norm.weight = nn.Parameter(model.norm.weight.detach().as_subclass(Sharded))
    return model


def flattened(model):
    """As the older class of sharding has it: a part of the numbers in a row."""
    model.norm.weight = nn.Parameter(model.norm.weight.detach()[:5])
    return model


@pytest.mark.parametrize("change", [sharded, flattened])
def test_parts_of_a_model_are_not_saved(change, monkeypatch, tmp_path):
    model = change(make(TINY["llama"]))
    with pytest.raises(CheckpointError, match=r"^norm\.weight: only a part is here.*full_state_dict"):
        save_pretrained(Holder(model), tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(pretrained, "_refuse_parts", lambda *_: None)
    save_pretrained(model, tmp_path)  # the twin
    assert (tmp_path / "model.safetensors").exists()


# Inference mode


def t5_loss(model):
    return model(*texts(model.config, read=6, written=4)).square().mean()


MODELS = {"decoder": lambda: make(TINY["llama"]), "t5": lambda: our_model(CASES["t5-1.0"], "quiet", 0)}
LOSSES = {"decoder": lambda model: next_token_loss(model, IDS), "t5": t5_loss}
MODES = {"inference": torch.inference_mode, "no gradients": torch.no_grad, "usual": contextlib.nullcontext}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_can_be_trained_whatever_the_mode_it_was_loaded_in(kind, mode, tmp_path):
    save_pretrained(MODELS[kind](), tmp_path)
    with MODES[mode]():
        before = torch.is_inference_mode_enabled(), torch.is_grad_enabled()
        model = load_pretrained(tmp_path, dtype="float32")
        assert (torch.is_inference_mode_enabled(), torch.is_grad_enabled()) == before
    LOSSES[kind](model).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert all(parameter.requires_grad and parameter.grad is not None for parameter in model.parameters())
    assert not any(tensor.is_inference() for tensor in (*model.parameters(), *model.buffers()))


def test_an_adapter_that_is_loaded_in_inference_mode_can_be_trained(tmp_path):
    save_pretrained(make(TINY["llama"]), tmp_path / "model")
    save_adapter(inject(make(TINY["llama"]), ["q_proj"], kind="dora", rank=2), tmp_path / "adapter")
    with torch.inference_mode():
        model = load_adapter(load_pretrained(tmp_path / "model"), tmp_path / "adapter")
    LOSSES["decoder"](model).backward()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert len(trained) == 3 * 2 and all(parameter.grad is not None for parameter in trained)


@pytest.mark.parametrize("kind", MODELS)
def test_made_in_inference_mode_it_cannot(kind, tmp_path):
    """The twin: the same function, without leaving that mode."""
    save_pretrained(MODELS[kind](), tmp_path)
    with torch.inference_mode():
        model = load_pretrained.__wrapped__(tmp_path)
    with pytest.raises(RuntimeError, match=r"[Ii]nference tensor"):
        LOSSES[kind](model).backward()
