"""``make fuzz`` counts all six outcomes: readers that are wrong in each way are told, and those that are right pass."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from package_imports import CHECKOUT
from planted_readers import KINDS, READERS

CASES = 12
OUTCOMES = ["right", "clear", "unclear", "hang", "crash", "wrong"]
PLANTED = {kind.name: kind for kind in KINDS}
IN_PROCESS = [name for name, (_, bad) in READERS.items() if bad in ("unclear", "wrong") and name != "memory"]


def counted(name):
    """The outcomes of some cases."""
    return Counter(PLANTED[name].case(number).outcome for number in range(CASES))


def fuzz(*options):
    """Run the whole of it on the planted readers: its exit status, what it prints, and the counts of its table."""
    planted = CHECKOUT / "tests" / "unit" / "planted_readers"
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "scripts" / "fuzz"), "--kinds", str(planted), "--jobs", "1", *options],
        capture_output=True, text=True, timeout=240)  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    rows = re.findall(r"^([\w-]+) +([\d, ]+)$", done.stdout, re.MULTILINE)
    counts = {name: dict(zip(["tried", *OUTCOMES], map(int, numbers.split()), strict=True)) for name, numbers in rows}
    return done.returncode, done.stdout, counts


def test_a_right_reader_has_no_bad_outcome():
    found = counted("right")
    assert found.keys() == {"right", "clear"}


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_reader_that_is_wrong_in_one_way_is_counted_so(name):
    found, bad = counted(name), READERS[name][1]
    assert found[bad] > 0 and not found.keys() & set(OUTCOMES[2:]) - {bad}
    assert bad == "wrong" or found[bad] == CASES


def test_a_refusal_that_has_changed_something_is_wrong():
    found = counted("changing")
    assert found.keys() == {"right", "wrong"}


def test_a_process_that_hangs_or_dies_is_ended_and_counted_and_the_rest_goes_on():
    wrong = next(number for number in range(CASES) if PLANTED["field"].case(number).outcome == "wrong")
    again = f"field:{wrong}"
    status, said, counts = fuzz("--case", "hang:1", "killed:1", "memory:2", again, "--seconds", "2")
    assert status == 1 and counts["all"]["tried"] == 4
    wanted = {"hang": "hang", "killed": "crash", "memory": "unclear", "field": "wrong"}
    assert all(counts[name][bad] == 1 for name, bad in wanted.items())
    assert "no answer within 2 s" in said and str(PLANTED["field"].case(wrong)) in said and f" {again}" in said


def test_right_alone_ends_well():
    status, said, counts = fuzz("--only", "right", "--count", "30", "--seed", "1")
    assert status == 0 and counts["right"]["tried"] == 3 and "each is right or clearly refused" in said
