"""Every command for one order: carried out at once, or through the form that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from opsdesk.operations.orders.desk import assign, claim, follow, unfollow, wake
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import deliver
from opsdesk.screens.frame.attending import Attending
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.order.rules import forward_step, why_not_order
from opsdesk.screens.order.timeline import news_words
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import LastLook
from opsdesk.store.views.orders.timeline import news_since
from opsdesk.widgets.choices import Choice

if TYPE_CHECKING:
    from opsdesk.store.work import Done

_NOBODY = "-"


class OrderCommands(Attending[None]):
    """The part of the order's screen that its letters belong to."""

    detail: OrderDetail | None = None
    looked_before: LastLook | None = None
    neighbours: tuple[int, ...] = ()

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why a command cannot be given to this order now: by the rules of the shop, not by guessing."""
        if action == "next":
            return self._why_no_neighbour(1)
        if action == "previous":
            return self._why_no_neighbour(-1)
        detail = self.detail
        if detail is None or not self.desk.is_signed_in:
            return super().why_not(action, *parameters)
        problem = why_not_order(action, detail, self.desk.actor, self.desk.clock())
        return problem or super().why_not(action, *parameters)

    def done(self, done: Done) -> None:
        """Say what was done, and show the order as it is now without waiting to be told."""
        super().done(done)
        run_latest(self, self._read_again, "reload")

    async def _read_again(self) -> None:
        with self.host.key_lane.held():
            await self.load()
        self.show_title()
        self.show_keys()

    def action_commit(self) -> None:
        """Take the step that brings the order on."""
        step = forward_step(self.detail) if self.detail else None
        if step is None:
            return
        if problem := self.why_not(step[0]):
            self.say_no(problem)
        else:
            getattr(self, f"action_{step[0]}")()

    def action_hold(self) -> None:
        """Hold the order, or release it."""
        self.open_named("hold", self.order_id)

    def action_tell(self) -> None:
        """Open the Order Status menu."""
        self.open_named("tell", self.order_id)

    def action_note(self) -> None:
        """Write a note."""
        self.open_named("note", self.order_id)

    def action_edit(self) -> None:
        """Correct addresses and contact."""
        self.open_named("edit", self.order_id)

    def action_money(self) -> None:
        """See to the money."""
        self.open_named("order_money", self.order_id)

    def action_amend(self) -> None:
        """Change what was ordered, or see to a change that waits."""
        waits = self.detail is not None and self.detail.facts.amendment is not None
        self.open_named("waiting_change" if waits else "amend", self.order_id)

    def action_cancel(self) -> None:
        """Cancel with a reason."""
        self.open_named("cancel", self.order_id)

    def action_reopen(self) -> None:
        """Open a cancelled or completed order again."""
        self.open_named("reopen", self.order_id)

    def action_ship(self) -> None:
        """Send it out."""
        self.open_named("ship", self.order_id)

    def action_outcome(self) -> None:
        """Say what it turned out to be."""
        self.open_named("outcome", self.order_id)

    def action_log(self) -> None:
        """Show everything that happened."""
        self.open_named("log", self.order_id)

    def action_snooze(self) -> None:
        """Put it out of the way until a time, or wake it."""
        detail = self.detail
        if detail is not None and detail.head.snoozed_until is not None:
            self.carry_out(wake, self.order_id)
        else:
            self.open_named("snooze", self.order_id)

    def action_claim(self) -> None:
        """Take the order on."""
        self.carry_out(claim, self.order_id)

    def action_follow(self) -> None:
        """Hear of its changes, or no longer."""
        is_followed = self.detail is not None and self.detail.is_followed
        self.carry_out(unfollow if is_followed else follow, self.order_id)

    def action_pack(self) -> None:
        """Begin to pack, or put the order back because it is changed."""
        detail = self.detail
        if detail is not None and detail.recall_id is not None:
            from opsdesk.operations.amendments.changing import acknowledge_recall

            self.carry_out(acknowledge_recall, detail.recall_id, version=detail.version)
        elif detail is not None:
            self.carry_out(start_packing, self.order_id, version=detail.version)

    def action_deliver(self) -> None:
        """Mark what was shipped as delivered."""
        if self.detail is not None:
            self.carry_out(deliver, self.order_id, version=self.detail.version)

    def action_copy(self) -> None:
        """Copy the order's number."""
        if self.detail is not None:
            self.app.copy_to_clipboard(self.detail.number)
            self.say_done(f"{self.detail.number} is copied.")

    @work
    async def action_changes(self) -> None:
        """Show what changed since this person last looked."""
        look = self.looked_before
        if look is None or self.detail is None:
            return
        news = await self.fetch(news_since, self.order_id, look.activity_id)
        if news is None:
            return
        by_others = [line for line in news if line.actor != self.desk.actor.name]
        since = look.looked_at.astimezone(self.desk.zone)
        if not by_others:
            self.say(f"Nobody else changed {self.detail.number} since you looked ({since:%d %b %H:%M}).")
            return
        said = "\n".join(f"  ~ {line}" for line in news_words(by_others[:5], self.desk.zone))
        self.say(f"Since you looked ({since:%d %b %H:%M}):", hint="l has everything", more=said)

    def action_compare(self) -> None:
        """List the customer's other orders, and open one."""
        if self.detail is None:
            return
        entries = [
            Choice(
                str(other.id), f"{other.number}  {other.headline.word.lower()}", f"{other.payment.word} {other.total}"
            )
            for other in self.detail.customer.others
        ]

        def open_it(key: str | None) -> None:
            if key is not None:
                self.open_named("order", int(key))

        panel = ChoicePanel(f"OTHER ORDERS OF {self.detail.head.customer_name.upper()}", entries)
        self.app.push_screen(panel, callback=open_it)

    @work
    async def action_assign(self) -> None:
        """Give the order to somebody, or back to everybody."""
        from opsdesk.store.views.users import users

        found = await self.fetch(users)
        if found is None or self.detail is None:
            return
        owner = self.detail.head.owner_name
        entries = [Choice(one.name, one.full_name or one.name, one.role) for one in found if one.is_active]
        entries.append(Choice(_NOBODY, "nobody", "back to everybody", None if owner else "nobody has it now"))
        name = await self.app.push_screen_wait(
            ChoicePanel(f"GIVE {self.detail.number} TO", entries, pointed=owner, narrows=True)
        )
        if name is not None:
            self.carry_out(assign, self.order_id, to=None if name == _NOBODY else name)

    def action_next(self) -> None:
        """Go to the order behind this one in the list that it was opened from."""
        self._go_along(1)

    def action_previous(self) -> None:
        """Go to the order before this one in that list."""
        self._go_along(-1)

    def _go_along(self, by: int) -> None:
        at = self.neighbours.index(self.order_id)
        self.order_id = self.neighbours[at + by]
        self.opened_another()

    def opened_another(self) -> None:
        """Forget what was known of the order before, and read the new one."""

    def _why_no_neighbour(self, by: int) -> str | None:
        if self.order_id not in self.neighbours:
            return "This order was not opened from a list. F3 goes back."
        at = self.neighbours.index(self.order_id) + by
        if 0 <= at < len(self.neighbours):
            return None
        return f"This is the {'last' if by > 0 else 'first'} order of the list. F3 goes back to it."
