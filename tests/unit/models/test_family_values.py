"""A family is a value: what it does not have is an error when its module is imported, and nobody probes for it."""

import ast
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from package_imports import FILES

from llmbook.checkpoint.folder import READABLE
from llmbook.models import FAMILIES, PUBLISHED, Family, falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi, t5_config
from llmbook.models.family import by_model_type

MODULES = {"falcon": falcon, "gemma": gemma, "gpt2": gpt2, "llama": llama, "olmo": olmo, "olmo2": olmo2,
           "olmo3": olmo3, "phi": phi, "t5": t5_config}  # fmt: skip
USERS = [name for name in FILES if name.startswith(("models/", "checkpoint/", "adapters/"))]


def probes(source: str) -> list[str]:
    """Where something is asked of a family by a name in quotes, which a misspelling would answer with the default."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    asking = [call for call in calls if ast.unparse(call.func) in ("getattr", "hasattr", "vars")]
    return [ast.unparse(call) for call in asking if "famil" in ast.unparse(call.args[0]).lower()]


@pytest.mark.parametrize("name", MODULES)
def test_a_family_is_what_its_module_has(name):
    module, family = MODULES[name], MODULES[name].FAMILY
    assert isinstance(family, Family) and family.name == name
    for field in ("tiny", "config_from_hf", "config_to_hf", "key_table"):
        assert getattr(family, field) is getattr(module, field)
    assert family.published is module.PUBLISHED and family.sizes is module.SIZES
    assert family.config_to_hf(family.tiny())["model_type"] == family.model_types[0]


def test_each_model_type_has_its_family():
    assert {name: family.name for name, family in READABLE.items()} == {
        name: {"mistral": "llama", "mixtral": "llama"}.get(name, name) for name in (*FAMILIES, "t5")
    }
    assert list(FAMILIES) == sorted(FAMILIES) and "t5" not in FAMILIES, "the order in messages and on a page"
    assert {name: config for family in FAMILIES.values() for name, config in family.published.items()} == PUBLISHED


def test_no_two_families_read_the_same():
    with pytest.raises(ValueError, match="llama and gemma both read model_type 'llama'"):
        by_model_type([llama.FAMILY, replace(gemma.FAMILY, model_types=("gemma", "llama"))])


def run_with(source: str, before: str, after: str, path: Path) -> None:
    """Import a family's module in which one word is another."""
    assert source.count(before) == 1
    path.write_text(source.replace(before, after))
    spec = importlib.util.spec_from_file_location("misspelled", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize(
    ("before", "after", "error", "said"),
    [
        ("counted=", "counted=", None, ""),  # as it is, it can be imported
        ("ignored=", "ingored=", TypeError, "unexpected keyword argument 'ingored'"),
        ("sizes=SIZES, ", "", TypeError, "missing 1 required positional argument: 'sizes'"),
        ('"n_embd": "width"', '"n_embd": "with"', ValueError, "gpt2: no size is called with; it has"),
        ('("feedforward_width", "tie_', '("feedforward", "tie_', ValueError, "no size is called feedforward; it has"),
        ('model_types=("gpt2",)', 'model_types=("gpt2")', TypeError, "gpt2: model_types must be a tuple of texts"),
    ],
)
def test_a_misspelled_field_is_an_error_at_import(before, after, error, said, tmp_path):
    source, path = FILES["models/gpt2.py"], tmp_path / "misspelled.py"
    if error is None:
        return run_with(source, before, after, path)
    with pytest.raises(error, match=said):
        run_with(source, before, after, path)


@pytest.mark.parametrize("name", USERS)
def test_nobody_probes_a_family(name):
    assert probes(FILES[name]) == []


@pytest.mark.parametrize("line", [
    'repeated = getattr(family, "REPEATED", REPEATED)',
    'if hasattr(READABLE_FAMILIES["t5"], "config_from_checkpoint"): pass',
    'prefix = vars(self.family).get("PREFIX", "")',
])  # fmt: skip
def test_a_probe_is_seen(line):
    assert len(probes(line)) == 1
    assert probes("prefix = family.prefix; name = getattr(self, field)") == []
