"""What a reader is told when a hub repository cannot be had. No test here touches the network."""

import huggingface_hub
import pytest
from huggingface_hub import errors

from llmbook.checkpoint import CheckpointError, load_pretrained
from llmbook.checkpoint.hub import find_directory, is_cached
from llmbook.checkpoint.tokenizer import load_tokenizer

NAME = "google/gemma-2b"


def http_error(kind, status):
    """A real exception of the library, built as it builds them."""
    import httpx

    answer = httpx.Response(status, request=httpx.Request("GET", f"https://huggingface.co/api/models/{NAME}"))
    try:
        return kind("the server's words", response=answer)
    except TypeError:  # releases before 1.0 take the message alone
        return kind("the server's words")


@pytest.fixture
def failing(monkeypatch):
    """Let downloads end in a given exception."""

    def fail_with(error):
        def download(*arguments, **options):
            raise error

        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)

    return fail_with


@pytest.mark.parametrize("load", [load_pretrained, load_tokenizer])
@pytest.mark.parametrize("status", [401, 403])
def test_gated(status, load, failing):
    failing(http_error(errors.GatedRepoError, status))
    with pytest.raises(CheckpointError, match=f"gated: accept its license at https://huggingface.co/{NAME}, then run"):
        load(NAME)


def test_forbidden_without_the_word_gated(failing):
    failing(http_error(errors.HfHubHTTPError, 403))
    with pytest.raises(CheckpointError, match="hf auth login"):
        load_pretrained(NAME)


@pytest.mark.parametrize("kind", [errors.RepositoryNotFoundError, errors.HfHubHTTPError])
def test_unknown_or_private(kind, failing):
    failing(http_error(kind, 404))
    with pytest.raises(CheckpointError, match="no folder 'google/gemma-2b' here, and no repository of that name"):
        load_pretrained(NAME)


def test_server_trouble_keeps_its_words(failing):
    failing(http_error(errors.HfHubHTTPError, 503))
    with pytest.raises(CheckpointError, match=r"downloading google/gemma-2b failed .*the server's words.*try again"):
        load_pretrained(NAME)


@pytest.mark.parametrize("kind", [errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled])
def test_offline(kind, failing):
    failing(kind("no network"))
    with pytest.raises(CheckpointError, match="not on this machine and the hub cannot be reached: check the network"):
        load_pretrained(NAME)


def test_offline_mode_of_the_library_itself(monkeypatch, tmp_path):
    """No simulation: the library runs, told to stay offline, with an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="the hub cannot be reached"):
        load_pretrained(NAME)


def test_a_name_that_no_repository_can_have():
    with pytest.raises(CheckpointError, match=r"neither a folder here nor a valid hub name \(owner/name\)"):
        load_pretrained("google/gemma 2b")


@pytest.mark.parametrize("path", ["./gemma", "../gemma", "/nowhere/gemma", "~/nowhere-at-all", "a/b/c", "C:\\gemma"])
def test_what_looks_like_a_path_is_never_asked_of_the_hub(path, failing):
    failing(AssertionError("asked the hub"))
    with pytest.raises(CheckpointError, match="there is no folder"):
        load_pretrained(path)


def test_a_folder_wins_over_a_repository_of_that_name(tmp_path, monkeypatch, failing):
    failing(AssertionError("asked the hub"))
    (tmp_path / "google" / "gemma-2b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_directory(NAME, ["config.json"]).is_dir()


def test_only_what_is_needed_is_downloaded(tmp_path, monkeypatch):
    asked = {}

    def download(repo_id, *, allow_patterns):
        asked[repo_id] = allow_patterns
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda repo_id: [])
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        load_pretrained(NAME)
    weights = ["model.safetensors.index.json", "model*.safetensors"]
    assert asked == {NAME: ["config.json", "generation_config.json", *weights]}


def test_is_cached_looks_at_the_disk_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert not is_cached(NAME)
    for impossible in ("a\0b", "a" * 500, "x y", "a/b/c", ""):
        assert not is_cached(impossible)
        with pytest.raises(errors.HFValidationError):  # the twin: the library alone
            huggingface_hub.try_to_load_from_cache(impossible, "config.json")
    snapshot = tmp_path / "models--google--gemma-2b" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    assert is_cached(NAME)
