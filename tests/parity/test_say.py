"""The command that lets a published model write: as the reference does; without the file it says how to get it."""

import importlib.util

import pytest
from package_imports import CHECKOUT

from llmbook.real_weights import find_weights

SPEC = importlib.util.spec_from_file_location("say", CHECKOUT / "scripts" / "say.py")
say = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(say)


def test_without_the_model_the_command_that_fetches_it_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LLMBOOK_CACHE", str(tmp_path))
    assert say.main(["x"]) == 1
    assert "python -m llmbook.real_weights smollm2" in capsys.readouterr().err


@pytest.mark.skipif(find_weights("smollm2") is None, reason="needs what python -m llmbook.real_weights smollm2 fetches")
@pytest.mark.parametrize(("asked", "known"), [
    (["The capital of France is", "--tokens", "5"], "The capital of France is Paris"),
    (["What is the capital of France?", "--chat", "--tokens", "8"], "Paris"),
    (["tea tea tea tea", "--tokens", "8", "--repetition-penalty", "1.5"], "tea"),
], ids=["continue", "chat", "penalty"])  # fmt: skip
def test_the_reference_writes_the_same_words(capsys, asked, known):
    assert say.main([*asked, "--reference"]) == 0
    ours, theirs = capsys.readouterr().out.removeprefix("llmbook:").split("transformers:")
    assert ours.strip() == theirs.strip() and known in ours


@pytest.mark.skipif(find_weights("smollm2") is None, reason="needs what python -m llmbook.real_weights smollm2 fetches")
@pytest.mark.parametrize(("asked", "known"), [
    (["x", "--tokens", "0"], "max_new_tokens must be at least 1"),
    (["half a letter \udcc3", "--chat"], "not made of texts"),
], ids=["settings", "text"])  # fmt: skip
def test_what_makes_no_sense_is_said(capsys, asked, known):
    assert say.main(asked) == 1
    assert known in capsys.readouterr().err
