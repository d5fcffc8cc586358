"""What an order becomes: one invoice, with a line for each line that bills something. Owns plan, apply, locate and observe.
Amounts come from the host and go through untouched."""

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from componentize_py_types import Err, Ok, Result
from wit_world.exports import documents as contract
from wit_world.imports import types
from wit_world.imports.types import FailureClass

import books
import exact

# As long as a description may be there.
LONGEST = 500


def plan(job: contract.Job) -> contract.Proposal:
    order = job.order
    party = next((link for link in job.links if link.kind == "party"), None)
    if party is None:
        message = f"Link the customer {order.customer_name} first."
        raise books.failure(FailureClass.REJECTED, "acme-books-customer", message)
    billed = [line for line in order.lines if line.amount.coefficient != 0]
    # It is the plan's payload, so that what was confirmed is what is sent.
    invoice = {
        "customer": party.target_id,
        # The host's marker: by it a lost document is found again.
        "reference": job.marker,
        "currency": order.currency,
        "date": order.effective_on,
        "due_date": due(order.effective_on, due_days(job)),
        "lines": [invoice_line(line) for line in billed],
        "total": exact.number(order.total),
    }
    change = contract.Change(
        # Of the order alone: the same job must give the same key for ever.
        key=f"invoice:{order.id}:{order.revision}",
        action=contract.Action.CREATE,
        document="invoice",
        target=None,
        title=f"Invoice for {order.number} to {party.target_name}",
        fields=fields(invoice, party.target_name),
        lines=[plan_line(line) for line in billed],
        total=types.Money(order.total, order.currency),
        why=f"From the order {order.number} ({order.kind}).",
        attributes=[],
    )
    nothing = [line for line in order.lines if line.amount.coefficient == 0]
    return contract.Proposal(
        job=job.id,
        changes=[change],
        left_out=[contract.Omission(line.id, "It bills nothing.") for line in nothing],
        notes=[],
        payload=exact.dumps(invoice),
        adopted=[],
        attributes=[],
    )


def due_days(job: contract.Job) -> int:
    written = dict(job.settings).get("due_days", "") or "14"
    if not re.fullmatch("[0-9]{1,3}", written) or int(written) > 365:
        message = f'The setting due_days is "{written}"; give 0 to 365.'
        raise books.failure(FailureClass.REJECTED, "acme-books-due-days", message)
    return int(written)


def due(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return day


def description(line: contract.Line) -> str:
    return books.clip(books.single_spaced(line.description), LONGEST)


def invoice_line(line: contract.Line) -> dict[str, Any]:
    return {
        "product": line.item,
        "description": description(line),
        "quantity": exact.number(line.quantity),
        "unit_price": exact.number(line.unit_price),
        "amount": exact.number(line.amount),
    }


def plan_line(line: contract.Line) -> contract.PlanLine:
    return contract.PlanLine(
        covers=[line.id],
        description=description(line),
        quantity=line.quantity,
        unit_price=line.unit_price,
        unit_cost=line.unit_cost,
        amount=line.amount,
        bills=line.amount,
        why=line.arithmetic,
        attributes=[],
    )


def fields(invoice: dict[str, Any], customer: str) -> list[contract.Field]:
    """What people see beside the lines."""
    return [
        contract.Field("customer", None, customer, "target"),
        contract.Field("date", None, invoice["date"], "marketplace"),
        contract.Field("due date", None, invoice["due_date"], "host"),
        contract.Field("reference", None, invoice["reference"], "host"),
    ]


def apply(plan: contract.Proposal) -> contract.Receipt:
    """Sends the payload as it is. No decision is made here."""
    stored = list(plan.adopted)
    known = {receipt.key for receipt in plan.adopted}
    for change in plan.changes:
        if change.key not in known:
            answer = books.write("create-invoice", "/invoices", change.key, plan.payload)
            make = lambda: receipt(change.key, answer)
            stored.append(books.promised("an invoice", FailureClass.UNKNOWN_OUTCOME, make))
    return contract.Receipt(plan.job, stored, [])


def receipt(key: str, stored: dict[str, Any]) -> contract.ChangeReceipt:
    """What was stored, as the system says; never as it was meant."""
    return contract.ChangeReceipt(
        key=key,
        action=contract.Action.CREATE,
        document="invoice",
        reference=books.text(stored, "id"),
        number=books.text(stored, "number", ""),
        total=total(stored),
        attributes=[],
    )


def total(stored: dict[str, Any]) -> types.Money:
    currency = books.text(stored, "currency")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise exact.Unreadable(f'"{currency}" is no currency')
    return types.Money(exact.contract(stored.get("total")), currency)


def locate(plan: contract.Proposal, change_key: str) -> contract.Located:
    """By the marker, which the payload holds. Every page is read, and what is found is compared again here."""
    reference = exact.parse(plan.payload)["reference"]
    found = books.pages("find-invoice", "/invoices", {"reference": reference}, "invoices")
    # A list that moves while it is read shows a document twice.
    same: dict[str, contract.ChangeReceipt] = {}
    for stored in found:
        if books.promised("an invoice", FailureClass.INTERNAL, lambda: books.text(stored, "reference", "")) == reference:
            one = books.promised("an invoice", FailureClass.INTERNAL, lambda: receipt(change_key, stored))
            same.setdefault(one.reference, one)
    match list(same.values()):
        case []:
            return contract.Located_Absent()
        case [only]:
            return contract.Located_Found(only)
        case several:
            return contract.Located_Several(several)


def observe(receipt: contract.Receipt) -> contract.Observation:
    shown = []
    for change in receipt.changes:
        stored = books.read("get-invoice", f"/invoices/{quote(change.reference, safe='')}")
        shown.append(books.promised("an invoice", FailureClass.INTERNAL, lambda: observed(change.key, stored)))
    return contract.Observation(receipt.job, shown, [])


def observed(key: str, stored: dict[str, Any]) -> contract.ObservedDocument:
    return contract.ObservedDocument(
        key=key,
        reference=books.text(stored, "id"),
        number=books.text(stored, "number", ""),
        state=books.text(stored, "state", "") or "stored",
        total=total(stored),
        lines=[observed_line(line) for line in books.records(stored, "lines")],
        attributes=[],
    )


def observed_line(line: dict[str, Any]) -> contract.ObservedLine:
    numbers = [exact.contract(line.get(name)) for name in ("quantity", "unit_price", "amount")]
    return contract.ObservedLine(books.text(line, "description", ""), *numbers)


def each(what: Any, asked: list[Any]) -> list[Result[Any, types.Failure]]:
    """One answer for each, in order: what fails for one does not stop the others."""
    answers: list[Result[Any, types.Failure]] = []
    for one in asked:
        try:
            answers.append(Ok(what(one)))
        except Err as failed:
            answers.append(failed)
    return answers
