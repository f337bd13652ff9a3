"""Submissions that attack the grader and its machine: (name, cells, status, score); "a|b" where two limits race.

The right ``double`` is worth 1 point, softmax 4. Where a cell follows that writes ``double``, one point is earned
honestly, unless the attack ends every process.
"""

from classroom_tasks import DOUBLE, RIGHT, WRONG, softmax

FRAME = ("import os, sys, struct\ndef forge(text, numbers=b'', n=None, m=None):\n"
         "    os.write(int(sys.argv[2]), struct.pack('<IQ', len(text) if n is None else n,"
         " len(numbers) if m is None else m) + text + numbers)\n")  # fmt: skip
CLAIM = '["dict", ["number", 2], ["value", ["tensor", "float32", [200000000000]]], ["seen", ["list"]]]'
SHARED = """
import ctypes
c = ctypes.CDLL(None)
c.shmat.restype, c.shmat.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
c.shmdt.argtypes = [ctypes.c_void_p]
while True:
    at = c.shmat(c.shmget(0, ctypes.c_size_t(2**28), 0o1600), None, 0)
    ctypes.memset(at, 1, 2**28)
    c.shmdt(at)
"""

PROCESSES = [
    # ends and loops
    ("loop", [softmax("while True: pass"), DOUBLE], "timeout", 1),
    ("loop_in_a_cell", ["while True: pass", RIGHT, DOUBLE], "timeout", 5),
    (
        "loop_that_swallows",
        [
            softmax(
                "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
                "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n"
                "    except OSError: pass",
            ),
            DOUBLE,
        ],
        "timeout",
        1,
    ),
    ("sleep", [softmax("import time\ntime.sleep(1e6)"), DOUBLE], "timeout", 1),
    ("recursion", [softmax("return softmax(x)"), DOUBLE], "ok", 1),
    ("sys_exit_in_a_cell", ["import sys\nsys.exit()", RIGHT, DOUBLE], "ok", 5),
    ("sys_exit", [softmax("sys.exit(0)"), DOUBLE], "ok", 1),
    ("keyboard_interrupt", [softmax("raise KeyboardInterrupt"), DOUBLE], "ok", 1),
    ("os_exit", [softmax("os._exit(0)"), DOUBLE], "crashed", 1),
    ("os_exit_in_a_cell", ["import os\nos._exit(0)", RIGHT, DOUBLE], "crashed", 5),
    ("exits_in_three_cells", ["import os\nos._exit(0)"] * 3 + [RIGHT, DOUBLE], "crashed", 0),
    ("segfault", [softmax("import ctypes\nctypes.string_at(0)"), DOUBLE], "crashed", 1),
    (
        "kill_the_parent",
        [
            softmax(
                "import signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\n"
                "os.killpg(0, signal.SIGKILL)"
            ),
            DOUBLE,
        ],
        "crashed",
        1,
    ),
    ("kill_all", [softmax("import signal\nos.kill(-1, signal.SIGKILL)\nos._exit(1)"), DOUBLE], "ok", 1),
    # too much
    ("allocates", [softmax("return [0.0] * 2**31"), DOUBLE], "ok", 1),
    (
        "allocates_in_children",
        [
            softmax(
                "import time\nfor _ in range(9):\n    if not os.fork():\n"
                "        b = bytearray(300 * 2**20)\n        b[::4096] = b'x' * len(b[::4096])\n"
                "        time.sleep(99)\ntime.sleep(99)"
            ),
            DOUBLE,
        ],
        "memory|timeout",
        1,
    ),
    ("shared_memory", [RIGHT, DOUBLE, SHARED], "memory|timeout", 5),
    ("prints_61_mb", [RIGHT, DOUBLE, "for _ in range(61):\n    print('x' * 1_000_000)"], "ok", 5),
    ("returns_300_mb", [softmax("import numpy\nreturn numpy.zeros(75_000_000, 'float32')"), DOUBLE], "ok", 1),
    ("returns_deep_lists", [softmax("y = x\nfor _ in range(100_000): y = [y]\nreturn y"), DOUBLE], "ok", 1),
    ("returns_itself", [softmax("y = []\ny.append(y)\nreturn y"), DOUBLE], "ok", 1),
    ("returns_a_long_number", ["def double(x):\n    return 10 ** 100_000"], "ok", 0),
    ("returns_endless", ["def double(x):\n    return iter(int, 1)"], "ok", 0),
    (
        "fills_the_disk",
        [softmax("for n in range(99):\n    open(f'/tmp/{n}', 'wb').write(bytes(2**20))"), DOUBLE],
        "ok",
        1,
    ),
    (
        "fork_bomb",
        [softmax("import time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(1)"), DOUBLE],
        "processes|timeout",
        1,
    ),
    (
        "detached_child",
        [
            softmax("import subprocess\nsubprocess.Popen(['sleep', '98765'], start_new_session=True)\nreturn right(x)"),
            DOUBLE,
        ],
        "ok",
        5,
    ),
    (
        "orphans",
        [
            RIGHT,
            DOUBLE,
            "import os\nfor _ in range(5):\n    if os.fork() == 0:\n        os.setsid()\n"
            "        if os.fork(): os._exit(0)\n        os.execvp('sleep', ['sleep', '98765'])",
        ],
        "ok",
        5,
    ),
    # the wire
    ("forged_answers", [FRAME + 'forge(b\'["dict", ["number", 2], ["value", 14]]\' * 9)', WRONG, DOUBLE], "garbled", 1),
    (
        "forged_in_order",
        [FRAME + 'for n in range(2, 99): forge(b\'["dict", ["number", %d], ["value", 14]]\' % n)', WRONG, DOUBLE],
        "ok",
        1,
    ),
    ("garbage", [softmax("forge(b'garbage')\nreturn right(x)", FRAME), DOUBLE], "garbled", 1),
    ("deep_json", [softmax("forge(b'[' * 500_000)\nreturn x", FRAME), DOUBLE], "garbled", 1),
    ("deep_tags", [softmax("forge(b'[\"list\",' * 500 + b'1' + b']' * 500)\nreturn x", FRAME), DOUBLE], "garbled", 1),
    ("bogus_lengths", [softmax("forge(b'', n=2**32 - 1, m=2**64 - 1)\nreturn x", FRAME), DOUBLE], "garbled", 1),
    ("short_frame", [softmax("forge(b'', n=1000)\nimport time\ntime.sleep(1e6)", FRAME), DOUBLE], "timeout", 1),
    ("claims_745_gib", [softmax(f"forge(b'{CLAIM}')\nreturn x", FRAME), DOUBLE], "garbled", 1),
    (
        "negative_shape",
        [softmax(f"forge(b'{CLAIM.replace('200000000000', '-1')}')\nreturn x", FRAME), DOUBLE],
        "garbled",
        1,
    ),
    (
        "unknown_dtype",
        [softmax(f"forge(b'{CLAIM.replace('float32', 'object')}')\nreturn x", FRAME), DOUBLE],
        "garbled",
        1,
    ),
    ("numbers_by_name", [softmax('forge(b\'["dict", ["number", true]]\')\nreturn x', FRAME), DOUBLE], "garbled", 1),
    ("closes_the_pipe", [softmax("os.close(int(sys.argv[2]))"), DOUBLE], "crashed", 1),
    ("reads_the_pipe", [softmax("os.read(int(sys.argv[1]), 1)"), DOUBLE], "timeout", 1),
    # the machine
    (
        "writes_outside",
        [
            RIGHT,
            DOUBLE,
            "for p in ['{outside}/x', '/etc/x', '/usr/x', '/x', '/dev/x', '/dev/shm/x', '{package}/x']:\n"
            "    try: open(p, 'w').write('x'); print('WROTE', p)\n    except OSError: pass",
        ],
        "ok",
        5,
    ),
    (
        "edits_the_checks",
        [WRONG, DOUBLE, "import llmbook.exercises.compare as c\nopen(c.__file__, 'w').write('')"],
        "ok",
        1,
    ),
    (
        "reads_hidden_checks",
        [
            RIGHT,
            DOUBLE,
            "import os\nfor top in ('{outside}', '/home', '/root', '/tmp', '/work'):\n"
            "    for at, _, files in os.walk(top):\n        for f in files:\n"
            "            if f in ('hidden.txt',): print('FOUND', open(os.path.join(at, f)).read())",
        ],
        "ok",
        5,
    ),
    (
        "loopback",
        [
            RIGHT,
            DOUBLE,
            "import socket\ntry:\n    socket.create_connection(('127.0.0.1', {port}), 2)\n"
            "    print('CONNECTED')\nexcept OSError: pass",
        ],
        "ok",
        5,
    ),
    (
        "environment",
        [
            RIGHT,
            DOUBLE,
            "import os\nprint('SECRET' if 'CLASSROOM_SECRET' in os.environ else '')\n"
            "for p in os.listdir('/proc'):\n    if p.isdigit():\n        try:\n"
            "            if 'CLASSROOM_SECRET' in open(f'/proc/{p}/environ').read(): print('SECRET')\n"
            "        except OSError: pass",
        ],
        "ok",
        5,
    ),
    (
        "more_room",
        [
            softmax("import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**45, 2**45))\nreturn right(x)"),
            DOUBLE,
        ],
        "ok",
        1,
    ),
    (
        "mounts",
        [
            RIGHT,
            DOUBLE,
            "import subprocess\ntry:\n    out = subprocess.run(['mount', '-t', 'tmpfs', 'x', '/usr'],"
            " capture_output=True)\n    print('MOUNTED' if out.returncode == 0 else '')\nexcept OSError: pass",
        ],
        "ok",
        5,
    ),
]
