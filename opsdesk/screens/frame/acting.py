"""What the keys that work on every desk do: back, find, jump, undo, help, and the ones that are only answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.actions import SkipAction

from opsdesk.domain.errors import OpsDeskError
from opsdesk.keys import command, place
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.explaining import Explaining
from opsdesk.widgets.scan_box import ScanBox

if TYPE_CHECKING:
    from opsdesk.operations.jobs import JobResult
    from opsdesk.screens.frame.host import Undoable

ResultT = TypeVar("ResultT")


class Acting(Explaining[ResultT]):
    """The actions of the function lane and of the letters that every desk has."""

    def focus_body(self) -> None:
        """Go to the part of the screen that is worked in."""

    def reload(self) -> None:
        """Read the screen again."""

    def leaving(self) -> bool:
        """Park what is half done before the screen closes; return False to stay. Screens say how."""
        return True

    def action_back(self) -> None:
        """Go one step back: out of the find line, a banner, then the screen."""
        focused = self.focused
        if isinstance(focused, ScanBox) and focused.id == "find":
            focused.value = ""
            self.focus_body()
        elif any(banner.hide() for banner in self.query(Banner)):
            self.say("")
        elif self.leaving():
            self.step_out()

    def step_out(self) -> None:
        """Close this screen; the first one stays and says how to end the program."""
        if len(self.app.screen_stack) > self.host.FIRST_DEPTH:
            self.dismiss(None)
        else:
            self.say("This is the first screen.", hint=":quit ends the program")

    def action_find(self) -> None:
        """Go to the find line."""
        self.set_focus(self.query_one("#find", ScanBox))

    def action_jump(self) -> None:
        """Go to the find line with a colon in it."""
        box = self.query_one("#find", ScanBox)
        box.value = ":"
        box.cursor_position = 1
        self.set_focus(box)

    def action_reread(self) -> None:
        """Read the screen again, and let new rows in."""
        self.reload()

    def action_go(self, name: str) -> None:
        """Go to a screen by its name."""
        found = place(name)
        if found is not None:
            self.go_to(found.name)

    def go_to(self, name: str) -> None:
        """Open a screen over the first one, or come back to the first one."""
        if name == self.NAME_OF_PLACE:
            self.say("You are here already.")
            return
        if name == "orders":
            while len(self.app.screen_stack) > self.host.FIRST_DEPTH:
                self.app.pop_screen()
            return
        screen = self.host.screen_for(name)
        if screen is None:
            self.say_no(f"The screen {name} is not part of this version.")
        else:
            self.app.push_screen(screen)

    NAME_OF_PLACE: str = ""
    """Name of the place that this screen is, if one can jump to it."""

    def action_help(self) -> None:
        """List the keys that work here."""
        from opsdesk.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.KEYS))

    def action_palette(self) -> None:
        """List every command and screen, found by typing."""
        from opsdesk.screens.frame.palette import open_palette

        open_palette(self)  # type: ignore[arg-type]  # every desk is a DeskScreen

    def action_undo(self) -> None:
        """Take back the newest command of this person."""
        newest = self.host.undoable
        if newest is None:
            raise SkipAction

        self.begin(self._take_back_job(newest) if newest.job is not None else self._take_back(newest))

    async def _take_back(self, newest: Undoable) -> None:
        from opsdesk.operations.undo import undo

        done = await self.attempt(undo, newest.command_id)
        if done is not None:
            self.host.forget_done(newest.command_id)
            if self.is_attached:
                self.done(done)

    async def _take_back_job(self, newest: Undoable) -> None:
        from opsdesk.operations.jobs import undo_job

        if newest.job is None:
            return
        try:
            result = await self.desk.run(undo_job, self.desk.performer(), newest.job)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        self.host.forget_done(newest.command_id)
        if self.is_attached:
            self.job_done(result)

    def job_done(self, result: JobResult) -> None:
        """Say what became of a job, and read again."""
        self.say_done(result.message)
        self.reload()

    def action_commit(self) -> None:
        """Do what F9 says; screens that have a commit say what."""
        raise SkipAction

    def action_saved(self) -> None:
        """Answer Ctrl+S."""
        self.say(command("screen.saved").help)

    def action_stay(self) -> None:
        """Answer Ctrl+Q and Ctrl+C; copying a selection stays possible."""
        selection = self.get_selected_text()
        if selection:
            self.app.copy_to_clipboard(selection)
            self.say("Copied.")
        else:
            self.say("Still here.", hint=":quit ends the program")

    def action_unused(self) -> None:
        """Answer `q` and `g`."""
        self.say("q and g do nothing, so that a slip does no harm.", hint=":quit ends the program")

    def action_redraw(self) -> None:
        """Draw the whole screen again, after something else wrote over it."""
        self.app.refresh(layout=True)
        self.refresh(layout=True)

    def action_switch_user(self) -> None:
        """Let somebody else work here."""
        self._open("sign_in")

    def action_lock(self) -> None:
        """Lock this terminal."""
        self.host.lock_up()

    def _open(self, name: str) -> None:
        screen = self.host.screen_for(name)
        if screen is None:
            self.say_no("Nobody else can sign in here in this version.")
        else:
            self.app.push_screen(screen)
