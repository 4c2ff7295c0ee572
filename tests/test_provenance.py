import subprocess
import sys
from importlib.metadata import version

import pytest

from goldilocks.tracking import provenance


@pytest.fixture(autouse=True)
def fresh():
    provenance.code.cache_clear()
    yield
    provenance.code.cache_clear()


def git(*arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_the_source_of_a_persons_own_packages_is_code_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package, module = tmp_path / "ownpackage", tmp_path / "ownmodule.py"
    package.mkdir()
    part = package / "part.py"
    for file in (package / "__init__.py", part, module):
        file.write_text("1\n")
    own = ["ownpackage", "ownmodule"]
    digests = [provenance.digest(own)]
    for file in (part, module):
        file.write_text("2\n")
        digests.append(provenance.digest(own))
    assert len(set(digests)) == 3
    assert provenance.digest([]) == provenance.code().digest


def test_the_state_of_the_code_in_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(provenance.goldilocks, "__file__", str(package / "__init__.py"))
    provenance.code.cache_clear()
    outside = provenance.code()
    assert (outside.commit, outside.dirty, outside.diff) == ("", False, "")
    assert len(outside.digest) == 64

    git("init")
    (tmp_path / "train.py").write_text("1\n")
    git("add", ".")
    git("commit", "-m", "first")
    assert provenance.code() is outside, (
        "looked up once: files that change in the middle of a run were not imported"
    )
    provenance.code.cache_clear()
    clean = provenance.code()
    assert (len(clean.commit), clean.dirty, clean.diff) == (40, False, "")
    assert clean.digest == outside.digest
    assert provenance.tags() == {
        "git.commit": clean.commit,
        "git.dirty": "false",
        "code.digest": clean.digest,
    }

    (tmp_path / "train.py").write_text("2\n")
    provenance.code.cache_clear()
    changed = provenance.code()
    assert (changed.commit, changed.dirty) == (clean.commit, True)
    assert "-1\n+2" in changed.diff


def test_the_digest_is_that_of_the_package(tmp_path, monkeypatch):
    before = provenance.code().digest
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(provenance.goldilocks, "__file__", str(tmp_path / "__init__.py"))
    provenance.code.cache_clear()
    other = provenance.code().digest
    (tmp_path / "run.py").write_text("x = 1")
    provenance.code.cache_clear()
    assert len({before, other, provenance.code().digest}) == 3


def test_packages_and_machine():
    lines = provenance.packages().splitlines()
    assert f"mlflow=={version('mlflow')}" in lines
    assert lines == sorted(lines, key=lambda line: line.split("==")[0].lower())
    assert provenance.machine()["python"] == sys.version.split()[0]
