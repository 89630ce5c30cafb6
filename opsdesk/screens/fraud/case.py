"""One case on one screen: its clock, what raises and lowers its score, who it is from, contact, what each key does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.cases import working
from opsdesk.domain.fraud.cases.states import Desk as CaseDesk
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import bindings
from opsdesk.operations.fraud.cases import claim, let_go
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.fraud import options, words
from opsdesk.screens.fraud.commands import CaseCommands
from opsdesk.screens.fraud.reading import sheet_of
from opsdesk.screens.fraud.seen import CaseSheet, Seen
from opsdesk.store.views.fraud.case import FraudCase, fraud_case
from opsdesk.store.views.fraud.queue import fraud_queue
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Draw, Paper

if TYPE_CHECKING:
    from opsdesk.store.work import Done

_NARROW_DECIDE = 5


class CaseScreen(CaseCommands):
    """One case; F3 goes back to the queue."""

    PLACE = "2 FRAUD"
    KEYS = ("case", "everywhere")
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#case-main"
    BINDINGS: ClassVar[list[BindingType]] = bindings("case")
    CSS_PATH: ClassVar[list[str | PurePath]] = ["fraud.tcss"]
    IS_KEPT = True

    def __init__(self, case_id: int, *, found: FraudCase | None = None) -> None:
        super().__init__()
        self.case_id = case_id
        self._found = found
        self.sheet: CaseSheet | None = None
        self._wants_it = True
        self._is_taking = self._was_rung = False

    def open_again(self, *args: object, **kwargs: object) -> None:
        """Show another case; what was read of it already stands there when the screen comes up."""
        super().open_again()
        self._begin_with(*args, **kwargs)  # type: ignore[arg-type]  # as for a new one
        for part in self.query(VerticalScroll):
            part.scroll_home(animate=False)
        if self._found is not None:
            self._show_found(self._found)
        else:
            self.show_nothing()

    def _begin_with(self, case_id: int, *, found: FraudCase | None = None, took: bool = False) -> None:
        self.case_id, self.order_id, self._found, self.sheet, self.book = case_id, 0, found, None, None
        self._took, self._wants_it, self.here = took, not took, ()
        self._is_taking = self._was_rung = False
        self.is_behind = True

    def compose_body(self) -> ComposeResult:
        """Yield the head, evidence to the left, what to do to the right."""
        yield Paper(id="case-head")
        with Horizontal(id="case-columns"):
            with VerticalScroll(id="case-main", can_focus=True):
                yield Paper(id="case-evidence")
                yield Paper(id="case-contact-narrow")
            with VerticalScroll(id="case-side", can_focus=True):
                yield Paper(id="case-decide")
                yield Paper(id="case-contact")
        yield Paper(id="case-decide-narrow")

    @property
    def case(self) -> Seen | None:
        """The case as it is looked at here and now."""
        if self.sheet is None or self.book is None:
            return None
        desk = CaseDesk(self.desk.clock(), self.desk.zone, self.book.thresholds, self.book.contact, self.book.decisions)
        return Seen(self.sheet, desk, self.desk.actor.name, self.host.symbol)

    async def load(self) -> None:
        """Read the case; one that nobody works on is taken by opening it, before any key acts on it."""
        self.is_behind = self.is_behind or self._wants_it
        found, self._found = self._found, None
        if found is None or self.sheet is None:
            await self._read_case(found)
        seen = self.case
        if seen is None or not self.is_attached:
            return
        wants_it, self._wants_it = self._wants_it, False
        if wants_it and self._may_take(seen):
            await self._take(seen)
        self.is_behind = False
        self.show_keys()

    def reload(self) -> None:
        """Read the case again; not while it is being taken, whose own change rings too."""
        if self._is_taking:
            self._was_rung = True
        else:
            super().reload()

    def show_keys(self) -> None:
        """Show the keys as they are once they act."""
        if not self.is_behind or self.sheet is None:
            super().show_keys()

    async def _read_case(self, found: FraudCase | None = None) -> None:
        fraud = self.desk.store.fraud
        if fraud is None:
            self.say_no("The rules of the fraud desk are not known here.")
            return
        if found is None:
            zone, now = self.desk.zone, self.desk.clock()
            found = await self.fetch(fraud_case, self.case_id, fraud=fraud, zone=zone, now=now)
        if found is None or not self.is_attached:
            if self.is_attached and not self.host.store_away_since:
                self.say_no("There is no such case. F3 goes back.")
            return
        self._show_found(found)

    def _show_found(self, found: FraudCase) -> None:
        self.book, self.order_id = found.book, found.order_id
        self.sheet = sheet_of(found, self.desk.zone, self.desk.clock())
        with self.app.batch_update():
            self.show_case()
            self.show_title()

    def show_nothing(self) -> None:
        """Take away who was at the case before, too."""
        super().show_nothing()
        self.here_changed()

    def _may_take(self, seen: Seen) -> bool:
        is_open = not seen.facts.state.is_closed and seen.facts.state is not FraudState.PENDING_SECOND
        is_free = not seen.facts.claimant(seen.now)
        return is_open and is_free and why_not_allowed(self.desk.actor, "case.claim") is None

    async def _take(self, seen: Seen) -> None:
        case_id, self._is_taking = seen.sheet.case_id, True
        try:
            done = await self.desk.do(claim, case_id)
        except OpsDeskError as error:
            # Somebody was faster: the case can still be read, and says whose it is.
            self.show_refusal(error)
            self._was_rung = True
        else:
            self._took = True
            self._know_it_is_mine(seen, done)
        finally:
            self._is_taking = False
        if self._was_rung:
            self._was_rung = False
            await self._read_case()

    def _know_it_is_mine(self, seen: Seen, done: Done) -> None:
        """Go on from the version that taking it made; if somebody else made one in between, the case is read again."""
        if done.version != seen.sheet.version + 1:
            self._was_rung = True
            return
        taken = working.claim(seen.facts, seen.who, seen.desk).case
        self.sheet = replace(seen.sheet, version=done.version, facts=taken)
        self.show_case()

    def show_case(self) -> None:
        """Draw everything; what reads the same as before sends nothing to the terminal."""
        seen = self.case
        if seen is None:
            return
        draw: dict[str, Draw] = {
            "case-head": lambda width: words.head(seen, width),
            "case-evidence": lambda width: _evidence(seen, width),
            "case-decide": lambda width: _spaced(options.decide(seen, width)),
            "case-contact": lambda width: _spaced(words.contact(seen, width), words.goods(seen, width)),
            "case-contact-narrow": lambda width: _spaced(words.contact(seen, width), words.goods(seen, width)),
            "case-decide-narrow": lambda width: options.briefly(seen, width),
        }
        for name, lines in draw.items():
            self.query_one(f"#{name}", Paper).show(lines)
        self.here_changed()

    def here_changed(self) -> None:
        """Say beside the find line who else has it open."""
        self.show_state((self.here_words(), Tone.COLD))

    def take_in(self, change: StoreChange) -> None:
        """Read the case again if it is the one that changed."""
        if not change.order_ids or self.order_id in change.order_ids:
            self.reload()

    def title_parts(self) -> tuple[tuple[str, Tone], ...]:
        """Say which case it is."""
        return ((f"{self.sheet.facts.number} {self.sheet.customer_name}", Tone.PLAIN),) if self.sheet else ()

    def subject(self) -> str:
        """Name the order before the letters of the key bar."""
        return self.sheet.facts.number if self.sheet else ""

    def done(self, done: Done) -> None:
        """Say what was done, and show the case as it is now."""
        super().done(done)
        self._took, self.is_behind = False, True
        self.reload()

    def after_conflict(self) -> None:
        """Show what somebody else did; the keys decide about that from now on."""
        self.reload()

    # From case to case.

    def leaving(self) -> bool:
        """Give back what was only looked at; a decision that is still being carried out ends the claim by itself."""
        if not self.under_way:
            self._give_back()
        self.go_away()
        return True

    def _give_back(self) -> None:
        if self._took:
            self._took = False
            self.begin_quietly(self._let_go_of(self.case_id))

    async def _let_go_of(self, case_id: int) -> None:
        try:
            await self.desk.do(let_go, case_id)
        except OpsDeskError:
            # It was decided or taken over meanwhile: there is nothing to give back.
            return

    def action_next(self) -> None:
        """Leave this case as it is and go to the next one of the queue."""
        self.begin(self._go_along(1))

    def action_previous(self) -> None:
        """Go to the one before it."""
        self.begin(self._go_along(-1))

    async def _go_along(self, by: int) -> None:
        found = await self.fetch(fraud_queue)
        if found is None or not self.is_attached:
            return
        ids = [line.case_id for line in found]
        at = ids.index(self.case_id) + by if self.case_id in ids else 0
        if not 0 <= at < len(ids):
            self.say_no(f"This is the {'last' if by > 0 else 'first'} case of the queue. F3 goes back to it.")
            return
        self._give_back()
        await self.open_case(ids[at])

    async def open_case(self, case_id: int, *, took: bool = False) -> None:
        """Forget the case before, and show another one."""
        self._begin_with(case_id, took=took)
        self.say("")
        await self.load()
        self.be_seen()
        self.query_one("#case-main", VerticalScroll).scroll_home(animate=False)


def _evidence(seen: Seen, width: int) -> list[Content]:
    return _spaced(
        words.score(seen, width), words.identity(seen, width), words.links(seen, width), words.checks(seen, width)
    )


def _spaced(*sections: Sequence[Content]) -> list[Content]:
    """Put sections under each other, a blank line behind each that holds anything."""
    lines: list[Content] = []
    for section in sections:
        if section:
            lines += [*section, Content("")]
    return lines
