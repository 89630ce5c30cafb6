"""`opsdesk shop`: how the shop signs its letters, and when it captures held money."""

from __future__ import annotations

from typing import Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say, say_done, say_json

app = typer.Typer(help="The shop: its name, telephone, hours, addresses, captures.", no_args_is_help=True)


@app.command("show")
def show_shop(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print how the shop signs, and which address its mails come from."""
    from opsdesk.store.views.shop import shop_texts

    with opened(store) as found, found.reading() as session:
        texts = shop_texts(session)
    if as_json:
        say_json(texts)
        return
    for name, text in texts.items():
        say(f"{name}: {text}")


@app.command("describe")
def describe(
    texts: Annotated[
        list[str], typer.Argument(metavar="NAME=TEXT...", help="e.g. name='Oat & Honey' hours='Mon-Fri 9-17'")
    ],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Change how the shop signs; what is not named stays as it is."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.operations.shop import describe_shop

    pairs = [text.partition("=") for text in texts]
    if wrong := [name for name, separator, _ in pairs if not separator]:
        raise Invalid("texts", f"{wrong[0][:40]!r} is not NAME=TEXT.")
    with acting(store, as_name) as performer:
        done = performer.perform(describe_shop, texts={name.strip(): text for name, _, text in pairs})
        say_done(done, as_json=as_json)


@app.command("capture")
def capture(
    policy: Annotated[str, typer.Argument(metavar="WHEN", help="by_hand or on_shipping")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say when money that a gateway holds is captured: by hand, or with each parcel."""
    from opsdesk.cli.choices import chosen
    from opsdesk.domain.payments.captures import CapturePolicy
    from opsdesk.operations.shop import set_capture_policy

    wanted = chosen(CapturePolicy, policy, "policy")
    with acting(store, as_name) as performer:
        say_done(performer.perform(set_capture_policy, policy=wanted), as_json=as_json)
