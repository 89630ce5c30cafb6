"""`opsdesk import` and `opsdesk export` from the shell: what they print, what they leave behind, how they end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from opsdesk.__main__ import main
from tests.integrations.files.samples import json_lines, own_order, shopify_order, shopify_text, written


@pytest.fixture
def shop(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Be the one person of a fresh shop, who may do everything until somebody is added."""
    monkeypatch.setenv("OPSDESK_STORE", sqlite_url)
    return sqlite_url


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run one command as the shell would; return its exit code and what it printed on both streams."""
    monkeypatch.setattr("sys.argv", ["opsdesk", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_good_orders_go_in_and_refused_ones_lie_beside_the_file(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "orders.csv", shopify_text(shopify_order(1), shopify_order(2, Total="1.234,50")))
    code, out, err = run(monkeypatch, capsys, "import", "orders", path, "--json")
    rejects = tmp_path / "orders.csv.rejects.jsonl"
    assert code == 0
    assert json.loads(out) == {
        "format": "shopify-csv",
        "dry_run": False,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "rejects": str(rejects),
    }
    assert "line 3, Total" in err
    (refused,) = map(json.loads, rejects.read_text().splitlines())
    assert (refused["line"], refused["field"]) == (3, "Total")
    assert json.loads(refused["raw"])[0]["Name"] == "#2"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600, "It holds personal data."
    _, out, _ = run(monkeypatch, capsys, "import", "orders", path)
    assert "0 new, 0 changed, 1 unchanged, 1 refused" in out


def test_a_refused_record_leaves_no_card_number_behind(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = own_order("1", total="oops 4111111111111111", note="card 4111 1111 1111 1111")
    path = written(tmp_path, "orders.jsonl", json_lines(bad))
    run(monkeypatch, capsys, "import", "orders", path, "--rejects", tmp_path / "bad.jsonl")
    assert "411111111111" not in (tmp_path / "bad.jsonl").read_text().replace(" ", "")


def test_a_link_is_not_followed_when_refused_records_are_written(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "orders.jsonl", json_lines({"opsdesk": "order/1"}))
    (tmp_path / "orders.jsonl.rejects.jsonl").symlink_to(tmp_path / "elsewhere")
    code, _, err = run(monkeypatch, capsys, "import", "orders", path)
    assert code == 1 and "cannot be written" in err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("dry", [True, False])
def test_a_file_that_is_cut_off_ends_with_one_sentence_and_changes_nothing(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dry: bool
) -> None:
    path = written(tmp_path, "orders.jsonl", json_lines(*(own_order(str(n)) for n in range(900)))[:-20])
    code, out, err = run(monkeypatch, capsys, "import", "orders", path, *(["--dry-run"] if dry else []))
    assert (code, out) == (1, "")
    assert err.count("\n") == 1 and "cut off" in err
    _, out, _ = run(monkeypatch, capsys, "import", "orders", written(tmp_path, "one", json_lines(own_order("1"))))
    assert "1 new" in out


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_an_export_is_whole_or_not_there_and_private(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    run(monkeypatch, capsys, "import", "orders", written(tmp_path, "in", json_lines(own_order("1"), own_order("2"))))
    code, out, _ = run(monkeypatch, capsys, "export", "orders", tmp_path / name, "--json")
    assert (code, json.loads(out)["orders"]) == (0, 2)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    _, out, _ = run(monkeypatch, capsys, "import", "orders", tmp_path / name)
    assert "0 new, 0 changed, 2 unchanged" in out
    code, _, err = run(monkeypatch, capsys, "export", "orders", tmp_path / "missing" / name)
    assert code == 1 and "cannot be written" in err


def test_products_go_in_and_out(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "p.csv", "sku,title,price,currency\nTEA,Tea,4.00,EUR\nBAD,Bad,x,EUR\n")
    _, out, _ = run(monkeypatch, capsys, "import", "products", path, "--json")
    assert (json.loads(out)["created"], json.loads(out)["rejected"]) == (1, 1)
    code, _, _ = run(monkeypatch, capsys, "export", "products", tmp_path / "out.csv")
    assert code == 0 and "TEA" in (tmp_path / "out.csv").read_text()
