"""Carrying out commands from a screen, and showing each kind of no where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar, cast

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from opsdesk.domain.errors import Conflict, Invalid, OpsDeskError, Unavailable
from opsdesk.key_lane import takes_text
from opsdesk.theme import Tone
from opsdesk.widgets.lines import MessageLine, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from opsdesk.desk import Desk
    from opsdesk.screens.frame.host import DeskHost
    from opsdesk.store.engine import Store
    from opsdesk.store.work import Done, Work
    from opsdesk.widgets.form import Form

P = ParamSpec("P")
T = TypeVar("T")
ResultT = TypeVar("ResultT")


class Banner(Static):
    """What somebody else did to the record on the screen; it stays until it is dealt with."""

    DEFAULT_CSS = """
    Banner { height: auto; width: 100%; display: none; padding: 0 1; background: $raised;
        color: $tone-look; border-left: thick $tone-look; }
    Banner.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(Content(""))
        self.text = ""

    def show(self, sentence: str, lines: tuple[str, ...] = ()) -> None:
        """Show a sentence and what was changed."""
        self.text = "\n".join((sentence, *lines))
        self.add_class("-shown")
        pieces = [Content.styled(sentence, f"bold {Tone.LOOK.style}")]
        pieces += [Content.styled(f"  ~ {line}", Tone.PLAIN.style) for line in lines]
        self.update(Content("\n").join(pieces))

    def hide(self) -> bool:
        """Take it away; return whether there was one."""
        was_shown = self.has_class("-shown")
        self.remove_class("-shown")
        self.text = ""
        return was_shown


