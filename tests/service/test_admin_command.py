"""The command line of ``bleepstore-admin`` as a whole."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bleepstore.service.admin_command import main, make_parser

_PAGE = Path(__file__).parents[2] / "docs" / "admin.rst"


def commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """All commands, each with its words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from commands(child, (*words, name))
            return
    yield " ".join(words), parser


@pytest.mark.parametrize(("name", "parser"), list(commands(make_parser())))
def test_each_command_is_explained_and_speaks_json(
    name: str, parser: argparse.ArgumentParser
) -> None:
    assert name in _PAGE.read_text()
    assert "--json" in parser.format_help()
    assert all(action.help for action in parser._actions)


def test_no_command_is_an_error_and_a_store_in_memory_is_out_of_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    configuration = tmp_path / "bleepstore.yaml"
    configuration.write_text("storage: {backend: memory}\n")
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(configuration), "user", "list"])
    assert ended.value.code == 2
    assert "storage.memory.persistence" in capsys.readouterr().err


def test_wrong_settings_of_a_gateway_are_said_in_one_line(tmp_path: Path) -> None:
    store = tmp_path / "metadata.db"
    store.touch()
    configuration = tmp_path / "bleepstore.yaml"
    database = f"metadata: {{sqlite: {{path: {store}}}}}"
    configuration.write_text(f"{database}\nstorage: {{backend: aws}}\n")
    command = Path(sys.executable).with_name("bleepstore-admin")
    ended = subprocess.run(
        [command, "--config", configuration, "fsck"], capture_output=True, text=True, check=False
    )
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert line.startswith("bleepstore-admin: ")
    assert "storage.aws.bucket" in line
