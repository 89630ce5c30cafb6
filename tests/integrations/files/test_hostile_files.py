"""Files that are damaged, huge, or meant to harm: one clear sentence, quickly, within bounded memory, nothing changed.

Each is tried against the whole way from the file to the store, in a process of its own whose memory is measured.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.integrations.files.formats import Format, open_orders
from opsdesk.integrations.files.product_formats import open_products
from opsdesk.integrations.files.shops import Reading
from tests.integrations.files.samples import (
    json_lines,
    own_order,
    shopify_order,
    shopify_text,
    woo_order,
    written,
)

READING = Reading("", ZoneInfo("UTC"), datetime(2026, 11, 24, tzinfo=UTC))
ROOT = Path(__file__).parents[3]
MOST_MEMORY = 256 * 1024 * 1024
MOST_SECONDS = 5


def read(path: Path, named: str = "") -> list[IncomingOrder | Rejection]:
    with open_orders(path, READING, named=named) as file:
        return list(file.orders())


def refusal(path: Path, named: str = "") -> str:
    with pytest.raises(Invalid) as caught:
        read(path, named)
    sentence = caught.value.message
    assert len(sentence) < 250 and sentence.endswith(".") and sentence.isprintable()
    return sentence


def zipped(name: str, content: bytes, *, more: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other in more:
            archive.writestr(other, b"x")
    return out.getvalue()


@pytest.mark.parametrize("packing", [lambda text: zipped("orders.jsonl", text), gzip.compress], ids=["zip", "gzip"])
def test_packed_files_are_read_as_they_are(tmp_path: Path, packing: Callable[[bytes], bytes]) -> None:
    text = json_lines(own_order("1"), own_order("2")).encode()
    assert len(read(written(tmp_path, "packed", packing(text)))) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_call_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    rows = shopify_order(**{"Billing Name": "Łukasz Grüße 東京"})
    (order,) = read(written(tmp_path, "orders.csv", shopify_text(rows).encode(encoding)))
    assert isinstance(order, IncomingOrder) and order.customer_name == "Łukasz Grüße 東京"


WOO = json.dumps([woo_order(1), woo_order(2)])
OWN = json_lines(own_order("1"), own_order("2"))
CSV = shopify_text(shopify_order(1001), shopify_order(1002))
DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n\n", "no file of orders"),
    "no such file at all": (b"hello, world\nthis is a letter\n", "no file of orders"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "UTF-8"),
    "another JSON": (b'{"a": [1, 2, 3]}', "no orders"),
    "a web page": (b"<!DOCTYPE html><html><body>502</body></html>", "no file of orders"),
    "JSON cut in a record": (WOO[:-400].encode(), "cut off"),
    "JSON cut between records": (WOO[: WOO.index("}, {") + 1].encode(), "cut off"),
    "JSON cut before its end": (WOO[:-1].encode(), "cut off"),
    "JSON with more behind it": ((WOO + WOO).encode(), "damaged"),
    "JSON with a wrong comma": (WOO.replace('"id": 2', '"id" 2').encode(), "no valid JSON"),
    "JSON lines cut in a record": (OWN[:-40].encode(), "cut off"),
    "table cut in quotes": (CSV.replace("Example Road 1", '"Example', 1)[:-5].encode(), "quotes"),
    "table cut in a row": (CSV[:-60].encode(), "cut off"),
    "table cut in a cell": (CSV.replace("Standard,2025", '"Standard\n'[:-3] + ",2025", 1).encode(), "cut off"),
    "NUL in a table": (CSV.replace("Ada", "A\0da", 1).encode(), "NUL"),
    "NUL in JSON": (WOO.replace("Ann", "A\0nn", 1).encode(), "NUL"),
    "UTF-16 without saying so": (CSV.encode("utf-16-le"), "NUL"),
    "another encoding": (CSV.replace("Ada", "Jürgen").encode("latin-1"), "UTF-8"),
    "half a letter at the end": (OWN.encode() + "ü".encode()[:1], "cut off"),
    "UTF-16 of odd length": (CSV.encode("utf-16")[:-1], "cut off"),
    "a zip that is cut off": (zipped("a", OWN.encode())[:-30], "damaged"),
    "a zip with a wrong sum": (zipped("a", OWN.encode()).replace(struct.pack("<I", zlib.crc32(OWN.encode())), b"\0\0\0\0"), "damaged"),
    "a zip of several files": (zipped("a", OWN.encode(), more=("b",)), "2 files"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "no file of orders|damaged|NUL|UTF-8"),
    "a zip in a zip": (zipped("a.zip", zipped("a", OWN.encode())), "UTF-8|NUL"),
    "a gzip that is cut off": (gzip.compress(OWN.encode() * 50)[:-20], "damaged"),
    "a gzip of noise": (b"\x1f\x8b" + random.Random(1).randbytes(500), "damaged"),
    "nested a million times": (b"[" * 1_000_000, "no orders|deeply"),
    "nested in an order": (WOO.replace('"meta_data": []', '"meta_data": ' + "[" * 100_000, 1).encode(), "deeply"),
    "two columns of one name": ((CSV.replace("Email,", "Name,", 1)).encode(), "two of the same"),
    "a million columns": (("Name,Financial Status,Lineitem quantity,Lineitem name,Created at,Total," + "," * 1_000_000 + "\n").encode(), "columns|no file"),
    "a cell without end": (CSV.replace("Standard", '"' + "x" * 200_000 + '"', 1).encode(), "too long"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_gets_one_sentence_and_gives_no_order(tmp_path: Path, name: str) -> None:
    content, words = DAMAGED[name]
    sentence = refusal(written(tmp_path, "orders", content))
    assert re.search(words, sentence), sentence


def test_the_first_orders_of_a_file_that_is_cut_off_are_not_given_out(tmp_path: Path) -> None:
    """The good records come first here: a reader that gives them out before it has seen the end lets them in."""
    text = json_lines(*(own_order(str(number)) for number in range(2_000)))[:-30]
    path = written(tmp_path, "orders", text)
    given: list[object] = []
    with pytest.raises(Invalid, match="cut off"), open_orders(path, READING) as file:
        given.extend(file.orders())
    assert given == []
    # The control: without the look at the whole file, all but the last go in.
    from opsdesk.integrations.files import own_jsonl
    from opsdesk.integrations.files.opening import open_source

    with pytest.raises(Invalid), open_source(path) as source:
        given.extend(own_jsonl.orders(source))
    assert len(given) == 1_999


@pytest.mark.parametrize("name", ["../../escape", "/etc/escape", "C:\\escape", "con", "a/../../b"])
def test_names_in_an_archive_are_never_paths(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    read(written(folder, "orders.zip", zipped(name, OWN.encode())))
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "orders.zip"]


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "missing", Path("a\0b"), Path("x" * 5_000)):
        refusal(path)


def test_monstrous_numbers_are_refused_one_record_at_a_time(tmp_path: Path) -> None:
    digits, nan = "9" * 5_000, "NaN"
    lines = [json.dumps(own_order(str(number))) for number in range(4)]
    lines[1] = lines[1].replace('"12.00"', digits)
    lines[2] = lines[2].replace('"4.00"', nan)
    found = read(written(tmp_path, "orders", "\n".join(lines) + "\n"))
    assert [type(record).__name__ for record in found] == ["IncomingOrder", "Rejection", "Rejection", "IncomingOrder"]
    orders = [woo_order(1), woo_order(2)]
    text = json.dumps(orders).replace('"23.98"', digits, 1)
    assert [type(record).__name__ for record in read(written(tmp_path, "woo", text))] == ["Rejection", "IncomingOrder"]


def a_line_without_end(path: Path) -> None:
    with path.open("wb") as file:
        file.write(json_lines(own_order("1")).encode())
        file.truncate(1_000_000_000)
        file.seek(len(json_lines(own_order("1"))))
        for _ in range(20):
            file.write(b"x" * 1_000_000)


def a_string_without_end(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'[{"line_items": [], "billing": {}, "note": "')
        for _ in range(1_000):
            file.write(b"x" * 1_000_000)


def a_flat_bomb(path: Path) -> None:
    """One layer, half a gigabyte out of a few megabytes."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("orders.csv", "w", force_zip64=True) as member,
    ):
        member.write(CSV.encode())
        for _ in range(100):
            member.write(b"\n" * 5_000_000)


