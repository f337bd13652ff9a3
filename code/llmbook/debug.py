"""Finding a mistake: weights that hide nothing, and the first module in which two models part.

A fresh model is a poor witness. Its norms have a gain of one, its biases are zero and its numbers are small, so a
gain that was never loaded, a clamp or a curved activation changes nothing. Loud weights make every tensor matter.

Two models that should agree and do not are compared module by module: the mistake lies in the one whose input still
agrees and whose output does not. In bfloat16 no later input agrees exactly, because each module hands its roundings on;
there every module is given the input that the reference's module got.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from llmbook.models.keys import Stored


def randomize_(
    model: nn.Module, seed: int | torch.Generator, *, matrix_std: float = 0.3, vector_std: float = 0.5
) -> nn.Module:
    """Give a fresh model loud weights, in place.

    Matrices are drawn from N(0, matrix_std^2). A vector is drawn around its neutral value: 1 for a gain, 0 for a bias
    and for the ``w`` of a gain ``1 + w``. That value is read off the tensor, as its mean rounded to 0 or 1, so this
    works on any library's modules, provided that the model is fresh.

    Args:
        model: any module with floating-point parameters; a shared parameter is drawn once.
        seed: an integer, or a CPU generator. The numbers do not depend on the model's device.
        matrix_std: standard deviation of tensors with two axes and more; published models start near 0.02.
        vector_std: standard deviation of tensors with one axis.

    Returns:
        The model itself.
    """
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in model.parameters():
            noise = torch.randn(tensor.shape, generator=generator)
            is_vector = tensor.ndim < 2
            neutral = float(tensor.mean().round().clamp(0, 1)) if is_vector else 0.0
            tensor.copy_(neutral + noise * (vector_std if is_vector else matrix_std))
    return model


def relative_difference(a: Tensor, b: Tensor) -> float:
    """``max |a - b| / max |b|`` in float64; b is the reference.

    NaN anywhere gives infinity, so that no comparison with a tolerance passes by accident. Two tensors of zeros
    differ by 0.

    Raises:
        ValueError: the shapes differ, where broadcasting would hide a mistake.
    """
    if a.shape != b.shape:
        raise ValueError(f"shapes {tuple(a.shape)} and {tuple(b.shape)} differ; compare tensors of one shape")
    a, b = a.detach().cpu().double(), b.detach().cpu().double()  # in this order: a Mac's GPU has no float64
    if not a.numel():
        return 0.0
    gap, size = float((a - b).abs().max()), float(b.abs().max())
    if not gap <= float("inf") or not size < float("inf"):  # NaN fails every comparison
        return float("inf")
    return gap / size if size else (float("inf") if gap else 0.0)


@dataclass(frozen=True)
class Divergence:
    """Where two models part."""

    name: str
    """Our name of the module, such as "layers.1.mlp"; "logits" if all modules agree and the logits do not."""
    difference: float
    """Relative difference of the outputs; infinite if the shapes differ."""
    our_shape: tuple[int, ...]
    """Shape of our output."""
    their_shape: tuple[int, ...]
    """Shape of theirs."""


def first_divergence(
    ours: nn.Module,
    theirs: nn.Module,
    ids: Tensor,
    *,
    names: Mapping[str, Stored] | None = None,
    tolerance: float = 1e-5,
) -> Divergence | None:
    """Run two models on the same ids, and name the module to look at.

    It is the first one to finish whose input agrees in both models and whose output differs. So a wrong activation is
    found in ``layers.1.mlp``, not in the ``down_proj`` that only passes it on.

    Args:
        ours: the model under suspicion.
        theirs: the reference; what it returns is a tensor or has ``logits``.
        ids: token ids ``(B, T)``.
        names: a family's ``key_table(config)``; modules are matched by it, where a tensor goes to one place. Norms of
            OLMo have no tensors: for them pass the table of ``replace(config, norm="rms")``. None: names are the same.
        tolerance: the relative difference above which two tensors differ; 1e-5 suits float32.

    Returns:
        The divergence, or None if the logits agree.
    """
    pairs = _module_pairs(names) if names is not None else {name: name for name, _ in ours.named_modules() if name}
    with ExitStack() as hooks, torch.no_grad():
        our_calls = hooks.enter_context(_recorded(ours, pairs.values()))
        their_calls = hooks.enter_context(_recorded(theirs, pairs))
        our_logits, their_logits = _logits(ours(ids)), _logits(theirs(ids))
    end = _divergence("logits", our_logits, their_logits)
    if end.difference <= tolerance:
        return None
    to_theirs = {our_name: their_name for their_name, our_name in pairs.items()}
    suspects = []
    for name, (our_input, our_output) in our_calls.items():  # in the order in which the modules finished
        if to_theirs[name] in their_calls:
            their_input, their_output = their_calls[to_theirs[name]]
            found = _divergence(name, our_output, their_output)
            if found.difference > tolerance:
                suspects.append((_divergence(name, our_input, their_input).difference > tolerance, found))
    guilty = [found for input_differs, found in suspects if not input_differs]
    return (guilty or [found for _, found in suspects] or [end])[0]


def module_differences(
    ours: nn.Module,
    theirs: nn.Module,
    ids: Tensor,
    modules: Iterable[str],
    *,
    names: Mapping[str, Stored] | None = None,
) -> dict[str, float]:
    """Compare some modules one by one: each of ours reads what theirs has read, so that no difference is handed on.

    That is how to compare in bfloat16. The logits of two right models may be percents apart there, since the
    roundings of one module move all that follows; the output of a single module may not.

    Args:
        ours: the model under suspicion.
        theirs: the reference.
        ids: token ids ``(B, T)``.
        modules: our names, such as "layers.0.attention_norm"; none of them inside another.
        names: a family's ``key_table(config)``; None: names are the same.

    Returns:
        The relative difference of the outputs, by our name; infinite if the shapes differ.
    """
    modules, pairs = list(modules), _module_pairs(names or {})
    to_theirs = {name: name for name in modules} | {ours: theirs for theirs, ours in pairs.items()}
    with ExitStack() as hooks, torch.no_grad():
        their_calls = hooks.enter_context(_recorded(theirs, [to_theirs[name] for name in modules]))
        theirs(ids)
    with ExitStack() as hooks, torch.no_grad():
        for name in modules:
            given = their_calls[to_theirs[name]][0]
            module = ours.get_submodule(name)
            handle = module.register_forward_pre_hook(lambda _, args, given=given: (given, *args[1:]))
            hooks.callback(handle.remove)
        our_calls = hooks.enter_context(_recorded(ours, modules))
        ours(ids)
    return {name: _divergence(name, our_calls[name][1], their_calls[to_theirs[name]][1]).difference for name in modules}


def _module_pairs(names: Mapping[str, Stored]) -> dict[str, str]:
    """Modules that hold the tensors of a key table, and the modules around those: ``{theirs: ours}``."""
    pairs = {}
    for theirs, place in names.items():
        ours = place.names[0] if len(place.names) == 1 else ""  # a stacked tensor belongs to several modules
        while "." in ours:
            theirs, ours = theirs.rpartition(".")[0], ours.rpartition(".")[0]
            pairs[theirs] = ours
    return pairs


@contextmanager
def _recorded(model: nn.Module, names: Iterable[str]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Collect input and output of the named modules while the context is open, in the order in which they finish."""
    calls, handles = {}, []
    for name in names:

        def keep(_, args, kwargs, output, name=name):
            calls[name] = _first_tensor((*args, *kwargs.values())).clone(), _first_tensor(output).clone()

        handles.append(model.get_submodule(name).register_forward_hook(keep, with_kwargs=True))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _first_tensor(value: object) -> Tensor:
    """The tensor itself, or the first one in a tuple: transformers' attention also returns its weights."""
    return value if isinstance(value, Tensor) else next(item for item in value if isinstance(item, Tensor))


def _logits(output: object) -> Tensor:
    """What a model returned, as a tensor."""
    return getattr(output, "logits", output)


def _divergence(name: str, ours: Tensor, theirs: Tensor) -> Divergence:
    """Compare two outputs."""
    difference = relative_difference(ours, theirs) if ours.shape == theirs.shape else float("inf")
    return Divergence(name, difference, tuple(ours.shape), tuple(theirs.shape))
