"""`opsdesk user`: who may sign in, what their role is, and how they prove it. Secrets are never arguments."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say, say_done, say_json
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.people.credentials import Proof

if TYPE_CHECKING:
    from opsdesk.store.desk.passwords import Hashed
    from opsdesk.store.views.users import UserLine
    from opsdesk.store.work import Performer

app = typer.Typer(help="People: names, roles, passwords, PINs, and terminals for PINs.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The sign-in name.")]
OwnArgument = Annotated[str, typer.Argument(help="Somebody else's sign-in name; without it, one's own.")]
StdinOption = Annotated[bool, typer.Option("--stdin", help="Read it from standard input, one line.")]


@app.command("list")
def list_users(
    store: StoreOption = "",
    after: Annotated[str, typer.Option("--after", help="Only names after this one: the next page.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List at most 200 people by name."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.users import users

    with opened(store) as shop, shop.reading() as session:
        people = users(session, after=after)
    if as_json:
        say_json(people)
        return
    now = system_clock()
    for person in people:
        signs_in = [word for word, has in (("password", person.has_password), ("PIN", person.has_pin)) if has]
        login = f"login {person.os_login}" if person.os_login else ""
        state = "not active" if not person.is_active else "locked" if person.is_locked(now) else ""
        say(f"{person.name:<16}", f"{person.role:<10}", f"{person.full_name:<24}", " ".join([*signs_in, login, state]))


@app.command("add")
def add_user(
    name: NameArgument,
    role: Annotated[str, typer.Option("--role", help="agent, warehouse, fraud, supervisor or admin.")],
    full_name: Annotated[str, typer.Option("--full-name", help="As colleagues say it.")] = "",
    login: Annotated[str, typer.Option("--login", help="The login of the system that acts without password.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a person. Give them a password with `opsdesk user password NAME`."""
    from opsdesk.operations.people.users import add

    with acting(store, as_name) as performer:
        say_done(performer.perform(add, name, full_name=full_name, role=role, os_login=login), as_json=as_json)


@app.command("role")
def change_role(
    name: NameArgument,
    role: Annotated[str, typer.Argument(help="agent, warehouse, fraud, supervisor or admin.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a person another role."""
    from opsdesk.operations.people.users import change_role

    with acting(store, as_name) as performer:
        person = _person(performer, name)
        say_done(performer.perform(change_role, person.id, version=person.version, role=role), as_json=as_json)


@app.command("password")
def set_password(
    name: OwnArgument = "",
    from_stdin: StdinOption = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set a password: one's own, or as an admin somebody's."""
    from opsdesk.operations.people.users import reset_password, set_password

    with acting(store, as_name) as performer:
        if name in ("", performer.actor.name):
            new = _new_secret(Proof.PASSWORD, performer.actor.name, from_stdin=from_stdin)
            say_done(performer.perform(set_password, password=new), as_json=as_json)
            return
        person = _person(performer, name)
        new = _new_secret(Proof.PASSWORD, name, from_stdin=from_stdin)
        say_done(performer.perform(reset_password, person.id, password=new), as_json=as_json)


@app.command("pin")
def set_pin(
    name: OwnArgument = "",
    from_stdin: StdinOption = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set a PIN: one's own, or as an admin somebody's. It is enough on enrolled terminals alone."""
    from opsdesk.operations.people.users import reset_pin, set_pin

    with acting(store, as_name) as performer:
        if name in ("", performer.actor.name):
            new = _new_secret(Proof.PIN, performer.actor.name, from_stdin=from_stdin)
            say_done(performer.perform(set_pin, pin=new), as_json=as_json)
            return
        person = _person(performer, name)
        new = _new_secret(Proof.PIN, name, from_stdin=from_stdin)
        say_done(performer.perform(reset_pin, person.id, pin=new), as_json=as_json)


@app.command("deactivate")
def deactivate_user(
    name: NameArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Let a person sign in no more. Their name stays in the history."""
    from opsdesk.operations.people.users import deactivate

    with acting(store, as_name) as performer:
        person = _person(performer, name)
        say_done(performer.perform(deactivate, person.id, version=person.version), as_json=as_json)


@app.command("reactivate")
def reactivate_user(
    name: NameArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Let a person sign in again."""
    from opsdesk.operations.people.users import reactivate

    with acting(store, as_name) as performer:
        person = _person(performer, name)
        say_done(performer.perform(reactivate, person.id, version=person.version), as_json=as_json)


@app.command("unlock")
def unlock_user(
    name: NameArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Give somebody new tries whose name was locked after too many wrong ones."""
    from opsdesk.operations.people.users import unlock

    with acting(store, as_name) as performer:
        say_done(performer.perform(unlock, _person(performer, name).id), as_json=as_json)


@app.command("tie")
def tie_login(
    name: NameArgument,
    login: Annotated[str, typer.Argument(help="The login of the operating system; empty unties.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a login of the operating system act as a person without a password."""
    from opsdesk.operations.people.users import tie_login

    with acting(store, as_name) as performer:
        person = _person(performer, name)
        say_done(performer.perform(tie_login, person.id, version=person.version, os_login=login), as_json=as_json)


@app.command("enrol")
def enrol_terminal(
    terminal: Annotated[str, typer.Argument(help="Where it stands, e.g. packing bench 2.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a PIN be enough on this terminal, for everybody who uses this state folder."""
    from opsdesk.operations.people.signing_in import enrol_this

    with acting(store, as_name) as performer:
        say_done(enrol_this(performer, terminal), as_json=as_json)


def _person(performer: Performer, name: str) -> UserLine:
    from opsdesk.store.views.users import user_named

    with performer.store.reading() as session:
        found = user_named(session, name)
    if found is None:
        raise Refused(f"Nobody is called {name}. `opsdesk user list` shows who there is.")
    return found


def _new_secret(proof: Proof, name: str, *, from_stdin: bool) -> Hashed:
    from opsdesk.store.desk.passwords import hashed

    if from_stdin:
        typed = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        typed = getpass.getpass(f"New {proof.word} of {name}: ")
        if getpass.getpass("Once more: ") != typed:
            raise Invalid(proof.value, f"The two were not the same. The {proof.word} is as it was.")
    else:
        raise Refused(f"There is nobody to ask for the {proof.word}. Use --stdin, or run it in a terminal.")
    return hashed(proof, typed, name=name)
