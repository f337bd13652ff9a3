"""Training and evaluation: who needs one of the two modes takes it for as long as it lasts, and gives the old one back.

A model that was loaded is in evaluation mode, where no dropout runs, and adapters take the mode of what they adapt. So
nobody may rely on the mode in which a model comes.
"""

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def switched(model: nn.Module, training: bool) -> Iterator[None]:
    """While this context is open, a model trains or evaluates; afterward, and after an error, all is as it was.

    Args:
        model: switched with its own ``train``, which may say that parts of it stay as they are.
        training: the mode: True to train, False to evaluate.
    """
    before = {module: module.training for module in model.modules()}
    whole = model.training
    if any(mode != training for mode in before.values()):
        model.train(training)
    try:
        yield
    finally:
        if any(module.training != mode for module, mode in before.items()):
            model.train(whole)
            for module, mode in before.items():  # some had a mode of their own
                module.training = mode
