"""What belongs to people at their desks, in one unit of work: follows and jobs."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.store.tables import ActivityRow, FollowRow, JobRow, JobStepRow, SettingRow


class Desks:
    """Follows and jobs of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def follow(self, user_id: int, order_id: int) -> bool:
        """Let the user hear of everything that happens to the order from now on; False if they do already."""
        if self._session.get(FollowRow, (user_id, order_id)):
            return False
        newest = self._session.execute(select(func.max(col(ActivityRow.id)))).scalar()
        self._session.add(FollowRow(user_id=user_id, order_id=order_id, since_activity_id=newest or 0))
        self._session.flush()
        return True

    def unfollow(self, user_id: int, order_id: int) -> bool:
        """Stop that; False if the user did not follow it."""
        found = self._session.get(FollowRow, (user_id, order_id))
        if found is None:
            return False
        self._session.delete(found)
        self._session.flush()
        return True

    def setting(self, key: str) -> SettingRow:
        """Return a setting of the shop for change; one that was never set is empty."""
        found = self._session.get(SettingRow, key, with_for_update=True)
        if found is None:
            found = SettingRow(key=key, value="")
            self._session.add(found)
        return found

    def policy(self, key: str) -> str:
        """Return the JSON text of a setting without locking it; empty while nobody has set it."""
        found = self._session.get(SettingRow, key)
        return found.value if found else ""

    def job(self, job_id: str) -> JobRow:
        """Return the job for change.

        Raises:
            Refused: there is no such job.
        """
        found = self._session.get(JobRow, job_id, with_for_update=True)
        if found is None:
            raise Refused("There is no such job.")
        return found

    def steps(self, job_id: str) -> list[JobStepRow]:
        """Return what the job did with each order."""
        wanted = select(JobStepRow).where(col(JobStepRow.job_id) == job_id)
        return list(self._session.execute(wanted.order_by(col(JobStepRow.order_id))).scalars())
