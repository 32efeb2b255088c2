from __future__ import annotations

from pathlib import Path

import pytest

from bench import options

_FOLDERS = ["--folder", "{}/data", "--output", "{}/out"]


def parse(tmp_path: Path, *arguments: str) -> object:
    folders = [each.format(tmp_path) for each in _FOLDERS]
    return options.parse("benchmark", [*folders, *arguments])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--peer", "M"], "expected NAME=URL,ACCESS_KEY,SECRET_KEY[,REGION]"),
        (["--peer", "M=localhost:1,a,b"], "expected a URL with http:// or https://"),
        (["--peer", "M=http://127.0.0.1:1,a,b"], "M does not answer at http://127.0.0.1:1"),
        (["--peer", "nginx=http://127.0.0.1:1,a,b"], "nginx is the name of two stores"),
        (["--rounds", "0"], "expected a number of 1 or more, not '0'"),
        (["--seconds", "few"], "expected a number of 1 or more, not 'few'"),
        (["--objects", "1000"], "expected a number of 2000 or more, not '1000'"),
        (["--large-mib", "8"], "expected a number of 40 or more, not '8'"),
        (["--folder", "/dev/null/data"], "/dev/null/data: Not a directory"),
    ],
)
def test_a_wrong_option_is_told_of_in_a_line(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(tmp_path, "--only", "alone", *arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_programs_that_are_missing_are_told_of_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "find_program", lambda name: None)
    with pytest.raises(SystemExit):
        parse(tmp_path, "--only", "requests", "--only", "streams")
    assert "curl and wrk missing (apt install curl; apt install wrk)" in capsys.readouterr().err
    parse(tmp_path, "--only", "alone")


def test_folders_are_made_also_where_nothing_has_been_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "_BUILD", tmp_path / "build")
    parsed = options.parse("benchmark", ["--only", "alone"])
    assert parsed.folder == tmp_path / "build" / "bench"
    assert parsed.folder.is_dir()
    assert parsed.output == tmp_path / "build"
