"""Where the book is, and the command that builds it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = "scripts/build_book.py"  # the Makefile runs it too; test_make.py compares
STRICT = ["--strict"]  # as `make test`; `make book` builds without it


def build_book(folder, words=STRICT, **environment):
    """Build the book in a folder; return (exit status, everything printed, what is printed last at the end)."""
    command = [sys.executable, str(ROOT / BUILD), *words, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    return done.returncode, done.stderr + done.stdout