class Carrying(Screen[ResultT]):
    """The part of a screen that reads views, carries out operations and says what became of them."""

    SPEAKS_FOR_OTHERS: ClassVar[bool] = True
    """It says what became of what was begun on a screen that has closed; panels and gates do not."""

    under_way = 0
    """So much that was begun here has not finished."""

    @property
    def host(self) -> DeskHost:
        """The app that the screen is open in."""
        return cast("DeskHost", self.app)

    @property
    def desk(self) -> Desk:
        """The way to the store."""
        return self.host.desk

    def say(self, sentence: str, *, hint: str = "", more: str = "") -> None:
        """Say something on the message line; it stays until the next sentence."""
        self.show_said(Said(sentence, hint=hint, more=more))

    def say_done(self, sentence: str, *, hint: str = "", more: str = "") -> None:
        """Say that something was done."""
        self.show_said(Said(sentence, Tone.GOOD, self.host.symbol("done"), hint, more))

    def say_what_was_done(self, done: Done) -> None:
        """Say what a command did, and whether it can be taken back."""
        self.say_done(done.message, hint="u undoes" if done.can_undo else "")

    def say_no(self, sentence: str, *, more: str = "") -> None:
        """Say why something was not done, and what would help."""
        self.show_said(Said(sentence, Tone.LOOK, self.host.symbol("look"), more=more))

    def say_wrong(self, sentence: str) -> None:
        """Say that something is broken, not merely refused."""
        self.show_said(Said(sentence, Tone.ALARM, self.host.symbol("wrong")))

    def show_said(self, said: Said) -> None:
        """Show it; nothing once the line is taken down, as it is when the program ends."""
        line = self.query_one_optional(MessageLine)
        if line is not None:
            line.show(said)

    @property
    def said(self) -> Said:
        """What the message line says, with all that stands beside it."""
        line = self.query_one_optional(MessageLine)
        return line.said if line is not None else Said()

    @property
    def message(self) -> str:
        """The sentence on the message line."""
        return self.said.sentence

    async def fetch(self, view: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Answer from one view, or say that the store does not answer and return None."""
        try:
            answer = await self.desk.read(view, *args, **kwargs)
        except OpsDeskError as error:
            self.show_refusal(error)
            return None
        if not self.host.is_running:
            # The program ends: where the answer belongs is being taken down.
            return None
        self.host.store_is_back()
        return answer

    async def attempt(
        self, operation: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs
    ) -> Done | None:
        """Carry out an operation; show a no where it belongs and return None. Typed text always stays.

        Where the screen has closed meanwhile, the desk that is open now says what became of it.
        """
        self._forget_refusals()
        try:
            done = await self.desk.do(operation, *args, **kwargs)
        except OpsDeskError as error:
            if self.is_attached:
                self.show_refusal(error)
                self.forget_ahead()
            elif (desk := self._open_desk()) is not None:
                desk.say_no(error.message)
            return None
        self.host.store_is_back()
        self.host.note_done(done)
        if not self.is_attached and (desk := self._open_desk()) is not None:
            desk.done(done)
        return done

    def _open_desk(self) -> Carrying[Any] | None:
        """Return the desk that is open now that this screen has closed; None while the program ends."""
        stack = (screen for screen in reversed(self.app.screen_stack) if isinstance(screen, Carrying))
        return next((screen for screen in stack if screen.SPEAKS_FOR_OTHERS and screen.is_attached), None)

    def forget_ahead(self) -> None:
        """After a no, let no letter act that was typed before anybody could read it; text that is typed ahead stays."""
        if self.is_attached and (self.focused is None or not takes_text(self.focused)):
            self.host.key_lane.forget_ahead()

    def carry_out(
        self, operation: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs
    ) -> Worker[None]:
        """Carry out an operation, then `done`. It belongs to the app, so a closed screen cannot lose it."""

        async def run() -> None:
            done = await self.attempt(operation, *args, **kwargs)
            if done is not None and self.is_attached:
                self.done(done)

        return self.begin(run())

    def begin(self, work: Coroutine[None, None, None]) -> Worker[None]:
        """Start something that must finish even if the screen is closed; keys wait for it a moment."""
        let_go = self.host.key_lane.hold()
        self.under_way += 1

        async def run() -> None:
            try:
                await work
            finally:
                self.under_way -= 1
                let_go()

        return self.host.run_worker(run, group="writes", exit_on_error=True)

    def begin_quietly(self, work: Coroutine[None, None, None]) -> Worker[None]:
        """Start a small write that nobody waits for, such as a draft; it too outlives the screen."""
        return self.host.run_worker(work, group="quiet", exit_on_error=True)

    async def attempt_write(
        self, function: Callable[Concatenate[Store, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Write a draft or the like; when the store does not answer, say so once."""
        try:
            await self.desk.write(function, *args, **kwargs)
        except OpsDeskError as error:
            self.show_refusal(error)

    def done(self, done: Done) -> None:
        """Say what was done, and read again what it changed. Screens and panels add their own."""
        self.say_what_was_done(done)

    def show_refusal(self, error: OpsDeskError) -> None:
        """Show a no: at its field, as a banner, or on the message line."""
        if not self.is_attached:
            return
        if isinstance(error, Unavailable):
            self.host.store_is_away()
            self.say_wrong(error.message)
        elif isinstance(error, Conflict):
            who = f" ({error.who})" if error.who and error.who not in error.message else ""
            self.query_one(Banner).show(f"{error.message}{who}", error.changes)
            kept = "Nothing was saved. Your text is still here; look at the change, then F9 again."
            self.say_no(kept if any(self._forms()) else error.message)
            self.after_conflict()
        elif isinstance(error, Invalid) and self._show_at_field(error):
            self.say_no("Nothing was saved yet. Correct the marked field, then F9.")
        else:
            self.say_no(error.message)

    def after_conflict(self) -> None:
        """Read again what somebody else changed; what was typed stays. Screens say how."""

    def _show_at_field(self, error: Invalid) -> bool:
        return any(form.show_error(error.field, error.message) for form in self._forms())

    def _forget_refusals(self) -> None:
        for form in self._forms():
            form.clear_errors()
        for banner in self.query(Banner):
            banner.hide()

    def _forms(self) -> Iterator[Form]:
        # By name: the first picture needs no form, and its text fields take a while to import.
        return (cast("Form", found) for found in self.query("Form"))
