"""Changing an order after it was placed: what is typed is worked out by the store's own rules before anything moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from opsdesk.domain.amendments.arithmetic import ADDRESS_WORDS
from opsdesk.domain.amendments.edits import Edit, ExemptTax, OverridePrice
from opsdesk.domain.amendments.letters import ORDER_CHANGED, amended_facts
from opsdesk.domain.amendments.rules import Settle, why_not_amend
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Denied, OpsDeskError
from opsdesk.domain.mails.letters import AskedPayment
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.pay_links import ADDRESS_COMES, LASTS
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.amendments.changing import propose
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.frame.writing import LetterForm
from opsdesk.screens.money.amend_fields import FIRST_OF_ADDRESS, edits_of, fields_of, skus_in
from opsdesk.store.views.articles import articles
from opsdesk.store.views.money.amending import amended_order
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import LineField
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, paragraph, row

if TYPE_CHECKING:
    from opsdesk.store.work import Done

_CHANGED = Status(ORDER_CHANGED, "Order changed", "Changed", ORDER_CHANGED, ())
_ASKS = Status("pay_link", "Pay link", "Awaiting payment", "pay_link", ())
_SETTLE_WORDS = {
    Settle.AUTO: ("wait for the money", "what costs more is asked for with a pay link first"),
    Settle.REFUND: ("give back what is too much", "at once, over the payments it came in with"),
    Settle.OWE: ("change it now", "the order owes the rest, and waits for it before it ships"),
}
_NOTHING_YET = "Nothing is changed yet."
_PACKED = "It is being packed: it is changed when whoever packs it has put it back."


class AmendPanel(LetterForm):
    """Units, prices, goods, discount, shipping, address; the totals follow what is typed, F9 makes the change."""

    ACTION = "amend"
    DRAFT = "amend"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "money.tcss"]

    def __init__(self, order_id: int) -> None:
        super().__init__("CHANGE THE ORDER", [], order_id)
        self.settle = Settle.AUTO
        self.has_mail = True
        self.worked_out: Mapping[str, object] = {}
        self.problem = _NOTHING_YET

    def compose_form(self) -> ComposeResult:
        """Yield what the change comes to above the place of the form; its fields are known when the order is."""
        yield Paper(id="amend-sum")
        yield Vertical(id="amend-form")

    async def prepare(self, detail: OrderDetail) -> None:
        """Make a field for each line."""
        self.has_mail = detail.facts.has_email
        self.form = Form(fields_of(detail))
        await self.query_one("#amend-form").mount(self.form)
        self.focus_body()

    def focus_body(self) -> None:
        """Begin with the first line."""
        self.form.focus_field()

    def arrived(self, detail: OrderDetail) -> None:
        """Show the order's total as it is."""
        self._show_sum()

    async def load(self) -> None:
        """Say how to begin where nothing is typed yet."""
        await super().load()
        if self.is_attached and self.message == _NOTHING_YET:
            self.say("Type over what changes: 2, or 2 @ 7.50, or 2 = another SKU; 0 takes it off.")

    # What it comes to.

    @on(Form.Edited)
    def _changed(self, event: Form.Edited) -> None:
        run_latest(self, self._work_out, "sum")

    async def _work_out(self) -> None:
        """Let the store work the change out as it would make it, and take it back."""
        edits = await self._edits()
        if edits is not None and edits:
            try:
                self._require_right(edits)
                done = await self.desk.run(self._rehearsed, edits)
                self.worked_out, self.problem = done.details, ""
            except OpsDeskError as error:
                self.worked_out, self.problem = {}, error.message
        elif edits is not None:
            self.worked_out, self.problem = {}, _NOTHING_YET
        if self.is_attached:
            self._show_sum()

    def _require_right(self, edits: tuple[Edit, ...]) -> None:
        """Say to whom a price by hand is closed before a reason is asked for."""
        problem = why_not_allowed(self.desk.actor, "order.override_price")
        if problem and any(isinstance(edit, OverridePrice | ExemptTax) for edit in edits):
            raise Denied(problem)

    async def _edits(self) -> tuple[Edit, ...] | None:
        values = self.form.values
        known = await self.fetch(articles, skus_in(values))
        if known is None or self.detail is None:
            return None
        try:
            return edits_of(self.detail, values, known)
        except OpsDeskError as error:
            self.worked_out, self.problem = {}, error.message
            return None

    def _rehearsed(self, edits: tuple[Edit, ...]) -> Done:
        return self.desk.performer().rehearse(
            propose, self.order_id, version=None, edits=edits, reason=self._reason, settle=self.settle
        )

    @property
    def _reason(self) -> str:
        return self.form.values.get("reason", "").strip()

    def _show_sum(self) -> None:
        self.query_one("#amend-sum", Paper).show(self._sum_lines)
        if _NOTHING_YET in self.message and self.problem != _NOTHING_YET:
            self.say("")
        self.show_keys()
        self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        """The sum takes rows from the form: the field that is typed into stays in sight."""
        if (field := self.focused) is not None and field in self.form.query("*"):
            field.scroll_visible(animate=False)

    def _sum_lines(self, width: int) -> list[Content]:
        if self.detail is None:
            return []
        found = self.worked_out
        old = self.detail.amounts.total
        new = self._money("new_total_minor") if found else old
        total = f"{old}  {self.host.symbol('now')}  {new}" if found else str(old)
        delta = self._money("delta_minor") if found else Money.zero(old.currency)
        tone = Tone.MONEY if delta.minor > 0 else Tone.GOOD if delta.minor < 0 else Tone.DIM
        said = f"{'+' if delta.minor > 0 else ''}{delta}" if found else "as it is"
        lines = [
            row((total, max(8, width - len(said) - 1), f"bold {Tone.PLAIN.style}"), (said, -len(said), tone.style))
        ]
        for line in str(found.get("changes", "")).splitlines():
            if not line.startswith("total:"):
                lines += paragraph(f"~ {line}", width, style=Tone.CHANGED.style)
        for said in str(found.get("stock", "")).splitlines():
            lines += paragraph(said, width, style=Tone.DIM.style)
        lines += [part for said in self._rest() for part in paragraph(said, width, style=Tone.LOOK.style)]
        if self.problem and self.problem != _NOTHING_YET:
            lines += paragraph(self.problem, width, style=Tone.LOOK.style)
        return lines

    def _rest(self) -> list[str]:
        """Say what the customer will owe or get back, and what there is not enough of."""
        if not self.worked_out:
            return []
        owed, too_much = self._money("owed_minor"), self._money("too_much_minor")
        said = [_PACKED] if self.worked_out.get("state") == AmendmentState.AWAITING_PACKER else []
        if owed:
            waits = self.worked_out.get("state") == AmendmentState.AWAITING_PAYMENT
            then = "the change waits for it, and a pay link asks for it" if waits else "the order owes it"
            said.append(f"{owed} more is to be paid: {then} (F4).")
        if too_much:
            back = "goes back" if self.settle is Settle.REFUND else "is too much; F4 gives it back"
            said.append(f"{too_much} {back}.")
        return [*said, *str(self.worked_out.get("warnings", "")).splitlines()]

    def _money(self, name: str) -> Money:
        assert self.detail is not None, "A change is worked out once the order was read."
        found = self.worked_out.get(name, 0)
        return Money(found if isinstance(found, int) else 0, self.detail.amounts.total.currency)

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why it cannot be made."""
        if action == "commit" and self.detail is not None and (problem := why_not_amend(self.detail.facts)):
            return problem
        return super().why_not(action, *parameters) or (self.problem or None if action == "commit" else None)

    def commit_label(self) -> str | None:
        """Say what F9 does to the total."""
        delta = self._money("delta_minor") if self.worked_out else None
        return f"CHANGE {'+' if delta.minor > 0 else ''}{delta}" if delta else "CHANGE IT"

    # Making it.

    def commit(self, values: Mapping[str, str]) -> None:
        """Make the change, or ask for its money first."""
        self.begin(self._make())

    async def _make(self) -> None:
        edits = await self._edits()
        if not edits:
            self._show_sum()
            return
        letter = await self._letter(edits)
        link_letter = await self._link_letter()
        if not self.is_attached or (self.has_mail and letter is None):
            # A mail that cannot be written has said why; a change that nobody is told of is not what was asked for.
            return
        self.carry_out(
            propose,
            self.order_id,
            version=self.version,
            edits=edits,
            reason=self._reason,
            settle=self.settle,
            letter=letter,
            link_letter=link_letter,
        )

    async def _letter(self, edits: tuple[Edit, ...]) -> Letter | None:
        if not self.has_mail:
            return None
        amended = await self.fetch(amended_order, self.order_id, edits)
        if amended is None:
            return None
        made = await self.make_letter(_CHANGED, lambda facts: amended_facts(facts, amended))
        return made.letter if made else None

    async def _link_letter(self) -> Letter | None:
        owed = self._money("owed_minor")
        if not self.has_mail or not owed:
            return None
        asked = AskedPayment(ADDRESS_COMES, owed, self.desk.clock() + LASTS, is_for_change=True)
        made = await self.make_letter(_ASKS, lambda facts: replace(facts, asked=asked))
        return made.letter if made else None

    def action_choices(self) -> None:
        """List what becomes of the money, and whether the customer is told."""
        entries = [Choice(way.value, words, detail) for way, (words, detail) in _SETTLE_WORDS.items()]
        if self.detail is not None and self.detail.facts.has_email:
            entries.append(Choice("@mail", "send no mail" if self.has_mail else "send the mail"))

        def take(key: str | None) -> None:
            if key == "@mail":
                self.has_mail = not self.has_mail
                self.say("The customer is told of the change." if self.has_mail else "No mail goes out.")
            elif key is not None:
                self.settle = Settle(key)
                run_latest(self, self._work_out, "sum")

        self.app.push_screen(ChoicePanel("THE MONEY OF THE CHANGE", entries, pointed=self.settle.value), callback=take)

    def action_next(self) -> None:
        """Go to the address, or from there back to the goods."""
        name = None if self._is_at_address else FIRST_OF_ADDRESS
        self.form.focus_field(name)
        if self.focused is not None:
            self.focused.scroll_visible(animate=False, top=True)

    def on_descendant_focus(self) -> None:
        """Say where F8 goes from here."""
        self.show_keys()

    @property
    def _is_at_address(self) -> bool:
        return isinstance(self.focused, LineField) and self.focused.field.name in ADDRESS_WORDS

    def panel_keys(self) -> Sequence[BarKey]:
        """Show what F4 lists, and how to get to the address."""
        return [
            *super().panel_keys(),
            BarKey("screen.next", "F8", "goods" if self._is_at_address else "ship to"),
            BarKey("screen.choices", "F4", "money, mail"),
        ]

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Work out what was typed before."""
        if fields.get("@settle"):
            self.settle = Settle(fields["@settle"])
        run_latest(self, self._work_out, "sum")

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "@settle": self.settle.value})
