"""`opsdesk fraud rule`: show one rule, save a version of it, let it count or be silent, withdraw it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.fraud import app as fraud
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.output import say, say_done, say_json

if TYPE_CHECKING:
    from opsdesk.domain.fraud.rules import Rule
    from opsdesk.store.engine import Store
    from opsdesk.store.views.fraud.rules import OrderKnown, RuleAnswer, RuleLine, RuleVersion

app = typer.Typer(help="One rule: show, save, state, withdraw.", no_args_is_help=True)
fraud.add_typer(app, name="rule", short_help="One rule: show, save, state, withdraw.")

_Id = Annotated[str, typer.Argument(metavar="RULE", help="The id of a rule, or of a version on trial: PAY-01~2.")]
_Seen = Annotated[
    int | None, typer.Option("--version", help="The version that you saw; without it, the newest there is.")
]
_Note = Annotated[str, typer.Option("--note", help="Why; to let it count before its trial is over, this is needed.")]


@app.command("show")
def show_rule(
    rule_id: _Id,
    order: Annotated[str, typer.Option("--order", help="Ask the rule about this order too.")] = "",
    as_toml: Annotated[bool, typer.Option("--toml", help="Print the rule alone, as `save` reads it.")] = False,
    store: StoreOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show a rule, how it has done, and the versions that the shop has saved; or what it says of one order."""
    from opsdesk.domain.fraud.drafting.rule_text import rule_text
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.fraud.rules import answer_for, known_order, rule_versions

    now = system_clock()
    with opened(store) as shop, shop.reading() as session:
        line, rule = _line(shop, rule_id)
        versions = rule_versions(session, line.rule_id, now=now)
        known = known_order(session, order, fraud=shop.fraud, zone=shop.zone, now=now) if order else None
    answer = answer_for(rule, known) if known is not None else None
    if as_toml:
        say(rule_text(rule).rstrip())
    elif as_json:
        say_json(_plain(line, rule, versions, known, answer))
    else:
        _say(line, rule, versions, known, answer)


@app.command("save")
def save_rule(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with one rule; what it leaves out stays.")],
    version: _Seen = None,
    note: _Note = "",
    dry_run: DryRunOption = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Save a new rule or a version of one. Its examples must hold; a new or changed one judges in silence first."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.fraud.drafting.rule_text import table_in
    from opsdesk.operations.fraud.rules import save

    try:
        fields = table_in(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file", f"{file.name} cannot be read as text.") from error
    with acting(store, as_name) as performer:
        run = performer.rehearse if dry_run else performer.perform
        done = run(save, fields=fields, version=version, note=note)
        if dry_run and not as_json:
            say("Nothing was saved. It would be:")
        say_done(done, as_json=as_json)


@app.command("state")
def set_rule_state(
    rule_id: _Id,
    state: Annotated[str, typer.Argument(metavar="STATE", help="live, shadow or off.")],
    version: _Seen = None,
    note: _Note = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a rule count (live), judge in silence (shadow), or be off. A version on trial counts with live."""
    from opsdesk.operations.fraud.rules import set_state

    with acting(store, as_name) as performer:
        done = performer.perform(set_state, rule_id, state=state, version=version, note=note)
        say_done(done, as_json=as_json)


@app.command("withdraw")
def withdraw_rule(
    rule_id: _Id,
    version: _Seen = None,
    note: _Note = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Go back to the shipped version of a rule, or end a trial. What was saved is kept."""
    from opsdesk.operations.fraud.rules import withdraw

    with acting(store, as_name) as performer:
        say_done(performer.perform(withdraw, rule_id, version=version, note=note), as_json=as_json)


def _line(shop: Store, rule_id: str) -> tuple[RuleLine, Rule]:
    """Return a rule as it is listed; one on trial under the id that it will have.

    Raises:
        Refused: there is none, or it cannot be read any more.
    """
    from opsdesk.domain.errors import Refused
    from opsdesk.domain.fraud.drafting.versions import base_id
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.fraud.rules import rule_sheet

    with shop.reading() as session:
        sheet = rule_sheet(session, shop.fraud, now=system_clock(), rule_ids=(base_id(rule_id),))
    line = next((line for line in sheet.lines if line.key == rule_id), None)
    if line is None:
        raise Refused(f"There is no rule {rule_id[:40]}. `opsdesk fraud rules` lists them.")
    if line.rule is None:
        raise Refused(
            f"{rule_id} cannot be read any more and is left out: {line.problem} Save it anew, or withdraw it."
        )
    return line, replace(line.rule, id=line.rule_id)


def _plain(
    line: RuleLine,
    rule: Rule,
    versions: tuple[RuleVersion, ...],
    known: OrderKnown | None,
    answer: RuleAnswer | None,
) -> dict[str, object]:
    from opsdesk.domain.fraud.rule_entries import write_rule

    share = line.record.precision
    told: dict[str, object] = {
        **write_rule(rule),
        "key": line.key,
        "version": rule.version,
        "revision": line.revision,
        "is_own": line.is_own,
        "is_trial": line.is_trial,
        "has_shipped": line.has_shipped,
        "hits": line.record.hits,
        "fraud": share.hits,
        "labelled": share.of,
        "versions": versions,
    }
    if known is not None and answer is not None:
        asked = dict(answer.asked)
        told["order"] = {"number": known.number, "answer": answer.answer, "asked": asked}
    return told


def _say(
    line: RuleLine,
    rule: Rule,
    versions: tuple[RuleVersion, ...],
    known: OrderKnown | None,
    answer: RuleAnswer | None,
) -> None:
    from opsdesk.domain.fraud.evidence.catalogue import CATALOGUE
    from opsdesk.domain.fraud.rules import shown_fact

    whose = "the shop's own" if line.is_own else "shipped"
    say(f"{line.key}: {rule.name}")
    say(f"    {rule.points:+} points, {rule.state}, {whose}, group {rule.group}, {rule.kind.value.replace('_', ' ')}")
    say(f"    when {rule.when.text}")
    if rule.applies is not None:
        say(f"    only where {rule.applies.text}")
    say(f"    staff read: {rule.agent.text}")
    say(f"    customers may be told: {rule.customer_safe}")
    for text in rule.tests:
        say(f"    example: {text}")
    say(f"    fired {line.record.hits:,} times lately; fraud so far: {line.record.precision.words}")
    for each in versions:
        note = f": {each.note}" if each.note else ""
        say(f"    version {each.revision}, {each.state}, {each.written_at:%Y-%m-%d} by {each.author}{note}")
    if known is not None and answer is not None:
        say(f"{known.number}: {answer.answer}")
        for name, value in answer.asked:
            shown = shown_fact(known.facts, name, CATALOGUE[name].kind)
            say(f"    {name} = {'not known' if value is None else shown}")
