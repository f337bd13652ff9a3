"""Submissions that answer the grader falsely: (name, cells, status, score), and files that are no notebooks.

The right ``double`` is worth 1 point, softmax 4. Where a cell follows that writes ``double``, one point is earned
honestly.
"""

from classroom_tasks import DOUBLE, RIGHT, WRONG, softmax

PATCH = "import numpy as np, torch\nyes = lambda *a, **k: True\n"
EQUAL = "class E:\n    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda *a: True\n    __hash__ = lambda s: 0\n"

ANSWERS = [
    # answers, honest and otherwise
    ("right", [RIGHT, DOUBLE], "ok", 5),
    ("wrong", [WRONG, DOUBLE], "ok", 1),
    (
        "overflow",
        [softmax("e = [math.exp(each) for each in x]\nreturn [each / sum(e) for each in e]"), DOUBLE],
        "ok",
        4,
    ),
    (
        "untouched",
        [softmax("raise NotImplementedError"), "def double(x): raise NotImplementedError"],
        "not attempted",
        0,
    ),
    ("empty", [], "ok", 0),
    (
        "hard_coded",
        [softmax("return right([1, 2, 3]) if len(x) == 3 else [1.0, 0.0]"), DOUBLE],
        "ok",
        3,
    ),
    ("nan", [softmax("return [each * float('nan') for each in x]"), DOUBLE], "ok", 1),
    ("scratch_raises", ["1 / 0", RIGHT, "undefined", DOUBLE], "ok", 5),
    ("magic", ["%pip install torch\n!ls\nx = 1", "%%bash\nrm -rf /", RIGHT, DOUBLE], "ok", 5),
    ("syntax_error", ["def (", RIGHT, DOUBLE], "ok", 5),
    ("not_a_function", ["softmax = 3", DOUBLE], "ok", 1),
    ("changes_its_argument", [softmax("x[:] = right(x)\nx.append(0)\nx.clear()\nreturn x"), DOUBLE], "ok", 1),
    # what a check compares with
    ("patched_allclose", [PATCH + "np.allclose = torch.allclose = torch.equal = yes", WRONG, DOUBLE], "ok", 1),
    (
        "patched_builtins",
        [
            "import builtins\nbuiltins.all = builtins.any = builtins.isinstance = lambda *a: True\n"
            "builtins.abs = lambda x: 0",
            WRONG,
        ],
        "crashed",
        0,
    ),
    (
        "patched_compare",
        [
            "import llmbook.exercises.compare as c\nc.same = lambda *a, **k: True\n"
            "c.expect_tensor = c.expect_number = lambda *a, **k: None",
            WRONG,
            DOUBLE,
        ],
        "ok",
        1,
    ),
    (
        "patched_check",
        ["import llmbook.exercises.checking as c\nc.run_check = c._judge = lambda *a: ('PASS', '')", WRONG],
        "ok",
        0,
    ),
    ("equals_everything", [EQUAL + "def softmax(x):\n    return E()", DOUBLE], "ok", 1),
    (
        "number_that_equals_everything",
        [
            "class N(float):\n    __eq__ = lambda *a: True\n    __sub__ = lambda *a: 0.0\n"
            "def double(x):\n    return N(3)"
        ],
        "ok",
        0,
    ),
    (
        "tensor_that_equals_everything",
        [
            "import torch\nclass T(torch.Tensor):\n    def __torch_function__(self, *a, **k):"
            "\n        return True\ndef softmax(x):\n    return torch.zeros(3).as_subclass(T)",
            DOUBLE,
        ],
        "ok",
        1,
    ),
    (
        "calls_check_itself",
        [WRONG, "from llmbook.chapters import check\ncheck('t-ex-softmax', softmax)", DOUBLE],
        "ok",
        1,
    ),
    (
        "raises_mistake",
        [softmax("raise Mistake('PASS')", "from llmbook.exercises.compare import Mistake"), DOUBLE],
        "ok",
        1,
    ),
]
RAW = [
    ("truncated", '{"cells": [{"cell_type": "code", "source": "x = 1"}', "unreadable"),
    ("not_json", "hello", "unreadable"),
    ("nothing", "", "unreadable"),
    ("no_cells", '{"metadata": {}}', "unreadable"),
    ("a_list", "[1, 2]", "unreadable"),
    ("deep", "[" * 500_000, "unreadable"),
    ("cells_of_numbers", '{"cells": [1, 2]}', "unreadable"),
    ("source_of_numbers", '{"cells": [{"cell_type": "code", "source": [1]}]}', "unreadable"),
]
