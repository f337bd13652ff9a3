r"""What training a T5 needs besides the model: its decoder's input, its loss, and its initialization.

The decoder reads the labels one place later than it has to predict them, behind a start token ("teacher forcing").
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.models.t5 import T5

IGNORED_LABEL = -100  # a position with this label is not learned from


def shift_right(labels: Tensor, *, start_id: int = 0, pad_id: int = 0) -> Tensor:
    """The decoder's input for labels: ``start, label 0, label 1, ...`` without the last.

    Args:
        labels: ``(B, T)``, the ids to predict, -100 where there is nothing to predict.
        start_id: what the decoder reads first; T5's is its padding.
        pad_id: read in the place of -100, which is no token.
    """
    shifted = torch.cat((torch.full_like(labels[:, :1], start_id), labels[:, :-1]), dim=1)
    return shifted.masked_fill(shifted == IGNORED_LABEL, pad_id)


def sequence_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy, in nats per token, of the labels that are not -100.

    Args:
        logits: ``(B, T, V)`` of a decoder that read ``shift_right(labels)``.
        labels: ``(B, T)``, integers of any width.

    Raises:
        ValueError: every label is -100, where the mean of nothing would be NaN.
    """
    if bool((labels == IGNORED_LABEL).all()):
        raise ValueError(f"every label is {IGNORED_LABEL}: there is nothing to learn from; leave this batch out")
    return F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten().long(), ignore_index=IGNORED_LABEL)


def initialize_t5_(model: T5, generator: torch.Generator) -> T5:
    r"""Draw fresh weights as T5 does, in place: every matrix from N(0, 1 / inputs), norms at a gain of one.

    Two are smaller or larger. Queries have :math:`\sigma = 1 / \sqrt{D E}`, which does what a scale of the scores by
    :math:`1 / \sqrt{E}` would do. The embedding has :math:`\sigma = 1`; where it is the output matrix
    too, the logits are scaled by :math:`1 / \sqrt{D}`, and an output matrix of its own starts at that size.

    Source: Mesh TensorFlow's T5, as transformers' ``T5PreTrainedModel._init_weights`` has it. There an output matrix of
    its own starts with :math:`\sigma = 1`, which suits loading and not training.

    Args:
        model: a T5 on the generator's device.
        generator: the source of randomness.

    Returns:
        The model itself.
    """
    c = model.config
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.endswith("norm.weight"):
                tensor.fill_(1.0)
                continue
            if name == "embed_tokens.weight":
                std = 1.0
            elif name.endswith("q_proj.weight"):
                std = (c.width * c.head_size) ** -0.5
            else:
                std = (c.width if "relative_bias" in name else tensor.shape[1]) ** -0.5
            tensor.normal_(0.0, std, generator=generator)
    return model
