"""The demo academy (LOC-15), made anew at each start and reset, through the API and with a moved clock.

Its history begins sixty days ago: the clock is set back, every student registers, buys and reads on their day, and at
the end it is now again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chalicelib.platform import clock
from infra.local.demo import accounts, catalogue, snapshot
from infra.local.demo.accounts import Account
from infra.local.demo.api import Api, DemoFailed
from infra.local.demo.students import DAYS, Purchase, Student, students
from infra.local.running import Running

DAY = 86_400
HOUR = 3_600
HISTORY_WAITS = 0.001


@dataclass(order=True)
class _Happening:
    """Something at an hour of the history, counted from its begin."""

    hour: float
    number: int
    work: Callable[[], None] = field(compare=False)


def load(running: Running) -> list[Account]:
    """Load it into an empty stage; answers the demo accounts. Raises ``DemoFailed``."""
    found = [*accounts.STAFF, accounts.FIRST_STUDENT]
    if running.emulator.found_data:
        running.emulator.found_data = False
        if snapshot.found_objects(running):
            return found
        running.emulator.reset()
    if snapshot.restore(running):
        return found
    running.moving.acquire()
    clock.reset()
    clock.advance(-(DAYS + 1) * DAY)
    # Workflows that wait for a payment look again at once: their minutes are those of the moved clock.
    running.emulator.moto.scale_waits(HISTORY_WAITS)
    try:
        _History(running).tell()
    finally:
        running.emulator.moto.scale_waits(running.emulator.wait_scale)
        clock.reset()
        running.moving.release()
        running.journal.clear()
        running.edge.reset()
        running.emulator.calls.clear()
    snapshot.save(running)
    snapshot.keep_objects(running)
    return found


class _History:
    """Sixty days, one happening after the other."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._api = Api(running)
        self._begun = clock.now()
        self._notes: list[str] = []

    def tell(self) -> None:
        outcome = self._running.emulator.invoke("seed")
        if outcome.error is not None:
            raise DemoFailed(f"the seed failed: {outcome.error['errorType']}: {outcome.error['errorMessage']}")
        accounts.create()
        token = self._api.login(accounts.STAFF[0].email, accounts.STAFF_PASSWORD)
        known = catalogue.syllabus(self._api, token)
        self._notes = catalogue.notes(self._api, token, known)
        plans = catalogue.plans(self._api, token, known.subjects)
        waiting = list(self._happenings(students(plans)))
        heapq.heapify(waiting)
        while waiting:
            happening = heapq.heappop(waiting)
            self._go_to(happening.hour)
            happening.work()
        self._running.emulator.drain()

    def _go_to(self, hour: float) -> None:
        passed = (clock.now() - self._begun).total_seconds()
        clock.advance(max(0.0, hour * HOUR - passed))

    def _happenings(self, people: list[Student]) -> Iterator[_Happening]:
        for number, student in enumerate(people):
            hour = (DAYS - student.joined) * 24 + 10 + number / 100
            yield _Happening(hour, number, lambda student=student: self._join(student))  # type: ignore[misc]
            for place, purchase in enumerate(student.purchases, start=1):
                hour = (DAYS - purchase.day) * 24 + 12 + place + number / 100
                work = lambda student=student, purchase=purchase: self._buy(student, purchase)  # noqa: E731
                yield _Happening(hour, number, work)
            hour = (DAYS - 1) * 24 + 18 + number / 100
            yield _Happening(hour, number, lambda student=student: self._read(student))  # type: ignore[misc]

    def _join(self, student: Student) -> None:
        given = {
            "email": student.email,
            "password": accounts.STUDENT_PASSWORD,
            "name": student.name,
            "phone": student.phone,
            "acceptedTerms": True,
        }
        self._api.call("POST", "/v1/auth/register", given, address=student.address)

    def _token(self, student: Student) -> str:
        return self._api.login(student.email, accounts.STUDENT_PASSWORD, address=student.address)

    def _buy(self, student: Student, purchase: Purchase) -> None:
        """Checkout, the button of the hosted page, the webhook, the workflow."""
        key = f"demo-{student.email.partition('@')[0].replace('.', '-')}-{purchase.day}-{purchase.outcome}".ljust(
            16, "-"
        )
        order = self._api.call(
            "POST",
            "/v1/payments/checkout",
            {"planKey": purchase.plan, "billing": {"country": "IN", "state": "KA"}},
            token=self._token(student),
            address=student.address,
            headers={"Idempotency-Key": key[:64]},
        )
        self._running.simulator.press(order["merchantTransactionId"], purchase.outcome)
        self._running.simulator.wait_idle(10)
        self._running.emulator.drain(executions=False)

    def _read(self, student: Student) -> None:
        """Open some notes and read their first bytes; what is not theirs they are refused, as anybody is."""
        if not student.reads:
            return
        token = self._token(student)
        page = self._api.call("GET", "/v1/notes?limit=100", token=token, address=student.address)
        open_to_them = [note["id"] for note in page["items"] if not note["locked"]]
        for note_id in open_to_them[: student.reads]:
            session = self._api.call(
                "POST", f"/v1/notes/{note_id}/view-session", {"acceptNotice": 1}, token=token, address=student.address
            )
            headers = {"X-View-Token": session["viewToken"], "Range": "bytes=0-65535"}
            path = f"/v1/notes/{note_id}/content"
            self._api.fetch(path, token=token, headers=headers, address=student.address)
