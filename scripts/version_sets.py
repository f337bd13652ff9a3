"""Print the oldest or the newest set of packages that the ranges of this book admit.

    python scripts/version_sets.py oldest --python 3.11 > .github/oldest.txt
    python scripts/version_sets.py newest

Needs a network, and uv (`pip install uv`). "Oldest" takes the lowest version of everything that requirements.txt and
pyproject.toml name, and the newest of what those bring along, as a reader has it whose environment is some years old.
Only built packages count, since a lower bound that must be compiled first is none: a Python that is newer than a bound
gets the first version that was built for it. The parts of CUDA, which the CPU build lacks, are left out.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
NEVER_BUILT = "rouge-score"  # its author offers the source only
CUDA = re.compile(r"(nvidia|cuda)-|triton==")


def main() -> int:
    """Print the set that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=RESOLUTIONS)
    parser.add_argument("--python", default="{}.{}".format(*sys.version_info), help="such as 3.11; else this one")
    asked = parser.parse_args()
    pins = resolve(asked.which, asked.python)
    print(f"# The {asked.which} set that the ranges admit on Python {asked.python}, {sys.platform}. Made by:")
    print(f"# python scripts/version_sets.py {asked.which} --python {asked.python}")
    print("\n".join(pins))
    return 0


def resolve(which: str, python: str) -> list[str]:
    """The lines ``name==version`` of a set.

    Raises:
        subprocess.CalledProcessError: nothing resolves; uv has said why.
    """
    command = [
        "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--extra", "test",
        "--resolution", RESOLUTIONS[which], "--python-version", python,
        "--only-binary", ":all:", "--no-binary", NEVER_BUILT, "requirements.txt", "pyproject.toml",
    ]  # fmt: skip
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [line for line in lines if not CUDA.match(line)]


if __name__ == "__main__":
    sys.exit(main())
