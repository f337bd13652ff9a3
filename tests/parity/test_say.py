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
def test_the_reference_continues_in_the_same_words(capsys):
    assert say.main(["The capital of France is", "--tokens", "5", "--reference"]) == 0
    ours, theirs = (line.partition(":")[2].strip() for line in capsys.readouterr().out.splitlines())
    assert ours == theirs and "Paris" in ours
