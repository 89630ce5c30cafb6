"""Moving about in the queue: marks, the filter, saved views, sorting."""

from __future__ import annotations

from opsdesk.domain.orders.queues import QueueQuery, SavedView, Sort
from opsdesk.screens.queue.jobs import QueueJobs
from opsdesk.widgets.filter_line import FilterLine


class QueueMoves(QueueJobs):
    """The letters that change what the list shows, and nothing in the store."""

    asked: QueueQuery

    def go_to_view(self, view: SavedView) -> None:
        """Go to a saved view. The screen says how."""

    def sort_by(self, sort: Sort) -> None:
        """Sort by something else. The screen says how."""

    def count_word(self, view: SavedView) -> str:
        """Return how many orders a view has, in words. The screen counts."""
        return ""

    def action_mark(self) -> None:
        """Mark the row and go on to the next."""
        self.table.toggle_mark()
        self._remember_marks()

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self.table.mark(self.table.keys)
        self._remember_marks()
        self.say(f"{len(self.table.marked)} marked.", hint="- takes the marks away")

    def action_clear_marks(self) -> None:
        """Take all marks away."""
        self.table.clear_marks()
        self._remember_marks()

    def _remember_marks(self) -> None:
        self.remember_versions(key for key in self.table.marked if key not in self.marked_versions)
        self.marks_changed()

    def action_filter(self) -> None:
        """Go to the filter."""
        self.add_class("-filtering")
        self.set_focus(self.query_one("#filter", FilterLine))

    def action_down(self) -> None:
        """Go one row down."""
        self.table.action_step(1)

    def action_up(self) -> None:
        """Go one row up."""
        self.table.action_step(-1)

    def action_next(self) -> None:
        """Go to the next row."""
        self.table.action_step(1)

    action_previous = action_up

    def action_next_view(self) -> None:
        """Go to the next saved view."""
        self._turn_view(1)

    def action_previous_view(self) -> None:
        """Go to the previous saved view."""
        self._turn_view(-1)

    def _turn_view(self, by: int) -> None:
        views = list(SavedView)
        self.go_to_view(views[(views.index(self.asked.view) + by) % len(views)])

    def action_sort(self) -> None:
        """Sort by the next thing."""
        sorts = self.asked.view.sorts
        at = sorts.index(self.asked.sort) if self.asked.sort in sorts else -1
        self.sort_by(sorts[(at + 1) % len(sorts)])

    def action_reverse(self) -> None:
        """Turn the sorting round."""
        self.sort_by(self.asked.sort)

    def action_choices(self) -> None:
        """List the saved views with their counts."""
        from opsdesk.screens.frame.panels import ChoicePanel
        from opsdesk.widgets.choices import Choice

        entries = [Choice(view.value, view.label, self.count_word(view)) for view in SavedView]

        def go(key: str | None) -> None:
            if key is not None:
                self.go_to_view(SavedView(key))

        self.app.push_screen(ChoicePanel("VIEWS", entries, pointed=self.asked.view.value), callback=go)
