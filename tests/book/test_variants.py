"""The runner of ``make variants`` finds what differs, fails or warns on a page; test_promises.py holds its measure."""

import random
import subprocess
import sys

import nbformat
import numpy
from book_build import ROOT

sys.path.append(str(ROOT / "scripts" / "variants"))
from live import run
from pages import problems_of
from settings import SETTINGS

SOUND = {
    "threads": "import torch\nprint(torch.get_num_threads())",
    "threads-label": "*Reproduces: illustrative.*",
    "model": "torch.manual_seed(0)\nmodel = torch.nn.Linear(1, 1)\nstart = model.weight.item()\nprint(f'{start:.4f}')",
    "training": """torch.manual_seed(1)
noise = torch.randn(1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
model(noise).sum().backward()
optimizer.step()
print(f'{model.weight.item():.4f}')""",
    "training-label": "*Reproduces: up to the seed.*",
    "begun": """torch.manual_seed(2)
other = torch.nn.Linear(1, 1)
later = torch.optim.SGD(other.parameters(), 0.1)""",
    "later": "other(torch.ones(1)).sum().backward()\nlater.step()\nprint(f'{other.weight.item():.4f}')",
    "later-label": "*Reproduces: up to the seed.*",
    "explorer": """from llmbook.plots.style import new_figure
from llmbook.widgets import Choice, Slider, explore

def draw_line(*, slope, kind):
    figure, ax = new_figure()
    ax.plot([0, slope])
    return figure, f'A {kind} of {slope}.'

slope, kind = Slider('Slope', [1, 2, 3], 2), Choice('Kind', ['line', 'curve'], 'line')
explore(draw_line, caption='A line.', slope=slope, kind=kind)""",
}
BROKEN = """    print('drawing')
    print('odd', file=sys.stderr)
    import warnings
    warnings.warn('old') if slope == 1 else 1 / (slope - 3)
    ax.plot"""
FRAGILE = SOUND | {
    "kernels": "import os\nprint(os.environ.get('ATEN_CPU_CAPABILITY', 'own'))",
    "noise": "import sys\nprint('careful', file=sys.stderr)",
    "training-label": "*Reproduces: exact.*",
    "later-label": "*Reproduces: exact.*",
    "explorer": SOUND["explorer"].replace("    ax.plot", BROKEN),
    "failing": "assert torch.equal(torch.ones(1), torch.zeros(1))",
}


def write_page(path, cells):
    """A notebook whose cell ids are the keys; keys that end in "label" are Markdown."""
    make = nbformat.v4
    kinds = {True: make.new_markdown_cell, False: make.new_code_cell}
    made = [kinds[key.endswith("label")](text, id=key) for key, text in cells.items()]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(make.new_notebook(cells=made, metadata=metadata), path)
    return path


def variants(page, *settings):
    """Run the command on one page; (exit status, what it printed)."""
    command = [sys.executable, ROOT / "scripts" / "variants", "--pages", page, "--settings", *settings]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_a_sound_page_holds_under_every_kernel_and_seed(tmp_path):
    """Kernels, seeds, and each value of each control; the seed of a cell that does not train is left alone."""
    status, printed = variants(write_page(tmp_path / "sound.ipynb", SOUND), "plain", "seeds")
    assert status == 0 and "plain: 1 of 1 pages hold" in printed and "seeds: 1 of 1 pages hold" in printed, printed


def test_a_fragile_page_makes_variants_fail(tmp_path):
    """The twin, with eight faults: each is found, and named with its cell."""
    status, printed = variants(write_page(tmp_path / "fragile.ipynb", FRAGILE), "plain", "seeds")
    plain, seeds = printed.split("plain: 0 of 1 pages hold")
    assert status == 1 and "seeds: 0 of 1 pages hold" in printed
    assert "cell kernels: line 1: 'own' became 'default'" in plain and "cell kernels" not in seeds
    assert "cell noise: stderr: careful" in plain and "cell failing: error: AssertionError" in plain
    assert "Slope='1'" in plain and "UserWarning: old" in plain
    assert "Slope='3'" in plain and "ZeroDivisionError" in plain
    assert "controls moved: stderr: odd" in plain and "controls moved: prints: drawing" in plain
    assert "cell later: line 1" in seeds and "cell later" not in plain and "cell begun" not in printed
    assert "cell training: line 1" in seeds and "cell training" not in plain and "cell model" not in printed


def test_a_page_that_cannot_run_is_reported(tmp_path):
    """A dead kernel fails the page, and not the runner."""
    status, printed = variants(write_page(tmp_path / "dead.ipynb", {"end": "import os\nos._exit(3)"}), "one-thread")
    assert status == 1 and "DeadKernelError" in printed


def test_a_cell_that_never_ran_is_reported(tmp_path):
    """Also where its output of another day stands in the notebook, and is what the cell should print."""
    page = write_page(tmp_path / "page.ipynb", {"first": "print(1)", "second": "print(2)"})
    notebook = nbformat.read(page, 4)
    for cell, number in zip(notebook.cells, "12", strict=True):
        cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text=f"{number}\n")], 1
    notebook.cells[1].metadata["tags"] = ["skip-execution"]
    nbformat.write(notebook, page)
    record = run(page, SETTINGS["one-thread"], [])
    found = problems_of(page, record, {"first": "1\n", "second": "2\n"}, shifted=False)
    assert found[0] == "cell second: it never ran" and not any("first" in problem for problem in found)


def test_each_way_to_seed_is_shifted(tmp_path):
    """Numbers of numpy, keywords, a generator made earlier; twin: without a shift all is as the page says."""
    lines = ("a = g.manual_seed(7).initial_seed()", "b = torch.random.manual_seed(seed=np.int64(7)).initial_seed()",
             "c = random.Random(7).random()", "r.seed(7)", "d = r.random()", "random.seed(a=7)", "e = random.random()",
             "f = np.random.default_rng(seed=7).random()", "torch.optim.SGD([torch.nn.Parameter(x)], 1).step()",
             "print(a, b, c, d, e, f)")  # fmt: skip
    made = "import random, numpy as np, torch\ng, r, x = torch.Generator(), random.Random(), torch.ones(1)"
    page = write_page(tmp_path / "seeds.ipynb", {"made": made, "seeded": "\n".join(lines)})
    draws = [random.Random(seed).random() for seed in (7, 1007)]
    others = [numpy.random.default_rng(seed).random() for seed in (7, 1007)]
    for index, (name, seed) in enumerate([("one-thread", 7), ("seeds", 1007)]):
        printed = run(page, SETTINGS[name], [1])["cells"]["seeded"]["text"].split()
        assert printed == list(map(str, (seed, seed, *[draws[index]] * 3, others[index])))
