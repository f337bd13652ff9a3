"""Runs that went well, kept under all that they depend on, so that ``make variants`` runs only what has changed."""

import json
import os
import platform
import sys
from functools import lru_cache
from pathlib import Path

import nbformat
from pages import ROOT
from settings import Setting
from torch.backends.cpu import get_cpu_capability

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from build_cache import RUNNERS, digest_of, surroundings
from page_inputs import CODE, DATA, Inputs

STORE = ROOT / "_build" / "variants"
HERE = Path(__file__).parent


def key(page: Path, setting: Setting, training: list[int]) -> str:
    """Digest of a page's code, of what it reaches by imports and data, of the runner and of the setting."""
    cells = [(cell.id, cell.source) for cell in nbformat.read(page, 4).cells if cell.cell_type == "code"]
    start = json.dumps([cells, setting.environment, setting.seed_shift, training, everywhere()])
    return digest_of(ROOT, inputs().of(page), start)


@lru_cache
def inputs() -> Inputs:
    """What pages depend on."""
    return Inputs(ROOT, CODE, DATA)


@lru_cache
def everywhere() -> str:
    """What every page depends on: the versions, the pins, how pages are run, and the processor."""
    runners = [*(ROOT / "book" / "_ext" / name for name in RUNNERS), HERE / "live.py", HERE / "in_kernel.py"]
    machine = f"{platform.processor()} {platform.machine()} {get_cpu_capability()} {os.cpu_count()}"
    return digest_of(ROOT, [ROOT / "constraints.txt", *runners], f"{surroundings(ROOT)}\n{machine}")


def place(page: Path, name: str) -> Path | None:
    """Where the run of a page under a setting is kept; None for a page that is not of this book."""
    return (STORE / name / page.relative_to(ROOT)).with_suffix(".json") if page.is_relative_to(ROOT) else None


def load(page: Path, name: str, wanted: str) -> dict | None:
    """The kept record of a run, if it is of the wanted key."""
    path = place(page, name)
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return None
    return kept["record"] if kept.get("key") == wanted else None


def keep(page: Path, name: str, wanted: str, record: dict) -> None:
    """Keep a run in which nothing failed and nothing was said on stderr; written beside, then switched."""
    path = place(page, name)
    said = record["problems"] or any(cell["error"] or cell["stderr"] for cell in record["cells"].values())
    if path and not said:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.part")
        beside.write_text(json.dumps({"key": wanted, "record": record}), encoding="utf-8")
        beside.replace(path)
