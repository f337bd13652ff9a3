"""Our T5 gives the logits of transformers' T5 1.0, 1.1 and FLAN shapes; each deliberate fault must break that."""

import copy
from functools import cache

import pytest
import torch
from small_t5s import CASES, padding, texts
from t5_faults import FAULTS, Fault
from t5_pairs import INITS, SCENES, TOLERANCE, distance, make_pair, their_logits
from transformers.models.t5.modeling_t5 import T5Attention

from llmbook.layers.relative_bias import relative_buckets
from llmbook.models.t5_config import config_from_checkpoint, config_from_hf, config_to_hf


@pytest.mark.parametrize("case", CASES)
def test_the_reference_is_what_its_config_says(case):
    """A misread key would leave transformers' default in place, and both models could be wrong alike."""
    config, (_, theirs) = CASES[case], make_pair(case, "loud")
    attention = theirs.encoder.block[0].layer[0].SelfAttention
    feed_forward = theirs.decoder.block[0].layer[2].DenseReluDense
    assert attention.inner_dim == config.heads * config.head_size and attention.scaling == 1.0
    assert (attention.inner_dim == config.width) == (case == "t5-1.0")
    assert len(theirs.encoder.block) == config.layers != len(theirs.decoder.block) == config.decoder_layers
    assert attention.relative_attention_num_buckets == config.buckets
    assert attention.relative_attention_max_distance == config.max_distance
    assert theirs.decoder.final_layer_norm.variance_epsilon == config.norm_eps == 1e-6
    assert theirs.config.scale_decoder_outputs == config.scale_logits
    assert (theirs.lm_head.weight is theirs.shared.weight) == config.tie_embeddings
    assert type(feed_forward.act).__name__ == {"relu": "ReLU", "gelu_tanh": "NewGELUActivation"}[config.activation]
    assert hasattr(feed_forward, "wi_1") == config.gated
    assert theirs.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("case", CASES)
def test_configs_go_there_and_back(case):
    config, theirs = CASES[case], make_pair(case, "loud")[1]
    assert config_from_hf(config_to_hf(config)) == config
    names = {name for name, _ in theirs.named_parameters()}  # of a tied model without lm_head
    assert config_from_checkpoint(theirs.config.to_dict(), names) == config


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("scene", SCENES)
def test_float32(case, init, scene):
    for seed in range(2):
        ours, theirs = make_pair(case, init, seed)
        inputs = texts(CASES[case], seed=seed)
        assert distance(ours, inputs, their_logits(theirs, *inputs, scene), scene) <= TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_the_reference_reads_padding_as_we_do(case):
    ours, theirs = make_pair(case, "loud")
    input_ids, decoder_ids = texts(CASES[case])
    mask = padding(input_ids)
    with torch.no_grad():
        expected = theirs(input_ids=input_ids, attention_mask=mask.long(), decoder_input_ids=decoder_ids).logits
    assert distance(ours, (input_ids, decoder_ids), expected, "padded") <= TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_float32_against_eager_attention(case):
    """The formula written out, so that SDPA is not only compared with itself."""
    for init in INITS:
        ours, theirs = make_pair(case, init, 0, "eager")
        inputs = texts(CASES[case])
        assert 0 < distance(ours, inputs, their_logits(theirs, *inputs, "plain")) <= TOLERANCE


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("init", INITS)
def test_bfloat16(case, init):
    """T5 1.0: bit for bit. With GELU, in whose formula transformers rounds, as close as bfloat16 is to float32.

    How close that is depends on the processor, so it is measured here.
    """
    exact = make_pair(case, init)[0]
    ours, theirs = (copy.deepcopy(model).to(torch.bfloat16) for model in make_pair(case, init))
    inputs = texts(CASES[case])
    assert ours(*inputs).dtype == torch.bfloat16
    expected = their_logits(theirs, *inputs, "plain")
    found, rounding = distance(ours, inputs, expected), distance(exact, inputs, expected)
    assert found == 0 if case == "t5-1.0" else found <= 3 * rounding <= 0.3
    assert distance(exact, inputs, ours(*inputs)) <= 2 * rounding


def test_bfloat16_equality_sees_one_rounding():
    """The twin: one row of one matrix, moved to the next numbers that bfloat16 has."""
    ours, theirs = (copy.deepcopy(model).to(torch.bfloat16) for model in make_pair("t5-1.0", "loud"))
    ours.decoder.layers[1].cross_attn.o_proj.weight[0].view(torch.int16)[:] += 1
    inputs = texts(CASES["t5-1.0"])
    assert distance(ours, inputs, their_logits(theirs, *inputs, "plain")) > 0


@pytest.mark.parametrize(("read", "written"), [(1, 1), (1, 30), (300, 2)])
def test_lengths(read, written):
    ours, theirs = make_pair("flan", "loud", 1)
    inputs = texts(CASES["flan"], read=read, written=written)
    assert distance(ours, inputs, their_logits(theirs, *inputs, "plain")) <= TOLERANCE


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("buckets", "max_distance"), [(32, 128), (8, 20), (16, 50), (4, 1000), (64, 128)])
def test_buckets_of_every_distance(bidirectional, buckets, max_distance):
    distances = torch.arange(-3000, 3001)
    expected = T5Attention._relative_position_bucket(distances, bidirectional, buckets, max_distance)
    ours = relative_buckets(distances, bidirectional=bidirectional, buckets=buckets, max_distance=max_distance)
    assert torch.equal(ours, expected)
    assert int(ours.min()) == 0 and int(ours.max()) == buckets - 1


@cache
@torch.no_grad()
def witnesses(case: str, init: str, scene: str):
    """Our sound model, its inputs, and the reference's logits."""
    ours, theirs = make_pair(case, init)
    inputs = texts(CASES[case])
    return ours, inputs, their_logits(theirs, *inputs, scene)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault, monkeypatch):
    for init in INITS:
        sound, inputs, expected = witnesses(fault.case, init, fault.scene)
        assert distance(sound, inputs, expected, fault.scene) <= TOLERANCE
        broken = copy.deepcopy(sound)
        with monkeypatch.context() as patch:
            fault.break_(broken, patch)
            after = distance(broken, inputs, expected, fault.scene)
        if init in fault.caught:
            assert after > 1.5 * TOLERANCE, init
        elif init in fault.blind:
            assert after <= TOLERANCE, f"{init}: visible after all; move it to `caught`"


def test_every_fault_is_caught_somewhere():
    assert all(fault.caught for fault in FAULTS)