def a_gzip_bomb(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(OWN.encode())
        for _ in range(100):
            file.write(b"\n" * 5_000_000)


def a_lying_header(path: Path) -> None:
    """The archive says that its file has ten bytes."""
    blank, times = b"\n" * 5_000_000, 50
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("orders.csv", "w") as member:
        member.write(CSV.encode())
        for _ in range(times):
            member.write(blank)
    true = struct.pack("<I", len(CSV.encode()) + len(blank) * times)
    packed = path.read_bytes()
    assert true in packed
    path.write_bytes(packed.replace(true, struct.pack("<I", 10)))


def a_crowd_of_entries(path: Path) -> None:
    """A table of contents with a million entries, all of them the same few bytes."""
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 1_000_000
    with path.open("wb") as file:
        file.write(b"PK\x03\x04" + bytes(26))
        for _ in range(count // 10_000):
            file.write(entry * 10_000)
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, 30, 0))


HUGE = (
    a_line_without_end, a_string_without_end, a_flat_bomb, a_gzip_bomb, a_lying_header, a_crowd_of_entries,
)  # fmt: skip
PROBE = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from opsdesk.domain.errors import Invalid
from opsdesk.integrations.files.formats import Format, open_orders
from opsdesk.integrations.files.shops import Reading
began = time.process_time()
try:
    with open_orders(Path(sys.argv[1]), Reading("", ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC))) as file:
        print("read", sum(1 for _ in file.orders()))
