"""Build the book, and end with the address of its front page; or with what failed, and how to report it.

    .venv/bin/python scripts/build_book.py             a book to read, also where a page fails
    .venv/bin/python scripts/build_book.py --strict    for the book's authors: any warning fails the build

On Windows: `.venv\\Scripts\\python scripts\\build_book.py`. Exit status 0: every page is as it should be.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORT = Path("_build", "page-report.json")  # book/_ext/run_pages.py writes it
FRONT = Path("_build", "html", "index.html")
# Without a module that takes a second to load, to check addresses of a kind that no notebook and no setting has.
BUILDER = "import sys; sys.modules['rfc3987_syntax'] = None; from jupyter_book.cli.main import main; main()"


def main():
    """Build what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the book, and say where to open it.")
    parser.add_argument("--strict", action="store_true", help="any warning fails the build")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="the book; this one if it is left out")
    asked = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # a console that lacks a letter of an error still shows the rest
    if importlib.util.find_spec("jupyter_book") is None:
        print("This Python lacks what the book needs. Use the one in .venv, after the installation (see README.md).")
        return 2
    folder = asked.folder.resolve()
    try:
        status, records = build(folder, asked.strict)
    except KeyboardInterrupt:
        return 130
    print("\n" + "\n".join(last_words(folder, status, records)), flush=True)
    failed = records is None or any(record["kind"] == "failed" for record in records)
    return status or int(failed)


def build(folder, strict):
    """Run Jupyter Book; its exit status, and the records of what went wrong, None if it did not get to the end."""
    report = folder / REPORT
    report.unlink(missing_ok=True)
    # Always with -n: a reference that leads nowhere is not looked at again once its page is written.
    words = ["build", "-n", *(["-W", "--keep-going"] if strict else []), "."]
    with subprocess.Popen([sys.executable, "-P", "-c", BUILDER, *words], cwd=folder) as builder:
        status = wait(builder)
    return status, json.loads(report.read_text(encoding="utf-8")) if report.exists() else None


def wait(builder):
    """The exit status of a process. An interrupt from the keyboard reaches it too, and it ends by itself."""
    try:
        return builder.wait()
    except KeyboardInterrupt:
        builder.wait()
        raise


def last_words(folder, status, records):
    """The lines under a build."""
    failed = [record for record in records or [] if record["kind"] == "failed"]
    lines = [f"{described(record)} wrote to stderr: {record['error']}" for record in records or []
             if record["kind"] == "stderr"]
    if lines:
        lines = ["Not kept, and to run again in the next build:", *(f"  {line}" for line in lines), ""]
    if records is None:
        lines += ["The book could not be built; the reason stands above.", *how_to_report(folder)]
    elif failed:
        count = "1 page" if len(failed) == 1 else f"{len(failed)} pages"
        lines += [f"{count} failed on this machine; the others are fine:"]
        lines += [f"  {described(record)}: {record['error']}" for record in failed]
        lines += ["A failed page shows its error in place. The next build runs it again.", *how_to_report(folder)]
    elif status:
        lines += ["The strict build failed: the lines above with WARNING or ERROR say why."]
    if (folder / FRONT).exists():
        lines += ["Open the book:" if not failed and records is not None else "Open what was built:"]
        lines += [(folder / FRONT).as_uri()]
    return lines


def described(record):
    """The page of a record, and its cell by number and first line."""
    cell = f", code cell {record['cell']} (`{record['begins']}`)" if record["cell"] else ""
    return record["page"] + cell


def how_to_report(folder):
    """What to send, with what matters of this machine."""
    details = machine(folder)
    width = max(map(len, details))
    return ["", "To report it, send the lines from the error on, with these, to where you got the book:",
            *(f"  {name:<{width}}  {value}" for name, value in details.items()), ""]


def machine(folder):
    """What a result of this machine may depend on, by name."""
    return {
        "system": platform.platform(),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "PyTorch": pytorch(),
        "book": commit(folder),
    }


def processor():
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        asked = said(["sysctl", "-n", "machdep.cpu.brand_string"]) if sys.platform == "darwin" else None
        return asked or platform.processor() or platform.machine()


def pytorch():
    """PyTorch's version, and the kernels that it chooses here; or why it cannot be asked."""
    try:
        import torch

        return f"{torch.__version__}, kernels: {torch.backends.cpu.get_cpu_capability()}"
    except Exception as error:  # whatever is wrong with it belongs into the report
        return f"does not load ({type(error).__name__}: {error})"


def commit(folder):
    """The commit that a folder has checked out."""
    name = said(["git", "rev-parse", "--short=12", "HEAD"], folder) if (folder / ".git").exists() else None
    changed = name and said(["git", "status", "--porcelain"], folder)
    return f"commit {name}{', with changes' if changed else ''}" if name else "no commit (not a clone)"


def said(command, folder=None):
    """What a command prints, or None if it fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
