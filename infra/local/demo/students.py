"""Thirty students with histories: who came when, bought what, read how far. The same from the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = [
    "Aarav",
    "Ananya",
    "Bhavesh",
    "Chitra",
    "Deepak",
    "Esha",
    "Faisal",
    "Gauri",
    "Harish",
    "Ishita",
    "Jatin",
    "Kavya",
    "Lokesh",
    "Manisha",
    "Naveen",
    "Ojas",
    "Pallavi",
    "Qasim",
    "Ritu",
    "Sanjay",
    "Tanvi",
    "Uday",
    "Vidya",
    "Waseem",
    "Yamini",
    "Zoya",
    "Rohan",
    "Sneha",
    "Imran",
]
LAST = [
    "Sharma",
    "Patel",
    "Khan",
    "Nair",
    "Reddy",
    "Das",
    "Singh",
    "Yadav",
    "Banerjee",
    "Iyer",
    "Joshi",
    "Mishra",
    "Gupta",
    "Pillai",
    "Chauhan",
    "Ansari",
    "Bora",
    "Kaur",
    "Naidu",
]
SEED = 1947
DAYS = 60

PAID, FAILED, PENDING = "SUCCESS", "FAILED", "PENDING"


@dataclass(frozen=True)
class Purchase:
    """An order ``day`` days before today, and how its payment ended."""

    day: int
    plan: str
    outcome: str


@dataclass(frozen=True)
class Student:
    """One student. ``joined``: days before today. ``reads``: how many notes were opened."""

    name: str
    email: str
    phone: str
    joined: int
    purchases: tuple[Purchase, ...]
    reads: int
    address: str


def students(plans: list[str]) -> list[Student]:
    """All of them, oldest first."""
    chance = random.Random(SEED)
    found = [_student(chance, number, name, plans) for number, name in enumerate(FIRST, start=1)]
    return sorted(found, key=lambda one: -one.joined)


def _student(chance: random.Random, number: int, first: str, plans: list[str]) -> Student:
    last = chance.choice(LAST)
    joined = chance.randint(2, DAYS - 1)
    purchases: list[Purchase] = []
    if chance.random() < 0.6:
        day = chance.randint(1, joined)
        plan = chance.choices(plans, weights=(5, 2, 3))[0]
        if chance.random() < 0.25:
            purchases.append(Purchase(day, plan, FAILED))
        purchases.append(Purchase(day, plan, PAID))
        if plan == "monthly" and day > 32 and chance.random() < 0.7:
            purchases.append(Purchase(day - 31, plan, PAID))
    elif chance.random() < 0.3:
        purchases.append(Purchase(1, chance.choice(plans), FAILED))
    return Student(
        name=f"{first} {last}",
        email=f"{first.lower()}.{last.lower()}@student.example",
        phone=f"+9198{chance.randint(10_000_000, 99_999_999)}",
        joined=joined,
        purchases=tuple(sorted(purchases, key=lambda one: -one.day)),
        reads=chance.randint(0, 3),
        address=f"203.0.113.{number}",
    )
