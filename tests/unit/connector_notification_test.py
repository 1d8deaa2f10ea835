"""dev/notification: what is printed, and how the script ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from connectors.describe import main

from connector_samples import HERE

REJECTED = str(HERE / "sdi" / "gobl_RicevutaScarto_NS_multi_4_errors.xml")
INVOICES = str(HERE / "ksef" / "upo-sesja-kontekst-id-nip.xml")


def printed(capsys, *arguments):
    code = main(arguments)
    return code, json.loads(capsys.readouterr().out)


def test_a_rejection(capsys):
    code, (found,) = printed(capsys, REJECTED)
    assert code == 0
    expected = {
        "file": REJECTED,
        "network": "sdi",
        "type": "NS",
        "outcome": "not_issued",
        "exchange_id": "10000001",
        "external_id": "100000002",
        "file_name": "IT01234567890_FPR01.xml",
        "invoices": [],
        "dates": {"received": "2024-06-12T12:00:00+02:00"},
        "verified": False,
    }
    assert expected.items() <= found.items()
    assert found["errors"][3]["code"] == "00311"
    assert found["errors"][3]["field"] == "customer.l10n_it_pa_index"
    assert found["errors"][3]["hint"].startswith("Verificare il CodiceDestinatario")


def test_several_files_and_messages(capsys):
    code, found = printed(capsys, REJECTED, INVOICES)
    assert code == 0
    assert [entry["file"] for entry in found] == [REJECTED, INVOICES, INVOICES]
    assert found[1]["invoices"][0]["year"] == 2025


def test_an_unusable_file_has_its_remedy(capsys, tmp_path):
    bad = tmp_path / "bad.xml"
    bad.write_bytes(b"<!DOCTYPE x><RicevutaScarto/>")
    code, found = printed(capsys, REJECTED, str(bad), str(tmp_path / "absent.xml"))
    assert code == 1
    assert found[1]["error"]["code"] == "forbidden_markup"
    assert "hostile" in found[1]["error"]["remedy"]
    assert found[2]["error"]["message"].endswith("No such file or directory")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_usage(capsys, arguments):
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_it_runs_without_odoo_and_in_any_terminal(tmp_path):
    (tmp_path / "connectors").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "connectors.describe", REJECTED],
        capture_output=True,
        check=True,
        cwd=HERE.parents[1],
        env={"LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert json.loads(done.stdout.decode("utf-8"))[0]["type"] == "NS"
    assert Path(REJECTED).exists()
