"""What is saved comes back as it was, and what no config describes is not saved."""

from dataclasses import replace

import pytest

from llmbook.checkpoint import CheckpointError, load_pretrained, save_pretrained
from llmbook.models import FAMILIES, Decoder, llama


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"norm_place": "both"}, "norm_place is 'both', not 'pre'"),
        ({"gated": False}, "gated is False, not True"),
        ({"activation": "relu"}, "nearest is gemma, but activation is 'relu'"),
        ({"scale_embedding": False}, "scale_embedding is False, not True"),
        ({"clip_qkv": 8.0}, "clip_qkv is 8.0, not None"),
    ],
)
def test_a_model_that_no_config_describes_is_not_saved(change, said, tmp_path):
    config = replace(FAMILIES["gemma"].tiny(), **change)
    with pytest.raises(CheckpointError, match=said):
        save_pretrained(Decoder(config), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_decoders_load_as_before(tmp_path):
    save_pretrained(Decoder(llama.tiny()), tmp_path)
    assert isinstance(load_pretrained(tmp_path), Decoder)
