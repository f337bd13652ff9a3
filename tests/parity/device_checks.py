"""What a model does on a device, brought back here, so that two devices can be compared. Shared by the device tests."""

import copy
from contextlib import ExitStack
from dataclasses import replace

import pairs
import small_t5s
import torch
from torch import Tensor, nn

from llmbook.adapters import inject, merge, trainable_parameters
from llmbook.debug import relative_difference
from llmbook.generation import generate, generate_with_beams
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.layers.quantized_linear import quantize_linears_
from llmbook.models import T5, DecoderConfig, T5Config
from llmbook.models.t5_training import sequence_loss, shift_right
from llmbook.training.loop import next_token_loss, train

CASES: dict[str, DecoderConfig | T5Config] = {
    **{name: config for name, (_, config) in (pairs.CASES | pairs.MORE_CASES).items()},
    **small_t5s.CASES,
    # ReLU has a kink, where rounding may turn a gradient on or off.
    "t5-1.0": replace(small_t5s.CASES["t5-1.0"], activation="gelu_tanh"),
}
FAMILIES = (
    "gemma-2b", "llama-grouped", "olmo-clipped", "olmo2", "olmo3", "mistral", "mixtral", "gpt2", "falcon", "phi",
    "t5-1.0", "flan",
)  # fmt: skip
TOLERANCE = 1e-4  # float32, relative to the largest number: ten times what two kernels of one processor differ by
ADAPTERS = {"lora": ("lora", False), "dora": ("dora", False), "quantized lora": ("lora", True)}
NEW_TOKENS = 4


def make_model(case: str) -> nn.Module:
    """A small model of this case, on the processor, with loud weights."""
    owner = small_t5s if case in small_t5s.CASES else pairs
    return owner.our_model(CASES[case], "loud", 0)


def forward_logits(model: nn.Module, device) -> dict[str, Tensor]:
    """Logits of plain and of padded rows; the mask is left on the processor, as a tokenizer gives it."""
    with torch.no_grad():
        if isinstance(model, T5):
            reads, writes = small_t5s.texts(model.config)
            mask = small_t5s.padding(reads)
            return {
                "plain": model(reads.to(device), writes.to(device)),
                "padded": model(reads.to(device), writes.to(device), attention_mask=mask),
            }
        ids = pairs.random_ids(model.config, 3, 24, 0)
        mask = pairs.real_tokens(ids)
        padded = model(ids.to(device), attention_mask=mask)
        return {"plain": model(ids.to(device)), "padded": padded * mask[:, :, None].to(device)}


def generated_ids(model: nn.Module, device, beams: int = 1) -> Tensor:
    """Two continuations of padded prompts, greedy or by beam search, through the cache."""
    if isinstance(model, T5):
        reads, _ = small_t5s.texts(model.config)
        mask, limits = small_t5s.padding(reads), {"max_new_tokens": NEW_TOKENS, "beams": beams}
        return generate_t5(model, reads.to(device), attention_mask=mask, **limits)
    ids = pairs.random_ids(model.config, 3, 12, 0)
    options = {"max_new_tokens": NEW_TOKENS, "attention_mask": pairs.real_tokens(ids)}
    if beams > 1:
        return generate_with_beams(model, ids.to(device), beams=beams, stop_id=1, **options)
    return generate(model, ids.to(device), stop_ids=[1], **options)


def trained_adapter(model: nn.Module, device, kind: str, quantized: bool = False) -> dict[str, Tensor]:
    """Put in an adapter, take one step, merge; the loss, the adapter, and logits through the merged weight.

    The step is one of plain gradient descent. AdamW's first step has the same size whatever the gradient, so rounding
    would turn where a gradient is almost zero.
    """
    model = copy.deepcopy(model)
    if quantized:
        quantize_linears_(model, ["q_proj", "down_proj"])
    generator = torch.Generator().manual_seed(2)
    inject(model, ["q_proj", "down_proj"], kind=kind, rank=3, generator=generator).train()
    if isinstance(model, T5):
        batch, loss = [each.to(device) for each in small_t5s.texts(model.config)], t5_loss
    else:
        batch, loss = pairs.random_ids(model.config, 3, 24, 1).to(device), next_token_loss
    optimizer = torch.optim.SGD(trainable_parameters(model).values())
    (record,) = train(model, [batch], steps=1, learning_rate=0.1, loss=loss, optimizer=optimizer)
    found = {name: parameter.detach() for name, parameter in trainable_parameters(model).items()}
    if not quantized:
        merge(model)
    return {"loss": torch.tensor(record.loss)} | found | forward_logits(model.eval(), device)


def t5_loss(model: T5, batch: list[Tensor]) -> Tensor:
    """Of writing the second text after reading the first."""
    reads, writes = batch
    return sequence_loss(model(reads, shift_right(writes)), writes)


def largest_difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """The largest relative difference of any of the tensors, wherever they are."""
    assert found.keys() == expected.keys()
    return max(relative_difference(found[name], expected[name]) for name in expected)


def score_gap(model: nn.Module, ids: Tensor) -> float:
    """How far below the best logit a chosen token was, at most, relative to the largest logit: 0 if each was the best.

    Rounding may decide between two equally good tokens, so ids are not compared; ``model`` is on the processor.
    """
    if isinstance(model, T5):
        reads, _ = small_t5s.texts(model.config)
        logits = model(reads, ids[:, :-1], attention_mask=small_t5s.padding(reads))
        chosen, ended = ids[:, 1:], model.config.stop_id
    else:
        mask = pairs.real_tokens(ids[:, :12])
        mask = nn.functional.pad(mask, (0, ids.shape[1] - 12), value=True)
        logits, chosen, ended = model(ids, attention_mask=mask)[:, 11:-1], ids[:, 12:], 1
    open_rows = (chosen == ended).cumsum(-1) - (chosen == ended).long() == 0
    gap = logits.max(-1).values - logits.gather(-1, chosen[..., None])[..., 0]
    return float((gap * open_rows).max() / logits.abs().max())


def disagreement(case: str, device, context=ExitStack, adapters=tuple(ADAPTERS)) -> float:
    """The largest difference between a device and the processor, over everything that is promised of a family.

    Args:
        case: of ``CASES``.
        device: where to run.
        context: makes the context that the device needs.
        adapters: of ``ADAPTERS``, each for one training step.
    """
    model, cpu = make_model(case), torch.device("cpu")
    with context():
        away = copy.deepcopy(model).to(device)
        gaps = [largest_difference(forward_logits(away, device), forward_logits(model, cpu))]
        greedy, beams = generated_ids(away, device).cpu(), generated_ids(away, device, beams=2).cpu()
        for adapter in adapters:
            ours = trained_adapter(away, device, *ADAPTERS[adapter])
            gaps.append(largest_difference(ours, trained_adapter(model, cpu, *ADAPTERS[adapter])))
    assert beams.shape[0] == greedy.shape[0]
    with torch.no_grad():
        return max(*gaps, score_gap(model, greedy))
