from __future__ import annotations

from bench.tables import as_markdown, as_rst, without_empty_columns

TABLE = [["what", "figure", "asked for"], ["GET, 1 client", 'the "p50"', ""]]


def test_markdown() -> None:
    assert as_markdown(["- a machine", "", TABLE]) == (
        "- a machine\n\n"
        "| what | figure | asked for |\n"
        "| --- | ---: | ---: |\n"
        '| GET, 1 client | the "p50" |  |\n'
    )


def test_restructuredtext() -> None:
    assert as_rst(["- a machine", "", TABLE]) == (
        "- a machine\n\n"
        ".. csv-table::\n"
        "   :header-rows: 1\n\n"
        '   "what","figure","asked for"\n'
        '   "GET, 1 client","the ""p50""",""\n'
    )


def test_columns_with_nothing_but_a_head_go() -> None:
    assert without_empty_columns(TABLE) == [["what", "figure"], ["GET, 1 client", 'the "p50"']]
