"""Which class is which screen. Imported when it is first opened, so that the start waits for none of them."""

from __future__ import annotations

from collections.abc import Mapping

SCREENS: Mapping[str, str] = {
    "orders": "opsdesk.screens.queue.screen:OrdersScreen",
    "order": "opsdesk.screens.order.screen:OrderScreen",
    "fraud": "opsdesk.screens.fraud.desk:FraudDesk",
    "case": "opsdesk.screens.fraud.case:CaseScreen",
    "rules": "opsdesk.screens.fraud.rules.screen:RulesScreen",
    "learning": "opsdesk.screens.fraud.learning:LearningScreen",
    "outbox": "opsdesk.screens.mails.outbox:OutboxScreen",
    "templates": "opsdesk.screens.mails.templates:TemplatesScreen",
    "history": "opsdesk.screens.history:HistoryScreen",
    "users": "opsdesk.screens.people.users:UsersScreen",
    "sign_in": "opsdesk.screens.people.sign_in:SignInScreen",
    "lock": "opsdesk.screens.people.lock:LockScreen",
    "tell": "opsdesk.screens.mails.status_menu:StatusMenu",
    "hold": "opsdesk.screens.forms.hold:HoldPanel",
    "cancel": "opsdesk.screens.forms.cancel:CancelPanel",
    "reopen": "opsdesk.screens.forms.cancel:ReopenPanel",
    "snooze": "opsdesk.screens.forms.snooze:SnoozePanel",
    "ship": "opsdesk.screens.forms.ship:ShipPanel",
    "edit": "opsdesk.screens.forms.edit:EditPanel",
    "note": "opsdesk.screens.forms.note:NotePanel",
    "order_money": "opsdesk.screens.money.panel:MoneyPanel",
    "capture": "opsdesk.screens.money.forms:CapturePanel",
    "void": "opsdesk.screens.money.forms:VoidPanel",
    "use_credit": "opsdesk.screens.money.forms:CreditPanel",
    "on_account": "opsdesk.screens.money.forms:AccountPanel",
    "gateway_call": "opsdesk.screens.money.forms:CallsPanel",
    "pay_link": "opsdesk.screens.money.link:PayLinkPanel",
    "refund": "opsdesk.screens.money.refund:RefundPanel",
    "refund_outside": "opsdesk.screens.money.outside:OutsidePanel",
    "refund_review": "opsdesk.screens.money.review:RefundReviewPanel",
    "dispute": "opsdesk.screens.money.dispute:DisputePanel",
    "gateway_event": "opsdesk.screens.money.event:EventPanel",
    "money": "opsdesk.screens.money.desk:MoneyDesk",
    "amend": "opsdesk.screens.money.amend:AmendPanel",
    "waiting_change": "opsdesk.screens.money.waiting_change:WaitingChangePanel",
    "record_payment": "opsdesk.screens.forms.money:PaymentPanel",
    "outcome": "opsdesk.screens.fraud.outcome:OutcomePanel",
    "log": "opsdesk.screens.log:LogScreen",
    "help": "opsdesk.screens.help:HelpScreen",
}
"""Where each screen and panel is; imported when it is first opened, so that one never waits for another."""
