"""``estimate --pdf`` and ``--fhir`` write their files, whatever else is printed."""

import json

import pytest

from elvmass_core.__main__ import main
from elvmass_core.io.wfdb_writer import write_wfdb
from tests import synthetic


@pytest.fixture
def estimate(untrained, tmp_path):
    """Call ``estimate`` with these options; returns the exit code and the two files."""
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0)
    files = tmp_path / "report.pdf", tmp_path / "report.json"

    def call(*options):
        ecg = str(tmp_path / "ecg.hea")
        written = ("--pdf", str(files[0]), "--fhir", str(files[1]), "--weights", str(untrained))
        return main(["estimate", ecg, *options, *written]), *(file.read_bytes() for file in files)

    return call


@pytest.mark.parametrize(("options", "expected"), [(("--age", "63"), 0), ((), 3)])
def test_an_answer_and_a_refusal_are_both_written(estimate, options, expected):
    code, pdf, fhir = estimate("--sex", "F", *options)
    assert code == expected
    assert pdf.startswith(b"%PDF-")
    assert json.loads(fhir)["resourceType"] == "Bundle"


def test_a_folder_that_does_not_exist_is_one_sentence_and_exit_code_2(untrained, tmp_path, capsys):
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0)
    code = main(
        ["estimate", str(tmp_path / "ecg.hea"), "--sex", "F", "--age", "63", "--weights", str(untrained)]
        + ["--pdf", str(tmp_path / "no" / "report.pdf")]
    )
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
