"""constraints.txt pins everything, exactly, within the ranges of requirements.txt, and is what these tests run on.

The ranges begin at versions that were tried: those of .github/oldest.txt, which the weekly job installs.
"""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version

from book_build import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


def read_lines(name):
    """The lines of a requirements file that are not comments."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line]


def read_pins(lines):
    """{canonical name: version} of lines such as "numpy==2.4.6".

    Raises:
        ValueError: a line is not an exact pin.
    """
    pins = {}
    for line in lines:
        name, equals, pinned = line.partition("==")
        if not equals or any(sign in pinned for sign in "*+,;<> "):
            raise ValueError(f"{line!r} is not an exact pin for every system")
        pins[canonicalize_name(name)] = pinned
    return pins


def unmet(requirements, pins):
    """The requirements that the pins leave open or contradict."""
    parsed = [Requirement(line) for line in requirements]
    return [str(need) for need in parsed if pins.get(canonicalize_name(need.name), "none") not in versions(need)]


def versions(need):
    """The specifier of a requirement, as something that knows `in` for any text."""
    return need.specifier if need.specifier else AnyVersion()


class AnyVersion:
    """Contains every version, and not the word that stands for a missing pin."""

    def __contains__(self, pinned):
        return pinned != "none"


def closure(requirements):
    """Canonical names of everything that installing the requirements here brings with it."""
    found, waiting = set(), [Requirement(line) for line in requirements]
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        new = {(name, extra) for extra in ("", *need.extras)} - found
        found |= new
        for _, extra in new:
            waiting += [each for each in needs_of(name) if not each.marker or each.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def needs_of(name):
    """What an installed distribution requires; nothing where it is not installed (another system's package)."""
    try:
        return [Requirement(line) for line in distribution(name).requires or []]
    except PackageNotFoundError:
        return []


def project():
    """The table [project] of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def everything():
    """All requirements of a reader and of the tests."""
    return [*read_lines("requirements.txt"), *project()["dependencies"], *project()["optional-dependencies"]["test"]]


def lower_bounds(requirements):
    """{canonical name: the version that a requirement begins with}; None where it begins nowhere."""
    bounds = {}
    for need in map(Requirement, requirements):
        begins = [Version(each.version) for each in need.specifier if each.operator in (">=", "==")]
        bounds[canonicalize_name(need.name)] = begins[0] if begins else None
    return bounds


def untried(requirements, pins):
    """{name: (lower bound, version in the set)} of every bound that is not the version of the oldest set."""
    found = {name: Version(pins[name]) if name in pins else None for name in lower_bounds(requirements)}
    return {name: (bound, found[name]) for name, bound in lower_bounds(requirements).items() if bound != found[name]}


def build_tools():
    """What builds the package."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]


def test_each_lower_bound_was_reached_and_tried():
    """The oldest set has the lower bound of everything that is asked for by name; no range begins where nothing can."""
    pins = {name: pin.partition("+")[0] for name, pin in read_pins(read_lines(".github/oldest.txt")).items()}
    assert not untried([*everything(), *build_tools()], pins)
    assert not unmet([*everything(), *build_tools()], pins)


def test_untried_lower_bounds_are_reported():
    """The twin: a bound that the set is above, one that is missing, and a name without a bound."""
    assert set(untried(["numpy>=2", "tqdm>=4.66", "peft"], {"numpy": "2.1.0", "peft": "0.21.0"})) == {
        "numpy", "tqdm", "peft",
    }  # fmt: skip
    assert not untried(["NumPy>=2,<3"], {"numpy": "2.0.0"})


def test_one_package_has_one_range():
    """Where requirements.txt, the package and its tests ask for the same thing, they say the same."""
    ranges = {}
    for need in map(Requirement, everything() + build_tools()):
        ranges.setdefault(canonicalize_name(need.name), set()).add(need.specifier)
    assert not {name: found for name, found in ranges.items() if len(found) > 1}


def test_the_pins_are_exact_and_meet_every_requirement():
    """Each line is name==version, and each requirement is met."""
    assert not unmet(everything(), read_pins(read_lines("constraints.txt")))


def test_the_pins_are_complete():
    """Everything that the requirements bring is pinned, and nothing is pinned in vain."""
    pins, needed = set(read_pins(read_lines("constraints.txt"))), closure(everything())
    assert not needed - pins - {"pip"}
    assert len(pins - needed) < 12, f"do these still serve: {sorted(pins - needed)}?"


def test_the_tests_run_on_the_pins():
    """What is installed here is what constraints.txt says, where it is installed."""
    pins, needed = read_pins(read_lines("constraints.txt")), closure(everything())
    installed = {name: version(name).split("+")[0] for name in needed & set(pins)}
    assert not {name: (found, pins[name]) for name, found in installed.items() if found != pins[name]}


def test_the_package_asks_for_what_the_reader_installs():
    """A dependency of the package stands in requirements.txt with the same range."""
    ranges = {Requirement(line).name: Requirement(line).specifier for line in read_lines("requirements.txt")}
    needs = [Requirement(line) for line in project()["dependencies"]]
    assert {need.name: need.specifier for need in needs} == {need.name: ranges.get(need.name) for need in needs}


def test_bad_pins_are_reported():
    """The twin: a range, a local build, a missing pin and a pin outside the range."""
    for line in ("numpy>=2", "torch==2.13.0+cpu", "numpy==2.*"):
        try:
            read_pins([line])
        except ValueError:
            continue
        raise AssertionError(line)
    assert unmet(["numpy>=2,<3", "tqdm"], {"numpy": "1.26"}) == ["numpy<3,>=2", "tqdm"]
    assert not unmet(["NumPy>=2,<3"], {"numpy": "2.4.6"})
    assert {"packaging", "iniconfig"} <= closure(["pytest"])
