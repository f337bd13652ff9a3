"""Limits from both sides: the last value that fits is taken, and the first that does not is refused.

What is only ever refused could be refused one too early, and no test of the refusal would notice.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_decoders import make, seeded
from torch import nn

from llmbook.accounting.serving import Job
from llmbook.accounting.shared_state import state_bytes
from llmbook.adapters import inject
from llmbook.adapters.base import LARGEST_ALPHA, LARGEST_RANK, Settings
from llmbook.adapters.lora_plus import lora_plus_groups
from llmbook.data import MOST_DIGITS, parse_cell
from llmbook.exercises import exercise
from llmbook.generation import KVCache, generate, generate_with_beams
from llmbook.generation.sampling import check_sampling
from llmbook.layers.quantization import quantize
from llmbook.layers.yarn import Yarn
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.perturbations import change_summary
from llmbook.metrics.agreement import correlate
from llmbook.metrics.bootstrap import bootstrap_interval
from llmbook.metrics.intervals import mean_interval
from llmbook.metrics.rouge import ngram_counts
from llmbook.models import gemma, gpt2, llama, phi
from llmbook.models.t5_config import tiny as tiny_t5
from llmbook.summarizers.baselines import central
from llmbook.summarizers.seq2seq import encode
from llmbook.training.adamw import AdamW
from llmbook.training.batches import Batches, pack, train_tokenizer
from llmbook.training.schedule import Schedule
from llmbook.training.token_loss import token_loss
from llmbook.widgets import Choice
from llmbook.widgets.controls import MOST_FRAMES, grid

MEETING = generate_meeting(3, domain="theater")
MODEL = make(gemma.tiny(), std=0.3)  # reads 128 tokens, of 256
PROMPT = torch.full((1, 120), 5)
TOKENIZER = train_tokenizer(["a b c"], 258)
PEAK, ABOVE, BELOW = 0.01, math.nextafter(1, 2), math.nextafter(1, 0)
NEXT_ALPHA = math.nextafter(LARGEST_ALPHA, math.inf)
TINY = math.ulp(0.0)  # the smallest number above 0


def sampling(**change):
    settings = {"temperature": 1.0, "top_k": None, "top_p": None, "valid_vocab_size": None, "vocab_size": 9} | change
    check_sampling(*settings.values())


def cached(length):
    """Keys for so many positions in a cache with room for four."""
    cache, new = KVCache(llama.tiny(), 1, 4, None, "cpu"), torch.zeros(1, 2, length, 12)
    with torch.inference_mode():
        cache.update(0, new, new)


def adapted():
    return inject(nn.Sequential(nn.Linear(4, 4)), ["0"], rank=2, alpha=2)


def check_worth(points):
    def check(f):
        """A title."""

    exercise("a-name", points=points)(check)


LIMITS = {  # what: (a call, values at the limit, values just outside)
    "rank": (lambda v: Settings(rank=v), [1, LARGEST_RANK], [0, LARGEST_RANK + 1]),
    "alpha": (lambda v: Settings(alpha=v), [TINY, LARGEST_ALPHA], [0.0, NEXT_ALPHA]),
    "dropout": (lambda v: Settings(dropout=v), [0.0, BELOW], [-TINY, 1.0]),
    "ratio of LoRA+": (lambda v: lora_plus_groups(adapted(), learning_rate=1, ratio=v), [TINY], [0.0]),
    "processes": (lambda v: state_bytes(8, v), [1], [0]),
    "tokens read": (lambda v: Job(v, 1), [1], [0]),
    "tokens written": (lambda v: Job(1, v), [1], [0]),
    "meetings at once": (lambda v: Job(1, 1, v), [1], [0]),
    "temperature": (lambda v: sampling(temperature=v), [0.0], [-TINY, math.inf]),
    "top_k": (lambda v: sampling(top_k=v), [1], [0]),
    "top_p": (lambda v: sampling(top_p=v), [TINY, 1.0], [0.0, ABOVE]),
    "valid vocabulary": (lambda v: sampling(valid_vocab_size=v), [1, 9], [0, 10]),
    "tokens to generate": (lambda v: generate(MODEL, PROMPT, max_new_tokens=v), [1, 8], [0, 9]),
    "id of the padding": (lambda v: generate(MODEL, PROMPT[:, :2], max_new_tokens=1, pad_id=v), [0, 255], [-1, 256]),
    "tokens with beams": (lambda v: generate_with_beams(MODEL, PROMPT, beams=2, max_new_tokens=v, stop_id=1), [1, 8],
                          [0, 9]),
    "beams": (lambda v: generate_with_beams(MODEL, PROMPT[:, :2], beams=v, max_new_tokens=1, stop_id=1), [1], [0]),
    "rows of a cache": (lambda v: KVCache(llama.tiny(), v, 1, None, "cpu"), [1], [0]),
    "positions of a cache": (lambda v: KVCache(llama.tiny(), 1, v, None, "cpu"), [1], [0]),
    "positions in a cache": (cached, [4], [5]),
    "tokens of a decoder": (lambda v: MODEL(torch.zeros(1, v, dtype=torch.long)), [128], [129]),
    "ids of a decoder": (lambda v: MODEL(torch.tensor([[v]])), [0, 255], [-1, 256]),
    "ids of a loss": (lambda v: token_loss(torch.zeros(1, 9), torch.tensor([v])), [0, 8], [-1, 9]),
    "levels": (lambda v: quantize(torch.ones(2), torch.linspace(-1, 1, v), block=1), [256], [257]),
    "block": (lambda v: quantize(torch.ones(6), torch.tensor([-1.0, 1.0]), block=v), [1, 6], [0, 4, 12]),
    "factor of YaRN": (lambda v: Yarn(v, 8), [1], [BELOW, math.inf]),
    "length of YaRN": (lambda v: Yarn(8, v), [1], [0, math.inf]),
    "fast turns of YaRN": (lambda v: Yarn(8, 8, v, 1.0), [ABOVE], [1.0, math.inf]),
    "slow turns of YaRN": (lambda v: Yarn(8, 8, 32.0, v), [TINY], [0.0, 32.0]),
    "facts": (lambda v: generate_meeting(3, domain="theater", facts=v), [1], [0, 10**6]),
    "chatter": (lambda v: generate_meeting(3, chatter=v), [0.0], [-TINY]),
    "jargon": (lambda v: generate_meeting(3, jargon=v), [0.0, 1.0], [-TINY, ABOVE]),
    "repairs": (lambda v: generate_meeting(3, repairs=v), [0.0, 1.0], [-TINY, ABOVE]),
    "changes": (lambda v: change_summary(MEETING, "facts dropped", count=v), [0, 10**6], [-1]),
    "turns of a baseline": (lambda v: central(MEETING, v), [1, 10**6], [0]),
    "pairs that correlate": (lambda v: correlate(np.arange(v), np.arange(v)), [2], [1]),
    "level of a bootstrap": (lambda v: bootstrap_interval([1.0, 2.0], seed=0, level=v, samples=2), [TINY, BELOW],
                             [0, 1]),
    "samples of a bootstrap": (lambda v: bootstrap_interval([1.0, 2.0], seed=0, samples=v), [1], [0]),
    "meetings of a bootstrap": (lambda v: bootstrap_interval([1.0] * v, seed=0, samples=2), [2], [1]),
    "seeds of an interval": (lambda v: mean_interval(np.ones(v)), [2], [1]),
    "level of an interval": (lambda v: mean_interval(np.ones(2), level=v), [1e-9, 0.999], [0, 1]),
    "comparisons": (lambda v: mean_interval(np.ones(2), comparisons=v), [1], [0]),
    "n of an n-gram": (lambda v: ngram_counts(["a"], v), [1, 2], [0]),
    "eps of a norm": (lambda v: replace(gemma.tiny(), norm_eps=v), [TINY], [0.0]),
    "base of the rotation": (lambda v: replace(gemma.tiny(), rope_base=v), [ABOVE], [1.0]),
    "share that turns": (lambda v: replace(phi.tiny(), rotary_fraction=v), [2 / 20, 1.0], [1 / 20, ABOVE]),
    "clamp": (lambda v: replace(llama.tiny(), clip_qkv=v), [TINY], [0.0]),
    "window": (lambda v: replace(llama.tiny(), window=v), [1], [0]),
    "experts of a token": (lambda v: llama.tiny(experts=3, experts_per_token=v), [1, 3], [0, 4]),
    "positions of a table": (lambda v: make(gpt2.tiny(max_length=v))(torch.zeros(1, 3, dtype=torch.long)), [3], [2]),
    "buckets of T5": (lambda v: replace(tiny_t5(), buckets=v), [4, 8], [2, 6]),
    "distance of T5": (lambda v: replace(tiny_t5(), buckets=8, max_distance=v), [5], [4]),
    "ids of T5": (lambda v: replace(tiny_t5(vocab_size=9), pad_id=v), [0, 8], [-1, 9]),
    "rate": (lambda v: AdamW([nn.Parameter(torch.ones(1))], lr=v), [0.0], [-TINY]),
    "eps of AdamW": (lambda v: AdamW([nn.Parameter(torch.ones(1))], eps=v), [0.0], [-TINY]),
    "decay of AdamW": (lambda v: AdamW([nn.Parameter(torch.ones(1))], weight_decay=v), [0.0], [-TINY]),
    "betas": (lambda v: AdamW([nn.Parameter(torch.ones(1))], betas=(v, v)), [0.0, BELOW], [-TINY, 1.0]),
    "vocabulary to learn": (lambda v: train_tokenizer(["a"], v), [258], [257]),
    "length of a row": (lambda v: pack(TOKENIZER, ["abc"], v), [1, 3], [0, 4]),
    "rows of a batch": (lambda v: Batches(torch.zeros(3, 2), v, seeded()), [1, 3], [0, 4]),
    "tokens of a summary": (lambda v: encode(TOKENIZER, "abc", v), [2], [1]),
    "warm-up": (lambda v: Schedule(PEAK, 9, v), [0, 8], [-1, 9]),
    "anneal": (lambda v: Schedule(PEAK, 9, 3, anneal_steps=v), [0, 5], [-1, 6]),
    "floor": (lambda v: Schedule(PEAK, 9, floor=v), [0.0, PEAK], [-TINY, math.nextafter(PEAK, 1)]),
    "warm-up of a root": (lambda v: Schedule(PEAK, 9, v, shape="inverse_sqrt"), [1], [0]),
    "frames of a page": (lambda v: grid({"x": Choice("x", range(v), 0)}), [MOST_FRAMES], [MOST_FRAMES + 1]),
    "points of a check": (check_worth, [TINY], [0]),
    "digits of a cell": (lambda v: parse_cell("1" * v), [MOST_DIGITS], [MOST_DIGITS + 1]),
}  # fmt: skip


def assert_ends_there(call, inside, outside):
    """Every value inside is taken, and every one outside is refused."""
    for value in inside:
        call(value)
    for value in outside:
        with pytest.raises(ValueError):
            call(value)


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_lies_between_what_fits_and_what_does_not(name):
    assert_ends_there(*LIMITS[name])


@pytest.mark.parametrize("last", [8, 10])
def test_a_limit_that_lies_one_too_low_or_too_high_is_seen(last):
    def take(value):
        if value > last:
            raise ValueError

    assert_ends_there(take, [last], [last + 1])
    with pytest.raises((ValueError, pytest.fail.Exception)):
        assert_ends_there(take, [9], [10])
