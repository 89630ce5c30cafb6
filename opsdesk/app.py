"""The app, wired: the frame is painted first, then the store is opened and everything else follows.

Light to import. What is slow (SQLModel, the store, templates) is imported on a thread while the frame already stands.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import closing, suppress
from contextvars import Context, copy_context
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib import import_module
from threading import Event, Thread
from typing import TYPE_CHECKING

from opsdesk.desk import Desk, OpenedShop
from opsdesk.domain.errors import OpsDeskError, Refused
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.screens.frame.host import DeskHost, StoreChange
from opsdesk.screens.queue.first_picture import FirstPicture
from opsdesk.settings import Settings, load_settings, os_login, refuse_open_secrets
from opsdesk.terminal.citizen import run_citizen
from opsdesk.terminal.sweeping import Sweeper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.worker import WorkType

    from opsdesk.domain.people.actors import Actor
    from opsdesk.integrations.ports import Gateway, Mailbox
    from opsdesk.screens.queue.screen import OrdersScreen
    from opsdesk.store.changes import Doorbell
    from opsdesk.store.views.activity import ChangeLine
    from opsdesk.store.views.orders.following import FollowedNews
    from opsdesk.store.views.queue.first_page import FirstPage

    Greeting = Callable[[], FirstPage | None]

_LAST_ROUND_S = 2.0
_CALM_S = 0.25
"""Changes are shown at most four times a second, however many there are."""

_A_REST = timedelta(seconds=1)
_MOST_CHANGES = 200
_LONGEST_START_S = 30.0


class OpsDeskApp(DeskHost):
    """The program on one terminal."""

    TITLE = "OpsDesk"

    def __init__(self, desk: Desk, greeting: Greeting = lambda: None, sweeper: Sweeper | None = None) -> None:
        super().__init__(desk)
        self._greeting = greeting
        self._sweeper = sweeper
        self._stop = Event()
        self._worker: Thread | None = None
        self._doorbell: Doorbell | None = None
        self._seen_activity = 0
        self._told_activity = 0
        self._is_looking = False

    def get_default_screen(self) -> FirstPicture:
        """Begin with the frame of the queue; nothing slow has been imported for it."""
        return FirstPicture()

    def on_mount(self) -> None:
        """Open the store behind the frame; keys that are typed meanwhile wait for the queue."""
        self._let_go = self.key_lane.hold(_LONGEST_START_S, patience_s=_LONGEST_START_S)
        self.call_after_refresh(self._begin_to_open)

    async def on_unmount(self) -> None:
        """Let commands that have begun finish, and the next worker take over."""
        self._stop.set()
        if self._doorbell is not None:
            self._doorbell.stop()
        if self._worker is not None:
            await asyncio.to_thread(self._worker.join, _LAST_ROUND_S)
        await self.desk.close()

    def _begin_to_open(self) -> None:
        opening: WorkType[None] = self._open
        self.run_worker(opening, group="opening")

    async def _open(self) -> None:
        module = await self.desk.run(import_module, "opsdesk.screens.queue.screen")
        orders: OrdersScreen = module.OrdersScreen()
        await self.push_screen(orders)
        if (first := await self.desk.run(self._greeting)) is not None:
            orders.greet(first)
        try:
            await self.desk.open()
        except OpsDeskError as error:
            self.exit(return_code=1, message=error.message)
            return
        if not self.desk.is_signed_in:
            await self._sign_in()
        from opsdesk.store.views.activity import newest

        self._seen_activity = await self.desk.read(newest)  # before anything is read: what comes behind it is told
        if self.desk.is_signed_in:
            orders.seated()
        else:
            self.push_screen(self.screen_for("sign_in"))  # type: ignore[arg-type]  # always part of the program
        self._let_go()
        await self._listen()
        await self._raise_alerts()
        self._work_beside()
        if self._sweeper is not None:
            self.set_interval(1.0, self._sweep)

    def _sweep(self) -> None:
        if self._sweeper is not None and self.idle.has_rested(_A_REST):
            self._sweeper.sweep()
            self.kept.rest()

    async def _sign_in(self) -> None:
        """Be the person that the login of the system is tied to; in a new shop, its first admin."""
        from opsdesk.operations.people.signing_in import actor_for

        known = partial(actor_for, name=None, os_login=os_login(), terminal=self.terminal, clock=self.desk.clock)
        with suppress(Refused):
            self.desk.switch(await self.desk.write(known))

    # What others do in the store.

    async def _listen(self) -> None:
        from opsdesk.store.changes import Doorbell

        loop = asyncio.get_running_loop()
        # What is called from another thread begins in an empty context, where Textual finds no app.
        self._doorbell = Doorbell(self.desk.store, partial(self._ring, loop, copy_context()))
        self._doorbell.start()

    def _ring(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        """Called on the doorbell's thread."""
        with suppress(RuntimeError):  # the app has just ended
            loop.call_soon_threadsafe(self._rung, context=context)

    def _rung(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self.set_timer(_CALM_S, self._look)

    def _look(self) -> None:
        looking: WorkType[None] = self._look_what_changed
        self.run_worker(looking, group="changes")

    async def _look_what_changed(self) -> None:
        from opsdesk.store.views.activity import since

        self._is_looking = False
        if self._stop.is_set():
            return
        try:
            lines = await self.desk.read(since, self._seen_activity, limit=_MOST_CHANGES)
        except OpsDeskError:
            self.store_is_away()
            return
        if not lines:
            await self._raise_alerts()
            return
        self._seen_activity = max(self._seen_activity, *(line.id for line in lines))
        for change in self._changes(lines):
            self.tell_screens(change)
        await self._raise_alerts()
        if len(lines) == _MOST_CHANGES:
            self._rung()

    async def _raise_alerts(self) -> None:
        """Say in the first line what nothing moves on by itself: mails, money, orders that are followed."""
        from opsdesk.screens.frame.alerts import alerts
        from opsdesk.store.views.orders.attention import attention

        if self._stop.is_set() or not self.desk.is_signed_in:
            return
        with suppress(OpsDeskError):
            actor = self.desk.actor
            found = await self.desk.read(attention, user_id=actor.user_id or 0, now=self.desk.clock())
            self.show_alerts(alerts(found, actor))
            self._tell_follower(found.followed)

    def _tell_follower(self, news: Sequence[FollowedNews]) -> None:
        """Say once what was done to a followed order, on the message line of the screen that is worked on."""
        from opsdesk.screens.queue.screen import OrdersScreen

        new = [line for line in news if line.activity_id > self._told_activity]
        self._told_activity = max([self._told_activity, *(line.activity_id for line in news)])
        if new and isinstance(self.screen, OrdersScreen):
            self.screen.say(f"{new[0].number}, which you follow: {new[0].actor}: {new[0].summary}.")

    def _changes(self, lines: Sequence[ChangeLine]) -> list[StoreChange]:
        """Part what this terminal did from what others did."""
        own = set(self.own_commands)
        found: list[StoreChange] = []
        for is_own in (True, False):
            part = [line for line in lines if (line.command_id.partition(":")[0] in own) is is_own]
            if part:
                orders = frozenset(line.subject_id for line in part if line.subject_kind == "order")
                found.append(StoreChange(frozenset(line.subject_kind for line in part), orders, is_own=is_own))
        return found

    # The worker, where no other one works.

    def _work_beside(self) -> None:
        if self.desk.store.is_sqlite:
            self._worker = Thread(target=self._work, name="worker", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        from opsdesk.integrations.mail.opening import open_mailer, open_writer
        from opsdesk.settings import data_folder
        from opsdesk.worker.loop import run_worker

        mailer = open_mailer(self.desk.settings.smtp_url, self.desk.shop.sender)
        gateways, mailbox = gateways_here(self.desk.settings, self.desk.clock), mailbox_here(self.desk.settings)
        desk, folder = self.desk, self.desk.settings.template_folder
        with closing(open_writer(data_folder(), folder, desk.shop.facts)) as letters:
            run_worker(
                desk.store, mailer, gateways, clock=desk.clock, stop=self._stop, mailbox=mailbox, letters=letters
            )


def gateways_here(settings: Settings, clock: Clock) -> Mapping[str, Gateway]:
    """Open the gateways; mails go out although a key cannot be read, and calls say on themselves that they wait."""
    from opsdesk.integrations.payments.opening import open_gateways

    try:
        return open_gateways(settings, clock=clock)
    except OpsDeskError as error:
        logging.getLogger("opsdesk.worker").warning("No gateway is used here: %s", error.message)
        return {}


def mailbox_here(settings: Settings) -> Mailbox | None:
    """Open the mailbox; mails go out although its password cannot be read on this terminal."""
    from opsdesk.integrations.mail.opening import open_mailbox

    try:
        return open_mailbox(settings)
    except OpsDeskError as error:
        logging.getLogger("opsdesk.worker").warning("The mailbox is not read here: %s", error.message)
        return None


def open_shop(settings: Settings, url: str) -> OpenedShop:
    """Open the store, the letters and the statuses, and import what the first screens need. Runs on a thread."""
    import opsdesk.operations.jobs
    import opsdesk.operations.undo
    import opsdesk.screens.order.screen
    import opsdesk.store.views.queue.counts
    import opsdesk.store.views.queue.reading  # noqa: F401  imported here, so that no key waits for it later
    from opsdesk.integrations.fraud_files import fraud_on_demand
    from opsdesk.integrations.mail.opening import open_statuses, open_writer
    from opsdesk.integrations.shop_files import open_carriers
    from opsdesk.settings import data_folder
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.shop import shop

    fraud = fraud_on_demand(data_folder(), settings.template_folder)
    store = replace(open_store(url), fraud=fraud, zone=settings.zone)
    with store.reading() as session:
        found = shop(session, settings.zone)
    letters = open_writer(data_folder(), settings.template_folder, found.facts)
    own = settings.template_folder
    statuses, carriers = open_statuses(data_folder(), own), open_carriers(data_folder(), own)
    return OpenedShop(store, letters, statuses, found, carriers)


def first_page(url: str, clock: Clock) -> FirstPage | None:
    """Read the first page of whoever the login of the system is tied to, while the libraries are still on their way."""
    from opsdesk.store.views.queue import first_page

    return first_page.first_page(url, os_login=os_login(), now=clock())


def make_app(
    store_url: str = "", actor: Actor | None = None, *, clock: Clock = system_clock, sweeper: Sweeper | None = None
) -> OpsDeskApp:
    """Make the app for a store; without an actor it asks who works here."""
    settings = load_settings()
    refuse_open_secrets(settings)
    url = store_url or settings.store_url
    desk = Desk(partial(open_shop, settings, url), settings, actor=actor, clock=clock)
    if actor is not None:
        return OpsDeskApp(desk, sweeper=sweeper)
    return OpsDeskApp(desk, partial(first_page, url, clock), sweeper)


def run_app(store_url: str = "", actor: Actor | None = None) -> int:
    """Run the app on this terminal and return the exit code."""
    sweeper = Sweeper()
    sweeper.begin()
    return run_citizen(make_app(store_url, actor, sweeper=sweeper))
