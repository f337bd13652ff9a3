"""The costs of a T5 equal what torch counts while the model runs, and the bytes that its cache holds."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmbook.accounting.t5 import reading_flops, t5_cache_bytes, writing_flops
from llmbook.generation.encoder_decoder import T5Cache
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED, tiny

CONFIGS = {"t5-small": PUBLISHED["t5-small"], "flan-t5-base": PUBLISHED["flan-t5-base"], "tiny": tiny()}


def counted(run) -> int:
    """Multiplications and additions of all products, with the attention written out."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops()


@pytest.fixture(params=CONFIGS)
def model(request):
    with torch.device("meta"):
        return T5(CONFIGS[request.param])


def ids(length):
    return torch.zeros(1, length, dtype=torch.long, device="meta")


@pytest.mark.parametrize("read", [1, 100, 700])
def test_reading(read, model):
    assert counted(lambda: model.encode(ids(read))) == reading_flops(model.config, read)
    assert counted(lambda: model.encode(ids(read + 1))) != reading_flops(model.config, read)


@pytest.mark.parametrize(("read", "written"), [(1, 1), (300, 5)])
def test_writing(read, written, model):
    memory = model.encode(ids(read))

    def with_cache():
        cache = T5Cache(model.config, 1, written, device="meta")
        for _ in range(written):
            model.decode(ids(1), memory, cache=cache)

    def without():
        for length in range(1, written + 1):
            model.logits(model.hidden_states(ids(length), memory)[:, -1:])

    expected = writing_flops(model.config, read, written)
    assert counted(with_cache) == expected
    assert counted(without) == writing_flops(model.config, read, written, cached=False)
    assert written == 1 or writing_flops(model.config, read, written, cached=False) > expected


def test_the_cache(model):
    read, written, batch = 40, 7, 3
    cache = T5Cache(model.config, batch, written, device="meta")
    with torch.no_grad():
        model.decode(ids(1).expand(batch, 1), model.encode(ids(read)).expand(batch, -1, -1), cache=cache)
    assert cache.bytes == t5_cache_bytes(model.config, read, written, batch, bytes_per_value=4)
    assert t5_cache_bytes(model.config, read, written) == cache.bytes // batch // 2
