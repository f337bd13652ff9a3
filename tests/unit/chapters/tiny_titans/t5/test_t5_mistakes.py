"""Every mistake of the page on T5 shows in the logits of a loud model, and leaves the sound one alone."""

import pytest
import torch

from llmbook.chapters.tiny_titans.t5.experiment import MISTAKES, with_mistake
from llmbook.debug import randomize_, relative_difference
from llmbook.models.t5 import T5
from llmbook.models.t5_config import tiny


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_shows_and_the_model_stays(mistake):
    model = randomize_(T5(tiny()).eval().requires_grad_(False), 0, matrix_std=0.1)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(2, 256, (2, 150), generator=generator), torch.randint(2, 256, (2, 12), generator=generator)
    sound = model(*ids)
    assert relative_difference(with_mistake(model, mistake)(*ids), sound) > 1e-5
    assert torch.equal(model(*ids), sound)
    assert mistake.__doc__ and "\n" not in mistake.__doc__, "the page prints it"
