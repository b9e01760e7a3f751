"""Sums and tables without a cloud: tax, the ledger, states, decisions, schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.commerce.gateways import OrderStatus, SeenPayment, State
from chalicelib.commerce.payments import journal, tax
from chalicelib.commerce.payments.configuration import PAYMENT_POLL_SCHEDULE
from chalicelib.commerce.payments.deciding import Facts, Step, decide
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.states import CHANGES, Flag, ForbiddenChange, Status, allowed, move
from chalicelib.platform.settings import BadSetting

KARNATAKA, KERALA, US = tax.place_of("IN", "KA"), tax.place_of("IN", "32"), tax.place_of("US", None)
NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
AMOUNTS = st.integers(0, 100_000_000)


def _components(taxed: tax.LineTax) -> dict[str, int]:
    return {part.name: part.paise for part in taxed.components}


@pytest.mark.rule("TAXN-12")
def test_the_sums_of_the_rule() -> None:
    home = tax.line_tax(11_800, inclusive=True, place=KARNATAKA)
    assert (home.taxable, _components(home)) == (10_000, {"CGST": 900, "SGST": 900})
    away = tax.line_tax(11_800, inclusive=True, place=KERALA)
    assert (away.taxable, _components(away)) == (10_000, {"IGST": 1_800})
    on_top = tax.line_tax(10_000, inclusive=False, place=KARNATAKA)
    assert (on_top.total, _components(on_top)) == (11_800, {"CGST": 900, "SGST": 900})
    assert tax.line_tax(10_000, inclusive=False, place=KERALA).total == 11_800


@pytest.mark.rule("TAXN-12")
def test_a_rate_of_zero_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_TAX_RATE_BPS", "700")
    assert tax.line_tax(11_800, inclusive=True, place=US) == tax.LineTax(11_800, 11_800, ())
    assert tax.rate_of("FR").bps == 2_300
    assert tax.rate_of("DE").bps == 1_900
    assert tax.rate_of("BR").bps == 700


@pytest.mark.rule("TAXN-12")
@given(amount=AMOUNTS, inclusive=st.booleans(), place=st.sampled_from([KARNATAKA, KERALA, US]))
def test_lines_always_add_up(amount: int, inclusive: bool, place: tax.Place) -> None:
    taxed = tax.line_tax(amount, inclusive=inclusive, place=place)
    parts = _components(taxed)
    assert taxed.taxable + sum(parts.values()) == taxed.total
    assert (taxed.total == amount) if inclusive else (taxed.taxable == amount)
    assert parts.get("CGST") == parts.get("SGST")
    assert all(paise >= 0 for paise in parts.values())


@pytest.mark.rule("TAXN-13")
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=20))
def test_line_taxes_sum_to_the_orders(amounts: list[int]) -> None:
    lines = [tax.line_tax(amount, inclusive=True, place=KARNATAKA) for amount in amounts]
    stored = tax.order_tax(lines, KARNATAKA)
    assert sum(part["amountPaise"] for part in stored["components"]) == sum(line.tax for line in lines)
    assert stored["taxablePaise"] == sum(line.taxable for line in lines)
    assert stored["placeOfSupply"] == "IN-KA"


TAXES = st.dictionaries(st.sampled_from(["CGST", "SGST", "IGST"]), st.integers(0, 1_000))


@pytest.mark.rule("PAY-110")
@given(amount=st.integers(3_000, 10_000_000), discount=st.integers(0, 5_000), taxes=TAXES)
def test_whatever_is_booked_balances(amount: int, discount: int, taxes: dict[str, int]) -> None:
    journal.check(journal.earned("GATEWAY:X", amount, discount, taxes))
    journal.check(journal.held("X", amount))
    journal.check(journal.unheld("X", amount))
    journal.check(journal.returned("X", amount, before=0, captured=amount, taxes=taxes))


@pytest.mark.rule("PAY-110")
@given(amount=st.integers(3_000, 1_000_000), cuts=st.lists(st.integers(1, 1_000), max_size=5), taxes=TAXES)
def test_partial_refunds_return_exactly_the_tax(amount: int, cuts: list[int], taxes: dict[str, int]) -> None:
    if sum(cuts) > amount:
        return
    parts, before, back = [*cuts, amount - sum(cuts)], 0, dict.fromkeys(taxes, 0)
    for part in parts:
        bookings = journal.returned("X", part, before=before, captured=amount, taxes=taxes)
        journal.check(bookings)
        for one in bookings:
            name = one.account.removeprefix("TAX:")
            if name in back:
                back[name] += one.debit - one.credit
        before += part
    assert back == taxes


@pytest.mark.rule("PAY-110")
def test_what_does_not_balance_is_not_written() -> None:
    with pytest.raises(journal.Unbalanced):
        journal.check([journal.Booking("A", debit=5), journal.Booking("B", credit=4)])
    with pytest.raises(journal.Unbalanced):
        journal.check([journal.Booking("A", debit=-5), journal.Booking("B", credit=-5)])


def _order(status: Status) -> PaymentOrder:
    return PaymentOrder(
        "USER#1", "ORDER#1", merchant_transaction_id="1", user_id="1", status=str(status), created_at=NOW
    )


@pytest.mark.rule("PAY-55")
@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("after", list(Status))
def test_only_the_tables_changes_exist(before: Status, after: Status) -> None:
    in_table = after in CHANGES[before]
    late = before in (Status.EXPIRED, Status.FAILED) and after is Status.SUCCESS
    flags = (Flag.LATE_SUCCESS,) if late else ()
    if in_table:
        move(_order(before), after, NOW, flags=flags)
        assert allowed(before, after, late=late)
    else:
        with pytest.raises(ForbiddenChange):
            move(_order(before), after, NOW, flags=flags)
    if late:
        with pytest.raises(ForbiddenChange):
            move(_order(before), after, NOW)


def _seen(state: State, amount: int = 100, currency: str = "INR") -> OrderStatus:
    paid = (SeenPayment("P", amount, currency, State.SUCCESS),) if state is State.SUCCESS else ()
    return OrderStatus(state, amount, currency, paid)


FACTS = st.builds(
    Facts,
    status=st.sampled_from(list(Status)),
    amount=st.just(100),
    currency=st.just("INR"),
    expires_at=st.sampled_from([NOW - timedelta(1), NOW + timedelta(1)]),
    rival=st.sampled_from([None, "TXN"]),
    settled_elsewhere=st.booleans(),
    closed=st.booleans(),
    may_expire=st.booleans(),
    refund_late=st.booleans(),
    refund_duplicates=st.booleans(),
)


@pytest.mark.rule("PAY-55", "PAY-66", "PAY-70", "PAY-71", "PAY-72")
@given(facts=FACTS, state=st.sampled_from(list(State)), amount=st.sampled_from([100, 99]), currency=st.just("INR"))
def test_no_decision_breaks_the_table(facts: Facts, state: State, amount: int, currency: str) -> None:
    decision = decide(facts, _seen(state, amount, currency), NOW)
    target = {
        Step.GRANT: Status.SUCCESS,
        Step.GIVE_BACK: Status.SUCCESS,
        Step.HOLD: Status.REVIEW,
        Step.FAIL: Status.FAILED,
        Step.EXPIRE: Status.EXPIRED,
    }.get(decision.step)
    if target is not None:
        assert allowed(facts.status, target, late=Flag.LATE_SUCCESS in decision.flags)
    if decision.step in (Step.GRANT, Step.GIVE_BACK):
        assert state is State.SUCCESS
        assert amount == facts.amount
        assert not facts.settled_elsewhere
    if state is State.SUCCESS and facts.status in (Status.CREATED, Status.PENDING) and not facts.closed:
        assert decision.step in (Step.GRANT, Step.GIVE_BACK, Step.HOLD), "money is never ignored"
    if facts.status in (Status.SUCCESS, Status.REVIEW):
        assert decision.step is Step.NOTHING


@pytest.mark.rule("PAY-30")
def test_the_waits_of_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = [PAYMENT_POLL_SCHEDULE().wait(number) for number in range(26)]
    assert waits == [20, *[3] * 10, *[6] * 10, *[10] * 5]
    rest = [PAYMENT_POLL_SCHEDULE().wait(number) for number in range(26, 31)]
    assert rest == [10, 30, 30, 60, 60]
    monkeypatch.setenv("PAYMENT_POLL_SCHEDULE", "soon")
    with pytest.raises(BadSetting):
        PAYMENT_POLL_SCHEDULE()
