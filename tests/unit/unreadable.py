"""Files and paths that cannot be read, for the tests of every reader: each has one error, and names the file."""

import builtins
import errno
import io
import os

CONTENTS = {
    "empty": b"",
    "cut": b'{"rows": [{"seed": 0}',
    "no UTF-8": b'\xff\xfe{"rows": []}',
    "deep": b'{"rows": ' + b"[" * 100_000,
    "long number": b'{"rows": ' + b"1" * 6_000 + b"}",
    "another kind": b"[1, 2]",
}
"""What may stand in a file that should hold a JSON object."""
ODD_PATHS = {"null byte": "a\0b", "too long": "a" * 5_000, "in a file": "a file/b"}
"""Names below a folder that :func:`with_a_file` has prepared."""


def with_a_file(folder):
    """The folder, with a file in it that is no folder."""
    (folder / "a file").write_text("x")
    return folder


def forbid(monkeypatch, path):
    """Who opens this file or looks into this folder may not, as whichever user the tests run."""

    def asking(right):
        def ask(name, *args, **options):
            if not isinstance(name, int) and os.fspath(name) == os.fspath(path):
                raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
            return right(name, *args, **options)

        return ask

    for module, name in ((builtins, "open"), (io, "open"), (os, "listdir")):
        monkeypatch.setattr(module, name, asking(getattr(module, name)))


def escape(error, naming, read, *args):
    """What a reader ends in besides this error, or its message if that names not the file; None if all is well."""
    try:
        read(*args)
    except error as raised:
        return None if naming in str(raised) else str(raised)
    except BaseException as raised:
        return repr(raised)
    return "it was read"
