"""The formats in which this book reads nothing: how files in them are called, and what to do about each.

One sentence serves a folder, whose files are seen, and a repository of the hub, of which only the list is read: files
in these formats are never downloaded.
"""

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

PICKLED = "a format that can run code when it is opened"
SAFE = "choose a revision with model.safetensors, or load it with transformers and call save_pretrained there"
REWRITE = "load it with transformers' AutoTokenizer and call save_pretrained, which writes it"
UNREAD = {
    "model": {
        "pytorch_model*.bin": f"its weights in {{}} only, {PICKLED}: {SAFE}",
        "*.gguf": "its weights in {} only, which are mostly quantized: download such a file and pass it to "
        "load_pretrained, or choose the repository with model.safetensors",
        "consolidated*.pth": f"its weights in {{}} only, {PICKLED}: choose the repository whose name ends in -hf",
        "tf_model*.h5": f"its weights in {{}} only, which TensorFlow wrote: {SAFE}",
        "flax_model*.msgpack": f"its weights in {{}} only, which Flax wrote: {SAFE}",
    },
    "adapter_model": {
        "adapter_model.bin": f"its adapter in {{}} only, {PICKLED}: load it with PEFT and call save_pretrained there",
    },
    "tokenizer": {
        "tokenizer.model": f"no tokenizer.json, only {{}}: {REWRITE}",
        "spiece.model": f"no tokenizer.json, only {{}}: {REWRITE}",
        "vocab.json": f"no tokenizer.json, only {{}}: {REWRITE}",
        "vocab.txt": f"no tokenizer.json, only {{}}: {REWRITE}",
    },
}
"""By the beginning of the name of the file that is missing: patterns of what may lie there instead."""


def stem(name: str) -> str:
    """The beginning of a file's name, or of a pattern for several, under which :data:`UNREAD` knows it."""
    return name.partition(".")[0].rstrip("*")


def listed(directory: Path) -> list[str]:
    """The names in a folder; none of one that may not be looked into."""
    try:
        return sorted(path.name for path in directory.iterdir())
    except OSError:
        return []


def unread_format(missing: str, names: Iterable[str]) -> str | None:
    """What a place has in place of the file that is missing, and what to do; None where nothing is known of it.

    Args:
        missing: the name of the file, such as ``"model.safetensors"``.
        names: the files that are there.
    """
    names = sorted(names)
    for pattern, said in UNREAD.get(stem(missing), {}).items():
        found = [name for name in names if fnmatch(name, pattern)]
        if found:
            return "has " + said.format(pattern.replace("*", "") if len(found) > 1 else found[0])
    return None
