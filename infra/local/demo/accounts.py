"""Who is in the demo academy."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.identity.accounts import create_staff, create_student
from chalicelib.platform.access.catalogue import STUDENT_ROLE, SUPER_ADMIN


@dataclass(frozen=True)
class Account:
    """A demo account; ``role`` is a role key."""

    role: str
    name: str
    email: str
    password: str

    def view(self) -> dict[str, str]:
        """As ``run.json`` and the console show it."""
        return {"role": self.role, "email": self.email, "password": self.password}


# Printed at each start; they open nothing but this machine's own demo.
STAFF_PASSWORD = "Monsoon-Ganga-2031"  # noqa: S105
STUDENT_PASSWORD = "chalk-and-monsoon-7"  # noqa: S105

STAFF = (
    Account(SUPER_ADMIN, "Meera Kulkarni", "meera@academy.example", STAFF_PASSWORD),
    Account("ADMIN_CONTENT", "Farhan Qureshi", "farhan@academy.example", STAFF_PASSWORD),
    Account("ADMIN_FINANCE", "Lakshmi Iyer", "lakshmi@academy.example", STAFF_PASSWORD),
    Account("ADMIN_SUPPORT", "Gurpreet Singh", "gurpreet@academy.example", STAFF_PASSWORD),
)
FIRST_STUDENT = Account(STUDENT_ROLE, "Asha Verma", "asha@student.example", STUDENT_PASSWORD)


def create() -> dict[str, str]:
    """Create staff and the first student; answers user ids by e-mail."""
    ids = {one.email: create_staff(one.email, one.password, one.name, [one.role]) for one in STAFF}
    student = FIRST_STUDENT
    ids[student.email] = create_student(student.email, student.password, student.name, phone="+919810000001")
    return ids
