"""Mails that are made to hurt: refused or read within limits, never with an error, and nothing of them steers anything."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from opsdesk.domain.mails.received import Bounce, Ignored, Reply, Verdict
from opsdesk.domain.text import is_clean
from opsdesk.integrations.mail import incoming
from opsdesk.integrations.mail.bounces import read_verdict
from opsdesk.integrations.mail.incoming import LONGEST_HEAD

RECEIVED = Path(__file__).with_name("received")
ROOT = Path(__file__).parents[3]
MUTANTS = 100_000 if os.environ.get("OPSDESK_SOAK") else 1_500
FROM = b"From: ada@example.com\n"
SYSTEM = b"Return-Path: <>\nFrom: MAILER-DAEMON@example.com\n"
REPORT = SYSTEM + b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000))

REFUSED = {
    "3,000 parts inside each other": FROM + NESTED,
    "mails inside mails": FROM + b"Content-Type: message/rfc822\n\n" * 4_000,
    "a part on every line": FROM + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 40_000,
    "a report of 30,000 blocks": REPORT + b"Action: failed\n\n" * 30_000,
    "a boundary without end": FROM + b'Content-Type: multipart/mixed; boundary="' + b'";' * 50_000,
    "a folded header without end": FROM + b"Content-Type: text/plain;\n" + b' a="b";\n' * 12_000,
    "a charset that is none": SYSTEM + b"Content-Type: multipart/report; boundary*=idna''xn--%ff%ff\n\n--b\n",
}
READ = {
    "4,000 digits where a number stands": REPORT + b"Action: failed\nStatus: " + b"9" * 4_000 + b"." + b"1" * 4_000 + b"\n",
    "a length of 4,400 digits": FROM + b"Content-Length: " + b"7" * 4_400 + b"\nSubject: x\n\nHello\n",
    "nul everywhere": FROM.replace(b"ada", b"a\x00da") + b"Subject: a\x00b\n\nHel\x00lo\n",
    "nothing but nul": b"\x00" * LONGEST_HEAD,
    "nothing": b"",
    "one line of a megabyte": FROM + b"Subject: " + b"x" * 1_000_000,
    "60,000 headers": FROM + b"a: b\n" * 60_000 + b"\nHello\n",
    "encoded words inside encoded words": FROM + b"Subject: " + b"=?utf-8?q?=3D=3Futf-8=3Fq=3F=0A=3F=3D?=" * 90 + b"\n\nHello\n",
    "encoded words that never end": FROM + b"Subject: " + b"=?utf-8?q?" * 400 + b"\n\nHello\n",
    "codecs that are no charsets": FROM + b"Subject: =?zlib?b?eJwDAAAAAAE=?= =?rot13?q?uryyb?= =?idna?q?xn--a?=\n\nHello\n",
    "a body in a codec": FROM + b"Content-Type: text/plain; charset=unicode_escape\n\n\\x1b[31mHello\n",
    "utf-7": FROM + b"Content-Type: text/plain; charset=utf-7\n\n+ABs-Hello\n",
    "uuencoded": FROM + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 ../../etc/passwd\n#0V%T\n`\nend\n",
    "broken base64": FROM + b"Content-Transfer-Encoding: base64\n\n=====A===\n",
    "a terminal's own language": FROM + b"Subject: \x1b]0;owned\x07\x9b31m\n\n\x1b[2J\x1b[HHello\x08\x08\n",
    "right to left": FROM + "Subject: \u202etxt.exe\u2066\n\nHello \u202eolleh\n".encode(),
    "tags without end": FROM + b"Content-Type: text/html\n\n" + b"<" * 100_000,
    "entities without end": FROM + b"Content-Type: text/html\n\n" + b"&#9999999999;" * 8_000,
    "patterns on long lines": SYSTEM + b"\nhere is your list of failed recipients\n" + (b"a" * 5_000 + b"\n") * 20,
    "a mail system without a name": b"Return-Path: <>\nFrom: \xff\xfe\n\nHi. This is the qmail-send program\n",
}  # fmt: skip


def texts(found: Verdict) -> list[str]:
    if isinstance(found, Bounce):
        return [found.said, found.status, found.recipient, found.message_id]
    return [found.subject, found.sender, *found.text.split("\n")] if isinstance(found, Reply) else [found.why]


def is_harmless(found: Verdict) -> bool:
    return all(is_clean(text) and len(text) <= 1_000 for text in texts(found))


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_make_the_parser_slow_or_deep_never_reaches_it(name: str) -> None:
    assert isinstance(read_verdict(REFUSED[name]), Ignored)


@pytest.mark.parametrize("name", READ)
def test_what_is_odd_is_read_and_comes_out_clean(name: str) -> None:
    assert is_harmless(read_verdict(READ[name]))


def test_the_words_around_a_trick_are_kept() -> None:
    found = read_verdict(READ["a terminal's own language"])
    assert isinstance(found, Reply)
    assert found.text.endswith("Hello")
    assert "\x1b" not in found.subject + found.text


def test_a_number_without_end_is_no_status() -> None:
    found = read_verdict(READ["4,000 digits where a number stands"])
    assert isinstance(found, Bounce)
    assert found.status == ""


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ('"ada@example.com" <mallory@example.net>', "mallory@example.net"),
        ("ada@example.com <mallory@example.net>", "mallory@example.net"),
        ("=?utf-8?q?ada=40example.com?= <mallory@example.net>", "mallory@example.net"),
        ("ada@example.com, mallory@example.net", ""),
        ("ada@example.com\x00@example.net", ""),
        ("ada@example.com>mallory@example.net", ""),
        ("", ""),
    ],
)
def test_the_sender_is_the_address_that_answers_would_go_to_or_nobody(written: str, address: str) -> None:
    found = read_verdict(f"From: {written}\nSubject: x\n\nHello\n".encode())
    assert (found.sender if isinstance(found, Reply) else "") == address


def mutants(count: int, seed: int) -> list[bytes]:
    """Return mails cut, glued and peppered at random from real ones."""
    dice = random.Random(seed)
    whole = [file.read_bytes() for file in sorted(RECEIVED.iterdir())]
    spice = [
        b"\x00", b"\r", b"\n\n", b"=?utf-8?q?=0A=00?=", b"=?", b";", b'"', b"<", b">", b"@", b"9" * 4_300, b"\xff\xfe",
        b"Content-Type: message/rfc822\n\n", b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n', b"Action: failed\n",
        b"Content-Type: multipart/report; boundary*0*=idna''xn--%fc; boundary*1=b\n", b"charset*=a%00b''x", b"From: ",
        b"Content-Transfer-Encoding: base64\n", b"Return-Path: <>\n", "\u202e\u0430".encode(), b"rfc822;", b"charset=idna",
    ]  # fmt: skip
    made = []
    for _ in range(count):
        mail = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(mail) + 1)
            match dice.randrange(4):
                case 0:
                    mail[at:at] = dice.choice(spice) * dice.choice((1, 1, 2, 30))
                case 1:
                    del mail[at : at + dice.randint(1, 400)]
                case 2:
                    mail[at : at + 1] = bytes([dice.randrange(256)])
                case _:
                    other = dice.choice(whole)
                    begin = dice.randrange(len(other))
                    mail[at:at] = other[begin : begin + dice.randint(1, 800)]
        made.append(bytes(mail))
    return made


def test_mails_cut_and_glued_at_random_raise_nothing_and_say_nothing_unclean() -> None:
    assert [mail for mail in mutants(MUTANTS, 11) if not is_harmless(read_verdict(mail))] == []


def test_a_reader_that_decodes_whatever_is_asked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the checks before the parser gone, and every codec of Python allowed."""
    monkeypatch.setattr(incoming, "why_not_read", lambda _head: None)
    monkeypatch.setattr(incoming, "_CHARSET", incoming.re.compile(".*"))
    failed = 0
    for mail in (*REFUSED.values(), *READ.values()):
        try:
            failed += not is_harmless(read_verdict(mail[:LONGEST_HEAD]))
        except Exception:  # noqa: BLE001  the control may fail in any way
            failed += 1
    assert failed >= 3


# The resources of a process tell of the one that started it, too; the high water mark in /proc is its own.
BOUNDED = """
import re, resource
from pathlib import Path
from tests.integrations.mail.test_hostile_mails import READ, REFUSED
from opsdesk.integrations.mail.bounces import read_verdict
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for mail in (*READ.values(), *REFUSED.values()):
    read_verdict(mail)
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_all_of_them_together_stay_small() -> None:
    done = subprocess.run([sys.executable, "-c", BOUNDED], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 256, "MB of memory"


def test_no_error_of_a_pattern_is_written_over_a_screen(capfd: pytest.CaptureFixture[str]) -> None:
    read_verdict(b"Return-Path: <>\n\nHi. This is the qmail-send program\n")
    read_verdict(READ["a mail system without a name"])
    assert capfd.readouterr() == ("", "")
