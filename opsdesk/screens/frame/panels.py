"""Panels: a list to choose from, a question, a form. They stand over a desk, which stays visible behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.carrying import Banner
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.confirm import Confirm
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey, KeyBar
from opsdesk.widgets.lines import MessageLine, TitleLine

if TYPE_CHECKING:
    from opsdesk.store.work import Done

ResultT = TypeVar("ResultT")
_LONG = 12
"""A list with more entries takes all rows of a small terminal."""


class DeskPanel(DeskScreen[ResultT], ModalScreen[ResultT]):
    """A panel. F3 and Esc close it with nothing done; what was typed is kept where it is worth a draft."""

    KEYS = ("everywhere",)
    SPEAKS_FOR_OTHERS = False

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = title

    def compose(self) -> ComposeResult:
        """Lay out title, body, banner, message and one line of keys in a box."""
        with Vertical(classes="panel--box"):
            yield TitleLine()
            with Vertical(classes="panel--body"):
                yield from self.compose_body()
            yield Banner()
            yield MessageLine()
            yield KeyBar()

    def show_title(self) -> None:
        """Show the panel's heading and the mode."""
        for line in self.query(TitleLine):
            line.show(self.heading, self.mode.value, (), "")

    def show_keys(self) -> None:
        """Show the few keys that matter in a panel."""
        for bar in self.query(KeyBar):
            bar.set_class(True, "-one-line")
            bar.show(tuple(self.panel_keys()), ())

    def panel_keys(self) -> Sequence[BarKey]:
        """Return the keys that the panel's bar shows."""
        back = BarKey("screen.back", "F3", "back")
        if label := self.commit_label():
            return (BarKey("screen.commit", "F9", label, self.why_not("commit"), is_main=True), back)
        return (back,)

    def step_out(self) -> None:
        """Close the panel with nothing done."""
        self.dismiss(None)

    def action_find(self) -> None:
        """Say that the panel comes first."""
        self.say("Close this first.", hint="F3 goes back")

    action_jump = action_find


class ChoicePanel(DeskPanel[str]):
    """A numbered list; closes with the key of what was chosen, or None."""

    BODY_FOCUS = "Choices"

    def __init__(
        self,
        title: str,
        entries: Sequence[Choice],
        *,
        pointed: str | None = None,
        narrows: bool = False,
        note: str = "",
    ) -> None:
        super().__init__(title)
        self._choices = Choices(entries, pointed=pointed, narrows=narrows)
        self._note = note
        self.set_class(len(entries) > _LONG, "-long")

    def compose_body(self) -> ComposeResult:
        """Yield the list."""
        yield self._choices

    def on_mount(self) -> None:
        """Say what the list is for."""
        if self._note:
            self.say(self._note)

    def panel_keys(self) -> Sequence[BarKey]:
        """Return what a list is worked with."""
        return (BarKey("screen.commit", "1-9", "choose", None), BarKey("screen.back", "F3", "back"))

    def commit_label(self) -> str | None:
        """F9 chooses what is pointed at."""
        return "CHOOSE"

    def action_commit(self) -> None:
        """Choose what is pointed at."""
        self._choices.action_choose()

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.dismiss(event.key)

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)


class ConfirmPanel(DeskPanel[bool]):
    """A question; closes with True only after `y`."""

    BODY_FOCUS = "Confirm"

    def __init__(
        self, title: str, sentence: str, *, verb: str, keep: str = "leave it", details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(title)
        self._confirm = Confirm(sentence, verb=verb, keep=keep, details=details)

    def compose_body(self) -> ComposeResult:
        """Yield the question."""
        yield self._confirm

    @on(Confirm.Answered)
    def _answered(self, event: Confirm.Answered) -> None:
        event.stop()
        self.dismiss(event.is_yes)


class FormPanel(DeskPanel[ResultT]):
    """A form. F9 commits; a no is shown at its field, and the typed text stays.

    A subclass yields no body of its own but gives `fields`, names its commit in `commit_label` and does it in `commit`.
    With `DRAFT` and `subject_id` every edit is kept as a draft, taken up again when the panel is next opened, and
    dropped when it is done.
    """

    DRAFT: ClassVar[str] = ""

    def __init__(self, title: str, fields: Sequence[Field], *, subject_id: int = 0) -> None:
        super().__init__(title)
        self.form = Form(fields)
        self.subject_id = subject_id
        self._owner: int | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the form."""
        yield self.form

    def focus_body(self) -> None:
        """Go to the first field."""
        self.form.focus_field()

    async def load(self) -> None:
        """Take up the draft, if one was left."""
        user_id = self._drafting_user
        if user_id is None:
            return
        from opsdesk.store.desk.drafts import find_draft

        draft = await self.fetch(find_draft, user_id, self.DRAFT, self.subject_id)
        if draft is not None and not self.form.is_changed:
            self.form.fill(draft.fields)
            self.say(
                "Taken up where you left it.", hint=f"kept {draft.saved_at.astimezone(self.desk.zone):%d %b %H:%M}"
            )

    def commit(self, values: Mapping[str, str]) -> None:
        """Do what F9 says with these values."""
        raise NotImplementedError

    def action_commit(self) -> None:
        """Commit behind the characters that still wait for a field in the same burst."""
        (self.focused or self).call_later(lambda: self.commit(self.form.values))

    def done(self, done: Done) -> None:
        """Close with what was done; the desk behind says it."""
        self._forget_draft()
        self.dismiss(cast("ResultT", done))

    def leaving(self) -> bool:
        """Keep what is typed before the panel closes."""
        if self.form.is_changed:
            self._keep(self.form.draft)
        return True

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        # What stands there now, not when it was told: the form may have been filled from the order since. Fields tell
        # what they begin with too; before the draft has been read, that must not be kept in its place.
        event.stop()
        if self.is_loaded or self.form.is_changed:
            self._keep(self.form.draft)

    @on(Form.Completed)
    def _completed(self, event: Form.Completed) -> None:
        event.stop()
        self.say(f"That was the last field. F9: {(self.commit_label() or 'do it').lower()}.")

    @property
    def _drafting_user(self) -> int | None:
        # Whoever opened the form: what is told late, when somebody else sits here already, is not theirs to find.
        if self._owner is None and self.DRAFT and self.desk.is_signed_in and self.desk.is_open:
            self._owner = self.desk.actor.user_id
        return self._owner

    def _keep(self, values: Mapping[str, str]) -> None:
        user_id, now = self._drafting_user, self.desk.clock()
        if user_id is None:
            return

        async def keep() -> None:
            from opsdesk.store.desk.drafts import save_draft

            await self.attempt_write(save_draft, user_id, self.DRAFT, self.subject_id, dict(values), now=now)

        self.begin_quietly(keep())

    def _forget_draft(self) -> None:
        user_id = self._drafting_user
        if user_id is None:
            return

        async def forget() -> None:
            from opsdesk.store.desk.drafts import drop_draft

            await self.attempt_write(drop_draft, user_id, self.DRAFT, self.subject_id)

        self.begin_quietly(forget())
