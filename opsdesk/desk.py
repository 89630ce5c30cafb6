"""The one door from a screen to the store: `await desk.read(view, ...)`, `await desk.do(operation, ...)`.

Views and operations are ordinary functions; they run on a pool of four threads, and only the event loop ever sees a
widget. Light to import, because the frame is painted before the store is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

from opsdesk.domain.errors import OpsDeskError, Refused, Unavailable
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.terminal.place import seat_name

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlmodel import Session

    from opsdesk.domain.carriers import Carrier
    from opsdesk.domain.people.actors import Actor
    from opsdesk.domain.statuses.menu import StatusBook
    from opsdesk.integrations.ports import LetterWriter
    from opsdesk.settings import Settings
    from opsdesk.store.engine import Store
    from opsdesk.store.views.shop import Shop
    from opsdesk.store.work import Done, Performer, Work

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 4
_LAST_WRITES_S = 3.0
"""How long the exit waits for commands that have begun; one that takes longer is settled by its command id."""
_STILL_IN_DOUBT = (
    "The store cannot be reached. Whether this was saved before it went away is not known yet; it is looked up as soon "
    "as the store answers."
)


@dataclass(frozen=True, slots=True)
class OpenedShop:
    """Everything that takes time to open."""

    store: Store
    letters: LetterWriter
    statuses: StatusBook
    shop: Shop
    carriers: tuple[Carrier, ...] = ()


class Desk:
    """Where one person works: reads views, carries out operations, keeps drafts."""

    def __init__(
        self,
        open_shop: Callable[[], OpenedShop],
        settings: Settings,
        *,
        actor: Actor | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.seat = seat_name()
        self._open_shop = open_shop
        self._actor = actor
        self._opened: OpenedShop | None = None
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="desk")
        self._writes: set[asyncio.Future[object]] = set()
        self._in_doubt: dict[str, str] = {}

    async def open(self) -> None:
        """Open the store and what belongs to it, on a thread.

        Raises:
            Refused: there is no store there, or one of another version.
            Unavailable: the server does not answer.
        """
        if self._opened is None:
            self._opened = await self._on_a_thread(self._open_shop)

    @property
    def is_open(self) -> bool:
        """True once the store can be asked."""
        return self._opened is not None

    @property
    def actor(self) -> Actor:
        """The person who works here.

        Raises:
            Refused: nobody is signed in.
        """
        if self._actor is None:
            raise Refused("Nobody is signed in. Sign in first.")
        return self._actor

    @property
    def is_signed_in(self) -> bool:
        """True while somebody works here."""
        return self._actor is not None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self.settings.zone

    @property
    def store(self) -> Store:
        """The opened store, for what runs beside the screens."""
        return self._shop_now().store

    @property
    def letters(self) -> LetterWriter:
        """Writes letters from the shop's templates."""
        return self._shop_now().letters

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The carriers that parcels are handed to."""
        return self._shop_now().carriers

    @property
    def statuses(self) -> StatusBook:
        """The Order Status menu."""
        return self._shop_now().statuses

    @property
    def shop(self) -> Shop:
        """How the shop signs."""
        return self._shop_now().shop

    def switch(self, actor: Actor | None) -> None:
        """Let somebody else work here, or nobody."""
        self._actor = actor

    async def read(self, view: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Answer from one view. A cancelled caller never sees the answer, and a read not yet begun is dropped.

        Raises:
            Unavailable: the store does not answer.
        """
        store = self.store

        def answer() -> T:
            with store.reading() as session:
                return view(session, *args, **kwargs)

        return await self._on_a_thread(answer)

    def do(
        self, operation: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[Done]:
        """Carry out one operation in one transaction. Once begun it finishes, whatever the screen does.

        It is put down to who works here when it is given, even if somebody else sits down before it runs. A command of
        which the store did not say whether it was saved keeps its id, and is done once when it is given again.

        Raises:
            Invalid, Refused, Conflict: nothing was changed.
            Unavailable: the store does not answer.
        """
        performer = self.performer()
        asked = repr((performer.actor, operation, args, sorted(kwargs.items())))
        command_id = self._in_doubt.get(asked) or str(uuid4())

        def carry_out() -> Done:
            try:
                done = performer.perform_as(command_id, operation, *args, **kwargs)
            except Unavailable as error:
                if error.command_id:
                    self._in_doubt[asked] = error.command_id
                if not error.command_id and asked in self._in_doubt:
                    raise Unavailable(_STILL_IN_DOUBT, command_id=command_id) from error
                raise
            except OpsDeskError:
                self._in_doubt.pop(asked, None)
                raise
            self._in_doubt.pop(asked, None)
            return done

        return self._shielded(carry_out)

    async def write(self, function: Callable[Concatenate[Store, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Write what is nobody's command and leaves no history: drafts, presence, looks."""
        store = self.store
        return await self._shielded(lambda: function(store, *args, **kwargs))

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a longer piece of work on a thread: a job with many commands, or writing a letter."""
        return await self._shielded(lambda: function(*args, **kwargs))

    def performer(self) -> Performer:
        """Return what carries out operations for the person who works here."""
        from opsdesk.store.work import Performer

        return Performer(self.store, self.actor, self.clock)

    async def close(self) -> None:
        """Let commands that have begun finish, then let go of the store."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=_LAST_WRITES_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._opened is not None:
            self._opened.store.close()

    async def _shielded(self, work: Callable[[], T]) -> T:
        future = asyncio.ensure_future(self._on_a_thread(work))
        self._writes.add(future)  # type: ignore[arg-type]  # a future of T is kept only to be waited for
        future.add_done_callback(self._written)
        return await asyncio.shield(future)

    def _written(self, future: asyncio.Future[T]) -> None:
        self._writes.discard(future)
        if not future.cancelled():
            # Looked at here, or a caller that went away would leave a complaint on the terminal.
            future.exception()

    async def _on_a_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _shop_now(self) -> OpenedShop:
        if self._opened is None:
            raise Unavailable("The store is still being opened. Try again in a moment.")
        return self._opened
