"""What a refund was for that was made in the gateway's own dashboard: units, shipping, goodwill; no money moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from opsdesk.domain.errors import Invalid
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.refunds.composing import compose
from opsdesk.domain.refunds.parts import RefundContent, RefundPlan
from opsdesk.domain.refunds.preview import part_words
from opsdesk.domain.refunds.states import RefundReason, RefundState
from opsdesk.operations.refunds.outside import assign
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.money.base import MoneyForm
from opsdesk.screens.money.refund_fields import content_of, fields_of, is_about_payment, whole_refund
from opsdesk.store.views.money.parts import RefundView
from opsdesk.store.views.money.refunding import RefundGrounds, refund_grounds
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, paragraph, row

_ALL, _REST = "@all", "@rest"
_ASSIGN = "refund.assign"


class OutsidePanel(MoneyForm):
    """Say what the oldest such refund was for; F9 writes it down once it comes to what went back."""

    KEY = "refund_outside"
    DRAFT = "refund_outside"

    def __init__(self, order_id: int) -> None:
        super().__init__("WHAT WAS IT FOR", [], order_id)
        self.grounds: RefundGrounds | None = None
        self.reason = RefundReason.CHANGED_MIND

    def compose_form(self) -> ComposeResult:
        """Yield what is named so far above the place of the form; its fields are known when the order is."""
        yield Paper(id="refund-sum")
        yield Vertical(id="refund-form")

    async def prepare(self, detail: OrderDetail) -> None:
        """Make a field for each line that something is left of."""
        await super().prepare(detail)
        if self.refund is None:
            return
        self.grounds = await self.fetch(refund_grounds, self.order_id, gone=self.refund.amount.minor)
        if self.grounds is None:
            return
        self.form = Form([field for field in fields_of(self.grounds) if not is_about_payment(field.name)])
        await self.query_one("#refund-form").mount(self.form)
        self.focus_body()

    def focus_body(self) -> None:
        """Begin with the first line."""
        self.form.focus_field()

    def arrived(self, detail: OrderDetail) -> None:
        """Show that nothing is named yet."""
        self._show_sum()

    async def load(self) -> None:
        """Say what has to be named where nothing is typed yet."""
        await super().load()
        if self.is_attached and self.refund is not None and self.grounds is not None and not self.form.is_changed:
            self.say(f"{self.refund.amount} went back at the gateway itself. Say what it was for.")

    @property
    def refund(self) -> RefundView | None:
        """The oldest refund of which nobody has said what it was for."""
        waiting = [each for each in self.sheet.refunds if each.state == RefundState.OUTSIDE] if self.sheet else []
        return min(waiting, key=lambda each: each.id, default=None)

    def worked_out(self) -> tuple[RefundPlan, str]:
        """Return what is named so far, and what is wrong with it."""
        assert self.grounds is not None, "It is worked out once the order was read."
        empty = RefundPlan(self.grounds.charged.currency, ())
        if self.refund is None:
            return empty, "Nothing went back outside of which nobody has said what it was for."
        try:
            plan = compose(self.grounds.charged, self.grounds.earlier, self._content())
        except Invalid as error:
            return empty, error.message
        rest = self.refund.amount - plan.total
        if rest.minor > 0:
            return plan, f"{rest} more went back: name it too, as goodwill for instance (F4)."
        return plan, f"That is {-rest} more than went back." if rest else ""

    def _content(self) -> RefundContent:
        assert self.grounds is not None, "It is worked out once the order was read."
        return content_of(self.grounds, self.form.values, self.reason)

    def _show_sum(self) -> None:
        if self.grounds is not None:
            self.query_one("#refund-sum", Paper).show(self._sum_lines)
        self.show_keys()

    def _sum_lines(self, width: int) -> list[Content]:
        (plan, problem), refund = self.worked_out(), self.refund
        said = f"{plan.total} of {refund.amount}" if refund is not None else str(plan.total)
        tone = Tone.LOOK if problem else Tone.GOOD
        why = f"because: {self.reason.label} (F4)"
        lines = [row((why, max(8, width - len(said) - 1), Tone.DIM.style), (said, -len(said), f"bold {tone.style}"))]
        parts = "  ".join(part_words(part, plan.currency) for part in plan.parts)
        lines += paragraph(parts, width) if parts else []
        return [*lines, *(paragraph(problem, width, style=Tone.LOOK.style) if problem else [])]

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why it cannot be written down yet."""
        if action != "commit" or self.grounds is None or not self.form.values:
            return super().why_not(action, *parameters)
        return why_not_allowed(self.desk.actor, _ASSIGN) or self.worked_out()[1] or super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "IT WAS FOR THIS"

    def commit(self, values: Mapping[str, str]) -> None:
        """Write it down."""
        if self.refund is not None and self.grounds is not None:
            self.carry_out(assign, self.refund.id, version=self.version, content=self._content())

    @on(Form.Edited)
    def _changed(self, event: Form.Edited) -> None:
        if self.message.endswith("Say what it was for."):
            self.say("")
        self._show_sum()

    def action_choices(self) -> None:
        """List the reasons, everything that is left, and the rest as goodwill."""
        if self.grounds is None or self.refund is None:
            return
        grounds, rest = self.grounds, self.refund.amount - self.worked_out()[0].total
        entries = [Choice(_ALL, "everything that is left")]
        if rest.minor > 0:
            entries.append(Choice(_REST, "the rest as goodwill", str(rest)))
        entries += [Choice(reason.value, reason.label) for reason in RefundReason]

        def take(key: str | None) -> None:
            if key == _ALL:
                self.form.fill(whole_refund(grounds))
            elif key == _REST:
                self.form.fill({"goodwill": str(rest.amount)})
            elif key is not None:
                self.reason = RefundReason(key)
            self._show_sum()

        self.app.push_screen(
            ChoicePanel("WHAT IT WAS FOR", entries, pointed=self.reason.value, narrows=True), callback=take
        )

    def panel_keys(self) -> Sequence[BarKey]:
        """Show what F4 lists."""
        return [*super().panel_keys(), BarKey("screen.choices", "F4", "all, rest, reasons")]

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Take up the reason too."""
        if fields.get("@reason"):
            self.reason = RefundReason(fields["@reason"])
        self._show_sum()

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "@reason": self.reason.value})