except Invalid as error:
    print("refused", error.message)
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(time.process_time() - began, int(peak) * 1024)
"""


def measured(path: Path, probe: str = PROBE) -> tuple[str, float, int]:
    done = subprocess.run([sys.executable, "-c", probe, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    answer, figures = done.stdout.strip().rsplit("\n", 1)
    seconds, memory = figures.split()
    return answer, float(seconds), int(memory)


@pytest.mark.parametrize("make", HUGE)
def test_a_huge_file_is_refused_quickly_and_in_little_memory(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "orders"
    make(path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    answer, seconds, memory = measured(path)
    assert answer.startswith("refused"), answer
    assert seconds <= MOST_SECONDS
    assert memory <= MOST_MEMORY
    assert sorted(path.name for path in tmp_path.rglob("*")) == before, "Nothing is unpacked to disk."


def test_the_measure_would_see_a_file_that_is_loaded_whole(tmp_path: Path) -> None:
    """The control: unpacking the bomb in one go."""
    path = tmp_path / "orders"
    a_gzip_bomb(path)
    probe = PROBE.replace(
        "    with open_orders", "    import gzip; gzip.open(sys.argv[1]).read()\n    with open_orders"
    )
    assert measured(path, probe)[2] > MOST_MEMORY


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (500, 20_000):
        path = tmp_path / f"orders{count}"
        with path.open("w") as file:
            file.write("[")
            for number in range(count):
                file.write(("," if number else "") + json.dumps(woo_order(number + 1)))
            file.write("]")
        answer, _, memory = measured(path)
        assert answer == f"read {count}"
        peaks.append(memory)
    assert peaks[1] < peaks[0] + 20_000_000


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """Damage good files at random: bytes changed, cut, doubled, and pieces that have broken readers before."""
    dice = random.Random(seed)
    good = [WOO.encode(), OWN.encode(), CSV.encode(), zipped("a", OWN.encode()), gzip.compress(CSV.encode())]
    pieces = [b"\0", b"\xff\xfe", b'"', b"'", b"\\", b"{", b"]", b",", b"\r", b"\n", b"1e999", b"NaN", b"\\ud800",
              b"-", b"9" * 400, b"\xed\xa0\x80", "\u202e".encode(), b"null", b"[]"]  # fmt: skip
    for _ in range(count):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(data) or 1)
            match dice.randrange(5):
                case 0 if data:
                    data[place % len(data)] = dice.randrange(256)
                case 1:
                    del data[place : place + dice.randint(1, 200)]
                case 2:
                    data[place:place] = dice.choice(pieces)
                case 3:
                    data[place:place] = data[place : place + dice.randint(1, 100)]
                case _:
                    data = data[:place]
        yield bytes(data)


@pytest.mark.parametrize("named", [*(kind.value for kind in Format), "nonsense"])
def test_a_format_that_is_named_wrongly_is_refused_and_nothing_worse(tmp_path: Path, named: str) -> None:
    contents = [WOO, OWN, CSV, "[1, [], {}]", "a,b\n1,2\n", '{"a": 1}\n', "hello"]
    for content in contents:
        try:
            records = read(written(tmp_path, "orders", content), named)
        except Invalid:
            continue
        right = {WOO: Format.WOOCOMMERCE_JSON, OWN: Format.OWN_JSONL, CSV: Format.SHOPIFY_CSV}.get(content)
        assert named == right or all(isinstance(record, Rejection) for record in records)


def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path: Path) -> None:
    outcomes = {"read": 0, "refused": 0}
    for content in mutations(seed=20261124, count=2_000):
        path = written(tmp_path, "orders", content)
        try:
            for record in read(path):
                assert isinstance(record, IncomingOrder | Rejection)
            outcomes["read"] += 1
        except Invalid:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 200, outcomes


@pytest.mark.parametrize("name", [name for name in DAMAGED if "zip" in name or "NUL" in name or "encoding" in name])
def test_products_go_through_the_same_door(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid), open_products(written(tmp_path, "products", DAMAGED[name][0]), READING):
        pass
