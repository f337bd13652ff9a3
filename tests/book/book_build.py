"""Where the book is, and the command that builds it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ["build", "-W", "-n", "--keep-going", "."]  # the same words stand in the Makefile; test_make.py compares


def build_book(folder):
    """Build the book in a folder as `make book` does; return (exit status, everything printed)."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), *BUILD]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr
