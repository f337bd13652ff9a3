"""A small book in a folder, which is never built: a package of modules that import each other, data, and pages."""

import nbformat

FILES = {
    "code/llmbook/__init__.py": "",
    "code/llmbook/chain.py": "from llmbook import link",
    "code/llmbook/link.py": "from .deep import end",
    "code/llmbook/deep/__init__.py": "from llmbook.deep import beside",
    "code/llmbook/deep/beside.py": "from .. import up",
    "code/llmbook/deep/end.py": "END = 1",
    "code/llmbook/up.py": "UP = 1",
    "code/llmbook/late.py": "def load():\n    from llmbook import far\n\n    return far",
    "code/llmbook/far.py": "FAR = 1",
    "code/llmbook/hall/__init__.py": "def all_doors():\n    from llmbook.hall import door, far_door\n\n    return 2",
    "code/llmbook/hall/door.py": "",
    "code/llmbook/hall/far_door.py": "from llmbook import up",
    "code/llmbook/hurry/__init__.py": "def now():\n    from llmbook import far\n\n    return far\n\nNOW = now()",
    "code/llmbook/hurry/desk.py": "",
    "code/llmbook/data.py": "def read_table(name):\n    return open('data' + name)",
    "code/llmbook/rows.py": "from llmbook.data import read_table\n\ndef rows(name):\n    return read_table(name)",
    "code/llmbook/newer.py": "from llmbook.data import data_folder\n\ndef notes():\n    return data_folder() / 'notes'",
    "data/a.csv": "a\n1\n",
    "data/b.csv": "b\n1\n",
    "data/results/a.json": "{}",
    "data/results/c.json": "{}",
    "data/meetings/train.jsonl": "",
    "data/models/m/config.json": "{}",
    "data/models/n/config.json": "{}",
    "chapters/one/helper.py": "HELP = 1",
    "constraints.txt": "numpy==1\n",
    "requirements.txt": "numpy>=1\n",
}
STRAY = (".DS_Store", "far.py~", ".far.py.swp", "#far.py#", "__pycache__/far.pyc", ".ipynb_checkpoints/far.py",
         "far.py.orig", "../llmbook.egg-info/PKG-INFO")  # fmt: skip
TABLE, RESULT = "from llmbook.data import read_table\n", "from llmbook.experiments.results import read_result\n"


def write(root, name, text):
    """Write a file below a folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_page(root, *cells, name="page"):
    """Write a page of these code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return write(root, f"chapters/one/{name}.ipynb", nbformat.writes(notebook))


def write_all(root):
    """Write everything but pages."""
    for name, text in FILES.items():
        write(root, name, text)
