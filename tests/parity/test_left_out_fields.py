"""What a ``config.json`` leaves out or says with null: each family means what transformers means."""

import contextlib
from dataclasses import replace

import pytest
import transformers

from llmbook.models import FAMILIES, llama, t5_config

FAMILY = FAMILIES | {"t5": t5_config.FAMILY}
SIZES = {"heads": 16, "head_size": 256, "width": 4096, "kv_heads": 16}  # kv_heads are left out of wide models alone
TINY = {name: family.tiny() for name, family in FAMILY.items()}
TINY |= {
    "gemma": replace(TINY["gemma"], **SIZES),
    "mistral": replace(llama.tiny(window=8), heads=8, width=96),
    "mixtral": replace(llama.tiny(experts=3, experts_per_token=2), heads=8, width=96),
    "t5": t5_config.tiny(flan=False),  # tied, as transformers 5 calls every T5
}
NO_PART = {"model_type", "architectures"}
COMMON = transformers.PretrainedConfig().to_dict().keys() - {"tie_word_embeddings"}  # of all models, none about sizes


def fields_of(model_type: str) -> list[str]:
    """Every field that we write or transformers has, in its new layout and in the old."""
    hf = FAMILY[model_type].config_to_hf(TINY[model_type])
    theirs = type(transformers.AutoConfig.for_model(model_type))().to_dict().keys()
    ours = {"rope_theta", "rope_parameters", "rope_scaling", "partial_rotary_factor", *hf}
    return sorted((ours | theirs) - NO_PART - COMMON)


CASES = [(model_type, field) for model_type in FAMILY for field in fields_of(model_type)]


def disagreement(model_type: str, field: str, null: bool, read=None) -> str:
    """What our reader makes of a config without the field, if not the same as of transformers' filled-in one."""
    read, hf = read or FAMILY[model_type].config_from_hf, FAMILY[model_type].config_to_hf(TINY[model_type])
    rope_fields = ("rope_theta", "rope_parameters") if field.startswith("rope_") else (field,)
    hf = {name: value for name, value in hf.items() if name not in rope_fields} | ({field: None} if null else {})
    try:
        ours = read(hf)
    except (ValueError, TypeError):
        return ""  # refused is never wrong
    with contextlib.suppress(Exception):  # transformers does not take every null
        filled = transformers.AutoConfig.for_model(**hf).to_dict()
        theirs = FAMILY[model_type].config_from_hf(filled | {"model_type": model_type})
        return "" if ours == theirs else f"{ours} is not {theirs}"
    return ""


@pytest.mark.parametrize("null", [False, True], ids=["left out", "null"])
@pytest.mark.parametrize(("model_type", "field"), CASES)
def test_a_field_that_is_not_there_means_what_it_means_to_transformers(model_type, field, null):
    assert disagreement(model_type, field, null) == ""


@pytest.mark.parametrize("field", ["rope_theta", "rms_norm_eps", "num_local_experts", "num_experts_per_tok"])
def test_the_twin_a_mixtral_read_like_a_llama_is_seen(field):
    """The defaults of Llama, as before, or other numbers of experts."""
    wrong = {"rope_theta": 1e4, "rms_norm_eps": 1e-6, "num_local_experts": 4, "num_experts_per_tok": 1}

    def read(hf: dict):
        return llama.config_from_hf(wrong | hf)

    assert disagreement("mixtral", field, null=False, read=read) != ""
