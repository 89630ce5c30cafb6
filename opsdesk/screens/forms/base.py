"""OrderForm: a form about one order. It shows which, keeps a draft, and survives that somebody else saved first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.screens.forms.filling import begin_with
from opsdesk.screens.frame.attending import Attending
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.headlines import HEADLINE_LOOKS, PAYMENT_TONES
from opsdesk.screens.order.rules import why_not_order
from opsdesk.screens.order.timeline import news_words
from opsdesk.store.desk.drafts import Draft, drop_draft, find_draft, save_draft
from opsdesk.store.views.orders.detail import OrderDetail, order_detail
from opsdesk.store.views.orders.timeline import TimelineLine, news_since
from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone
from opsdesk.widgets.fields import Field, TextField
from opsdesk.widgets.paper import Paper

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_VERSION, _WAS, _SEEN = "@version", "@was.", "@seen"
"""Names in a draft that are no fields: the version and history that were on the screen, and what fields held then."""


class OrderForm(FormPanel["Done"], Attending["Done"]):
    """A subclass names its `ACTION`, gives its fields, and commits with `self.version`."""

    TOPICS = frozenset({"order"})
    IS_EDITING = True
    CSS_PATH: ClassVar[list[str | PurePath]] = ["forms.tcss"]
    ACTION: ClassVar[str] = ""
    """What the domain's rule is asked about before the form is worked in."""

    def __init__(self, title: str, fields: Sequence[Field], order_id: int) -> None:
        super().__init__(title, fields, subject_id=order_id)
        self.order_id = order_id
        self.detail: OrderDetail | None = None
        self._drafts = asyncio.Lock()
        self._is_over = self._is_kept = self._is_begun = False

    def compose_body(self) -> ComposeResult:
        """Yield which order it is about, then the form."""
        yield Paper(self._order_lines, classes="form--order")
        yield from self.compose_form()

    def compose_form(self) -> ComposeResult:
        """Yield the form, and what stands beside it."""
        yield self.form

    # What is known of the order.

    @property
    def version(self) -> int:
        """The version that was on the screen; a command that names it overwrites nothing unseen."""
        return self.detail.version if self.detail else 0

    async def load(self) -> None:
        """Read the order, fill the form from it, and take up what was typed into it before."""
        if self.detail is not None:
            # Somebody may be in the middle of a word; reading again must not touch it.
            await self._tell_news()
            return
        detail = await self._read_order()
        if detail is None:
            return
        self.detail = detail
        await self.prepare(detail)
        self.begin_with(self.values_of(detail))
        self._is_begun = True
        self.arrived(detail)
        self.show_here(detail.present)
        self._show_order()
        draft = await self._find_draft()
        if not self.is_attached:
            return
        if self.form.is_changed:
            # On a slow store somebody types before it has answered: what is new goes before what was left.
            self._keep(self.form.draft)
        elif draft is not None and self._says_something(draft):
            await self._take_up(draft, detail)
        if problem := self.why_not("commit"):
            self.say_no(problem)

    async def prepare(self, detail: OrderDetail) -> None:
        """Make what can only be made once the order is known."""

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Return what the fields begin with; a form that corrects something returns what stands there now."""
        return {}

    def arrived(self, detail: OrderDetail) -> None:
        """Show what hangs on the order besides the fields."""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why the form cannot be committed: the shop's own rule, or that the order is not read yet."""
        if action != "commit":
            return super().why_not(action, *parameters)
        if self.detail is None:
            return "The order is still being read."
        return why_not_order(self.ACTION, self.detail, self.desk.actor, self.desk.clock()) or super().why_not(action)

    def action_commit(self) -> None:
        """Commit, or say why not; what waits for a field in the same burst is typed first."""
        if problem := self.why_not("commit"):
            self.say_no(problem)
        else:
            super().action_commit()

    def show_refusal(self, error: OpsDeskError) -> None:
        """Show a mistake at its field, and its sentence on the message line too: the field may be scrolled away."""
        super().show_refusal(error)
        if isinstance(error, Invalid) and self.is_attached:
            self.say_no(error.message)

    # Somebody else saves first.

    def take_in(self, change: StoreChange) -> None:
        """Say at once that somebody changed the order. What is saved still names the version that was seen."""
        if self.order_id in change.order_ids and not change.is_own:
            run_latest(self, self._tell_news, "news")

    async def _tell_news(self) -> None:
        if self.detail is None:
            return
        news = await self.fetch(news_since, self.order_id, self.detail.newest_activity)
        if news and self.is_attached:
            self.say_no(f"{news[0].actor} changed {self.detail.number}: {news[0].words}.")

    def after_conflict(self) -> None:
        """Read what somebody else saved, and let the form go on from there with everything that was typed."""
        run_latest(self, self._catch_up, "news")

    async def _catch_up(self) -> None:
        before, detail = self.detail, await self._read_order()
        if detail is None or before is None or not self.is_attached:
            return
        news = await self.fetch(news_since, self.order_id, before.newest_activity) or []
        self.detail = detail
        self.met_conflict(dict(self.values_of(before)), news)
        self._show_order()

    def met_conflict(self, was: Mapping[str, str], news: Sequence[TimelineLine]) -> None:
        """Show who did what meanwhile. F9 saves what stands in the form on top of it."""
        who = _names(news) or "Somebody"
        if problem := self.why_not("commit"):
            self.query_one(Banner).show(f"{who} was first:", tuple(news_words(news[:4], self.desk.zone)))
            self.say_no(problem)
            return
        self.query_one(Banner).show(
            f"{who} was first. Nothing of yours was saved, and all of it still stands here:",
            tuple(news_words(news[:4], self.desk.zone)),
        )
        self.say("F9 again does it on top of that.", hint="F3 leaves, your text is kept")

    # Drafts.

    def begin_with(self, values: Mapping[str, str]) -> None:
        """Set what fields hold unchanged; what somebody types from now on differs from that."""
        begin_with(self.form, values)

    @property
    def typed(self) -> dict[str, str]:
        """The fields that somebody changed."""
        values = self.form.values
        return {each.name: values[each.name] for each in self.form.fields() if values[each.name] != each.value}

    def _says_something(self, draft: Draft) -> bool:
        """A draft may outlive its saving, if the program is killed in between; what it says stands there by then."""
        fields = self.form.values
        return any(fields.get(name, value) != value for name, value in draft.fields.items() if not name.startswith("@"))

    async def _take_up(self, draft: Draft, detail: OrderDetail) -> None:
        fields = {name: value for name, value in draft.fields.items() if not name.startswith("@")}
        was = {name.removeprefix(_WAS): value for name, value in draft.fields.items() if name.startswith(_WAS)}
        self._is_kept = True
        self.form.fill(fields)
        for text in self.form.query(TextField):
            text.move_cursor(text.document.end)
        kept = draft.saved_at.astimezone(self.desk.zone)
        self.say("Taken up where you left it.", hint=f"kept {kept:%d %b %H:%M}")
        self.taken_up(fields)
        if draft.fields.get(_VERSION) not in (None, str(detail.version)):
            seen = int(draft.fields.get(_SEEN, "0"))
            news = await self.fetch(news_since, self.order_id, seen) or []
            self.met_conflict(was or dict(self.values_of(detail)), news)

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Bring what hangs on the fields up to date after a draft was taken up."""

    @property
    def draft_name(self) -> str:
        """Name the draft of this form."""
        return self.DRAFT

    async def _find_draft(self) -> Draft | None:
        user_id = self._drafting_user
        if user_id is None:
            return None
        return await self.fetch(find_draft, user_id, self.draft_name, self.subject_id)

    def _keep(self, values: Mapping[str, str]) -> None:
        user_id, detail = self._drafting_user, self.detail
        if user_id is None or detail is None or self._is_over or not self._is_begun:
            return
        if not (self._is_kept or self.form.is_changed):
            # Fields tell of what the form itself began with, too.
            return
        self._is_kept = True
        kept = dict(values) | {_WAS + name: value for name, value in self.values_of(detail).items()}
        kept |= {_VERSION: str(detail.version), _SEEN: str(detail.newest_activity)}

        async def keep() -> None:
            # One after the other: a draft that is kept late must not come back after it was dropped.
            async with self._drafts:
                if not self._is_over:
                    now = self.desk.clock()
                    await self.attempt_write(save_draft, user_id, self.draft_name, self.subject_id, kept, now=now)

        self.begin_quietly(keep())

    def _forget_draft(self) -> None:
        user_id, self._is_over = self._drafting_user, True
        if user_id is None:
            return

        async def forget() -> None:
            async with self._drafts:
                await self.attempt_write(drop_draft, user_id, self.draft_name, self.subject_id)

        self.begin_quietly(forget())

    # The line above the form.

    def here_changed(self) -> None:
        """Say above the form who else has the order open."""
        self._show_order()

    def _show_order(self) -> None:
        for paper in self.query(".form--order").results(Paper):
            paper.show(self._order_lines)

    def _order_lines(self, width: int) -> list[Content]:
        detail = self.detail
        if detail is None:
            return [Content("")]
        symbol, tone = HEADLINE_LOOKS[detail.head.headline]
        word = f"{self.host.symbol(symbol)} {detail.head.headline.word}"
        paid = f"{detail.head.payment.word} {detail.amounts.total}"
        name = fitted(f"{detail.number}  {detail.head.customer_name}", width - len(word) - len(paid) - 4)
        line = Content.assemble(
            (f"{name}  ", f"bold {Tone.PLAIN.style}"),
            (f"{word}  ", tone.style),
            (paid, PAYMENT_TONES[detail.head.payment].style),
        )
        here = self.here_words()
        return [line, Content.styled(here, Tone.COLD.style)] if here else [line]

    async def _read_order(self) -> OrderDetail | None:
        detail = await self.fetch(order_detail, self.order_id, user_id=self.desk.actor.user_id, now=self.desk.clock())
        if detail is None and self.is_attached and not self.host.store_away_since:
            self.say_no("This order is not in the store. F3 goes back.")
        return detail


def _names(news: Sequence[TimelineLine]) -> str:
    return " and ".join(dict.fromkeys(line.actor for line in news))
