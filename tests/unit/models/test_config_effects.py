"""No field of a config is silently ignored: each of them, changed alone, changes a small model."""

from dataclasses import dataclass, fields, replace

import pytest
import torch
from tiny_decoders import seeded

from llmbook.debug import randomize_
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.layers.yarn import Yarn
from llmbook.models import T5, Decoder, DecoderConfig, T5Config, gemma, gpt2, llama, olmo2, olmo3, t5_config

IDS = torch.randint(256, (2, 24), generator=seeded())
MIXTRAL, LLAMA = llama.tiny(experts=3, experts_per_token=2), llama.tiny()


def loud(config: DecoderConfig | T5Config) -> Decoder | T5:
    """A model with loud weights, the same for configs that ask for the same tensors."""
    return randomize_((T5 if isinstance(config, T5Config) else Decoder)(config).eval(), 0)


T5S = t5_config.tiny()
FIRST, OTHER = generate_t5(loud(T5S), IDS, max_new_tokens=1)[:, 1].tolist()  # what it writes for either input
STOPPING = replace(T5S, stop_id=FIRST)  # the first text ends at once and is padded
CHANGES: dict[str, tuple[DecoderConfig, object]] = {  # of a field: a config, and another value
    "vocab_size": (gemma.tiny(), 300), "width": (gemma.tiny(), 52), "layers": (gemma.tiny(), 3),
    "heads": (gemma.tiny(), 8), "kv_heads": (gemma.tiny(), 2), "head_size": (gemma.tiny(), 14),
    "feedforward_width": (gemma.tiny(), 97), "max_length": (gpt2.tiny(), 64), "activation": (gemma.tiny(), "gelu"),
    "gated": (gemma.tiny(), False), "experts": (MIXTRAL, 4), "experts_per_token": (MIXTRAL, 1),
    "norm": (gemma.tiny(), "layer"), "norm_eps": (gemma.tiny(), 1e-5), "norm_place": (gemma.tiny(), "post"),
    "qk_norm": (olmo2.tiny(), False), "parallel": (gemma.tiny(), True), "positions": (LLAMA, "learned"),
    "rope_base": (LLAMA, 1e6), "yarn": (olmo3.tiny(), None), "rotary_fraction": (LLAMA, 0.5), "window": (LLAMA, 8),
    "full_attention_every": (olmo3.tiny(), 2), "bias": (LLAMA, True), "head_bias": (LLAMA, True),
    "tie_embeddings": (LLAMA, True), "scale_embedding": (gemma.tiny(), False), "clip_qkv": (LLAMA, 0.1),
}  # fmt: skip
T5_CHANGES: dict[str, tuple[T5Config, object]] = {
    "vocab_size": (T5S, 300), "width": (T5S, 52), "layers": (T5S, 3), "decoder_layers": (T5S, 3), "heads": (T5S, 5),
    "head_size": (T5S, 9), "feedforward_width": (T5S, 97), "activation": (T5S, "gelu"), "gated": (T5S, False),
    "norm_eps": (T5S, 1e-3), "buckets": (T5S, 16), "max_distance": (T5S, 20), "tie_embeddings": (T5S, True),
    "scale_logits": (T5S, True), "start_id": (T5S, 11), "pad_id": (STOPPING, 7), "stop_id": (STOPPING, 1),
}  # fmt: skip


@torch.no_grad()
def shown(config: DecoderConfig | T5Config) -> tuple[dict, torch.Tensor]:
    """What there is to see of a model: shapes, and logits; of a T5 what it writes too."""
    model = loud(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}
    if isinstance(config, DecoderConfig):
        return shapes, model(IDS)
    written = generate_t5(model, IDS, max_new_tokens=6)
    return shapes, torch.cat((model(IDS, IDS).flatten(), written.flatten().float()))


def without_effect(kind: type, changes: dict[str, tuple[object, object]]) -> list[str]:
    """Fields of a config that change nothing, or of which no change is known."""
    ignored = []
    for field in fields(kind):
        if field.name in changes:
            config, value = changes[field.name]
            (shapes, logits), (other_shapes, others) = shown(config), shown(replace(config, **{field.name: value}))
            if shapes != other_shapes or not torch.equal(logits, others):
                continue
        ignored.append(field.name)
    return ignored


@pytest.mark.parametrize(("kind", "changes"), [(DecoderConfig, CHANGES), (T5Config, T5_CHANGES)])
def test_every_field_changes_the_model(kind, changes):
    assert without_effect(kind, changes) == []


@dataclass(frozen=True)
class OneTooMany(DecoderConfig):
    """A decoder's config with a field that nothing reads."""

    dropout: float = 0.0


@dataclass(frozen=True)
class OneTooManyOfT5(T5Config):
    """The same of a T5."""

    dropout: float = 0.0


@pytest.mark.parametrize(("kind", "changes"), [(OneTooMany, CHANGES), (OneTooManyOfT5, T5_CHANGES)])
def test_a_dead_field_is_seen(kind, changes):
    config, _ = changes["width"]
    dead = kind(**{field.name: getattr(config, field.name) for field in fields(config)})
    few = {name: changes[name] for name in ("layers", "norm_eps", "vocab_size")}
    found = without_effect(kind, few | {"dropout": (dead, 0.1)})
    assert "dropout" in found and "width" in found, "and one of which no change is known"
    assert not set(few) & set(found)


def test_the_two_texts_differ():
    """Else nothing would be padded, and a padding that is ignored would not be seen."""
    assert FIRST != OTHER


def test_the_numbers_of_the_stretching_change_the_model():
    config = replace(olmo3.tiny(), yarn=Yarn(4.0, 4096))
    before = shown(config)[1]
    for change in ({"factor": 2.0}, {"original_length": 64}, {"beta_fast": 512.0}, {"beta_slow": 0.25}):
        assert not torch.equal(before, shown(replace(config, yarn=replace(config.yarn, **change)))[1]), change
    assert torch.equal(before, shown(replace(config, yarn=Yarn(4.0, 4096, 32.0, 1.0)))[1])
