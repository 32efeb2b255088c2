"""Which interpreter ``./bleep`` sets the project up with."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.e2e.daemon import ROOT


@pytest.fixture
def bleep() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("bleep_command", str(ROOT / "bleep"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _interpreter(folder: Path, name: str, prints: str) -> Path:
    """Says how fast it is, where it is, and can all that it is asked for."""
    path = folder / name
    path.write_text(
        f"#!/bin/sh\ncase $* in *sys.executable*) echo {path};; *) echo {prints};; esac\n"
    )
    path.chmod(0o755)
    return path


def test_a_script_of_a_version_manager_is_the_interpreter_that_it_runs(
    bleep: ModuleType, tmp_path: Path
) -> None:
    ours = tmp_path / "python3"
    ours.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    ours.chmod(0o755)
    assert list(bleep.other_pythons()) == []


@pytest.fixture(autouse=True)
def only_path(bleep: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bleep, "SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_much_faster_interpreter_is_used(
    bleep: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fast = _interpreter(tmp_path, "python3.12", "0.000001")
    _interpreter(tmp_path, "python3.11", "0.00001")
    assert bleep.faster_python() == str(fast)
    said = capsys.readouterr().err
    assert str(fast) in said
    assert "BLEEP_PYTHON" in said


def test_one_that_is_hardly_faster_is_not(
    bleep: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(_interpreter(tmp_path, "python3.12", "0.000001"))
    monkeypatch.setattr(bleep, "seconds_of", {sys.executable: 1.0, other: 0.9}.get)
    assert bleep.faster_python() is None


def test_one_that_fails_is_not(bleep: ModuleType, tmp_path: Path) -> None:
    _interpreter(tmp_path, "python3.13", "nonsense")
    (tmp_path / "python3.11").write_text("no program")
    assert bleep.faster_python() is None


def test_the_interpreter_that_was_called_is_no_other_one(bleep: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    assert list(bleep.other_pythons()) == []
