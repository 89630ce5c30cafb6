"""The files of the fraud desk: the shipped ones fit together, and a shop's own change what they mean to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.cases.script import CallScript
from opsdesk.domain.fraud.evidence.addresses import Place, forwarder_at
from opsdesk.domain.fraud.evidence.catalogue import CATALOGUE, NAMED_FACTS
from opsdesk.domain.fraud.expressions.functions import FUNCTIONS
from opsdesk.domain.fraud.expressions.tokens import BadExpression
from opsdesk.domain.fraud.rules import RuleState
from opsdesk.domain.fraud.thresholds import OnLapse, Thresholds
from opsdesk.integrations.fraud_files import open_fraud

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
BOOK = open_fraud(DATA)
PAGE = (ROOT / "docs/fraud-rules.md").read_text("utf-8")


def own(folder: Path, **files: str) -> Path:
    (folder / "fraud").mkdir()
    for name, text in files.items():
        (folder / "fraud" / f"{name}.toml").write_text(text, "utf-8")
    return folder


def test_every_outcome_is_counted_by_rules_that_exist_and_says_its_points() -> None:
    points = {code: BOOK.contact.points(code, BOOK.rules) for code in BOOK.contact.outcomes}
    assert points == {
        "verified": -40, "verified_order_number": -15, "failed_challenge": 30, "denies_order": 0, "third_party": 5,
        "wrong_number": 20, "invalid_or_disconnected": 20, "no_answer": 3, "voicemail_left": 0, "busy": 0,
        "callback_requested": 0, "refused_to_answer": 10, "language_barrier": 0, "mail_reply_only": 0, "mail_hard_bounce": 20,
        "mail_soft_bounce": 0,
    }  # fmt: skip


def test_the_shipped_settings_are_those_that_the_program_assumes() -> None:
    """A test or a tool that asks for no file gets the desk that is shipped."""
    assert BOOK.thresholds == Thresholds()


def test_a_shop_changes_one_setting_and_keeps_the_others(tmp_path: Path) -> None:
    book = open_fraud(DATA, own(tmp_path, thresholds='[deadline]\non_lapse = "escalate"\n[score]\nhold_from = 70\n'))
    assert book.thresholds.deadline.on_lapse is OnLapse.ESCALATE
    assert (book.thresholds.bands.hold_from, book.thresholds.bands.review_from) == (70, 25)
    assert book.thresholds.calls == BOOK.thresholds.calls


def test_a_shop_has_its_own_lists_rules_forwarders_and_script(tmp_path: Path) -> None:
    folder = own(
        tmp_path,
        lists=(
            '[[list]]\nname = "disposable_domains"\nentries = ["Throw.Example"]\n'
            '[[list]]\nname = "resale_skus"\nentries = ["PHONE-15"]\n'
            '[[list]]\nname = "campus_towns"\nmeaning = "towns with dormitories"\nentries = ["leeds"]\n'
            '[[forwarder]]\nname = "Hop"\ncountry = "GB"\npostcode = "LS1 4AB"\nstreet = "1 Dock Street"\n'
        ),
        rules=(
            '[[rule]]\nid = "OWN-01"\nname = "dormitory"\nwhen = "shipping.city in campus_towns"\ngroup = "address"\n'
            'agent = "dormitory town"\nsince = 2026-11-24\nauthor = "lena"\nstate = "live"\npoints = 2\n'
        ),
        script='[[step]]\ncode = "hello"\nsay = "Hello {name}"\n',
    )  # fmt: skip
    book = open_fraud(DATA, folder)
    assert "throw.example" in book.lists.lists["disposable_domains"]
    assert "mailinator.com" in book.lists.lists["disposable_domains"]
    assert "PHONE-15" in book.lists.lists["resale_skus"]
    assert book.rules.rules[-1].state is RuleState.LIVE
    assert forwarder_at(Place(line1="1 Dock St, Unit 7", postcode="LS1 4AB", country="GB"), book.lists.forwarders)
    assert [step.code for step in book.script.steps] == ["hello"]
    assert isinstance(BOOK.script, CallScript) and len(BOOK.script.steps) > 1


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("thresholds", "[score]\nhold_from = 20", "must rise"),
        ("thresholds", "[score]\nhold_form = 20", "'hold_form' means nothing here"),
        ("thresholds", "[scores]\nhold_from = 20", "'scores' means nothing here"),
        ("thresholds", '[deadline]\non_lapse = "release"', "on_lapse must be one of: call, escalate, propose_cancel"),
        ("thresholds", "[calls]\nday_part_hours = [20, 8]", "hours that rise"),
        ("thresholds", "[calls]\nday_part_hours = 8", "list of whole numbers"),
        ("thresholds", "[sample]\npercent = 50", "percent must be a whole number from 0 to 20"),
        ("lists", '[[list]]\nname = "My List"\nentries = []', "is no name"),
        ("lists", '[[list]]\nname = "mine"\nentries = [1]', "list of texts"),
        ("contact", '[[outcome]]\ncode = "x"\nwords = "x"\nnext = "wait"\ncounts = ["NO-99"]', "there is no rule 'NO-99'"),
        ("contact", '[[outcome]]\ncode = "x"\nwords = "x"\nnext = "shout"', "next must be one of: release"),
        ("phrases", '[[phrase]]\ncode = "CS-X"\nde = "nur deutsch"', "needs English words"),
        ("script", '[[step]]\ncode = "x"\nsay = "Hello {password}"', "there is no {password}"),
        ("programmes", '[[programme]]\ncode = "x"\nname = "x"\nnetwork = "visa"\neffective_from = "soon"', "must be a day"),
        ("rules", "rule = 3", "must consist of [[rule]] entries"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_file_and_key(tmp_path: Path, file: str, text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_fraud(DATA, own(tmp_path, **{file: text}))
    assert said in refused.value.message
    assert f"fraud/{file}.toml" in refused.value.message


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "fraud").mkdir()
    (tmp_path / "fraud/rules.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match=r"rules\.toml cannot be read"):
        open_fraud(DATA, tmp_path)


# The page that tells a shop how to write a rule.


def _blocks(kind: str) -> list[str]:
    return [part.partition("\n```")[0] for part in PAGE.split(f"```{kind}\n")[1:]]


def test_the_examples_of_the_page_are_rules_that_work(tmp_path: Path) -> None:
    blocks = _blocks("toml")
    assert len(blocks) >= 3
    by_file: dict[str, str] = {"rules": "", "lists": "", "thresholds": ""}
    for block in blocks:
        first = block.splitlines()[0]
        by_file[first.removeprefix("# fraud/").removesuffix(".toml")] += block + "\n"
    book = open_fraud(DATA, own(tmp_path, **by_file))
    assert book.rules.version != BOOK.rules.version


def test_the_page_names_every_fact_and_every_function_with_its_meaning() -> None:
    for fact in NAMED_FACTS:
        assert f"| `{fact.name}` | {fact.kind} | {fact.meaning}" in PAGE, fact.name
    for name, function in FUNCTIONS.items():
        assert f"| `{function.example}` | {function.meaning} |" in PAGE, name
    for name in CATALOGUE:
        if name.startswith(("count.", "distinct.")):
            function, *words = name.split(".")
            assert f"`{function}({', '.join(words)})`" in PAGE, name


def test_the_mistakes_that_the_page_shows_are_told_as_it_says() -> None:
    from opsdesk.domain.fraud.expressions.compiling import read_condition

    for block in _blocks("text"):
        condition, _, message = block.partition("\n")
        with pytest.raises(BadExpression) as refused:
            read_condition(condition, BOOK.vocabulary)
        assert refused.value.message == message.strip()
