"""The logic, natively: the system is a function, and every call is remembered. `counterfoil plugin build .` writes the
contract's types into target/bindings first."""

import sys
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE), str(HERE / "target" / "bindings")]

from componentize_py_types import Err, Ok  # noqa: E402
from wit_world.exports import directory  # noqa: E402
from wit_world.exports import documents as contract  # noqa: E402
from wit_world.imports import log, remote, types  # noqa: E402
from wit_world.imports.types import FailureClass  # noqa: E402

import app  # noqa: E402
import books  # noqa: E402
import exact  # noqa: E402


class System:
    """Answers with a function of (method, path, query)."""

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def read(self, request):
        return self.write(None, request)

    def write(self, key, request):
        self.calls.append((key, request))
        status, body = self.answer(request.method, request.path, dict(request.query))
        return remote.Response(status, [("Retry-After", "7")], body.encode(), False)


def silent(*_):
    raise AssertionError("nothing is to be asked")


def against(answer):
    """The system in the place of the host's imports."""
    system = System(answer)
    patched = mock.patch.multiple(remote, read=system.read, write=system.write)
    return system, patched


def decimal(text):
    return exact.contract(text)


def line(id, amount):
    return contract.Line(
        id=id, fee="resource-recurring", description='Seat  "gold"', product_code="P-1", product_name="Seat",
        quantity=decimal("1"), unit_price=decimal(amount), unit_cost=None, amount=decimal(amount), cost=None,
        service_period=None, price_source="order", arithmetic="1 × it", item="p-1", attributes=[],
    )


def job(lines, links=True, settings=()):
    order = contract.Order(
        id="o1", number="SO000001", kind="sales", revision="1", currency="USD", billing_model="before-billing-period",
        billing_cycle="P1M", customer_id="42", customer_name="Northwind", subscription_id="s1", subscription_name="Seats",
        created_on="2026-11-21", effective_on="2026-11-21", lines=lines, total=decimal("376.20"), attributes=[],
    )
    party = contract.Link("party", "42", "c-1", "", "Northwind", [])
    return contract.Job("t1", order, [party] if links else [], list(settings), [], "CF-t1", "2026-11-21", [])


def planned():
    _, patched = against(silent)
    with patched:
        (answer,) = app.Documents().plan([job([line("l1", "376.20"), line("l2", "0")])])
    assert isinstance(answer, Ok), answer
    return answer.value


def stored(id, reference):
    return (
        f'{{"id":"{id}","customer":"c-1","reference":"{reference}","currency":"USD","date":"2026-11-21",'
        '"lines":[{"description":"Seat","quantity":1,"unit_price":376.20,"amount":376.20}],"total":376.20}'
    )


class Plans(unittest.TestCase):
    def test_an_order_becomes_one_invoice_and_free_lines_are_left_out(self):
        plan = planned()
        self.assertEqual(plan.changes[0].key, "invoice:o1:1")
        self.assertEqual(plan.changes[0].total, types.Money(decimal("376.20"), "USD"))
        self.assertEqual([line.covers for line in plan.changes[0].lines], [["l1"]])
        self.assertEqual([left.line for left in plan.left_out], ["l2"])
        self.assertIn(b'"due_date":"2026-12-05"', plan.payload)
        self.assertIn(b'Seat \\"gold\\"', plan.payload)
        self.assertEqual(planned(), plan)

    def test_an_order_that_cannot_be_billed_says_what_to_do(self):
        for given, code in [
            (job([], links=False), "acme-books-customer"),
            (job([], settings=[("due_days", "soon")]), "acme-books-due-days"),
            (job([], settings=[("due_days", "366")]), "acme-books-due-days"),
        ]:
            (answer,) = app.Documents().plan([given])
            self.assertEqual((answer.value.class_, answer.value.code), (FailureClass.REJECTED, code))


class Applying(unittest.TestCase):
    def test_what_was_planned_is_sent_under_its_key_and_what_was_stored_is_told(self):
        plan = planned()
        system, patched = against(lambda *_: (201, stored("inv-1", "CF-t1")))
        with patched:
            (answer,) = app.Documents().apply([plan])
        self.assertEqual(answer.value.changes[0].reference, "inv-1")
        self.assertEqual(answer.value.changes[0].total, types.Money(decimal("376.2"), "USD"))
        ((key, request),) = system.calls
        self.assertEqual((key, request.body), ("invoice:o1:1", plan.payload))
        # What is known to exist is never sent again.
        plan.adopted = answer.value.changes
        _, patched = against(silent)
        with patched:
            (again,) = app.Documents().apply([plan])
        self.assertEqual(len(again.value.changes), 1)

    def test_answers_that_are_not_good_have_their_class(self):
        for status, body, kind in [
            (401, "", FailureClass.AUTH),
            (403, "", FailureClass.FORBIDDEN),
            (409, "", FailureClass.CONFLICT),
            (422, "date is missing", FailureClass.REJECTED),
            (429, "", FailureClass.THROTTLED),
            (500, "", FailureClass.UNKNOWN_OUTCOME),
            (200, "<html>", FailureClass.UNKNOWN_OUTCOME),
            (200, '{"id":"inv-1"', FailureClass.UNKNOWN_OUTCOME),
            (200, "{}", FailureClass.UNKNOWN_OUTCOME),
            (200, '{"id":"x","currency":"USD","total":1e99999}', FailureClass.UNKNOWN_OUTCOME),
        ]:
            with self.subTest(status=status, body=body):
                _, patched = against(lambda *_: (status, body))
                with patched:
                    (answer,) = app.Documents().apply([planned()])
                self.assertEqual(answer.value.class_, kind, answer)
                self.assertEqual(answer.value.retry_after_ms, 7000 if status >= 400 else None)


class Looking(unittest.TestCase):
    def test_a_lost_invoice_is_found_by_its_marker_alone(self):
        def page(some, following):
            return 200, f'{{"invoices":[{",".join(stored(*one) for one in some)}],"next":{following}}}'

        def look(answer):
            _, patched = against(lambda method, path, query: answer(query.get("after")))
            with patched:
                return app.Documents().locate(planned(), "invoice:o1:1")

        self.assertIsInstance(look(lambda _: page([("a", "CF-t10")], "null")), contract.Located_Absent)
        second = lambda after: page([("b", "CF-t1")] * 2, "null") if after else page([("a", "other")], '"2"')
        self.assertEqual(look(second).value.reference, "b")
        self.assertEqual(len(look(lambda _: page([("a", "CF-t1"), ("b", "CF-t1")], "null")).value), 2)
        with self.assertRaises(Err) as failed:
            look(lambda _: (500, ""))
        self.assertEqual(failed.exception.value.class_, FailureClass.TRANSIENT)

    def test_a_customer_is_looked_for_before_it_is_made(self):
        draft = directory.Draft("create:1", "", 'Northwind "<b>"', None, None, None, [])
        known = '{"customers":[{"id":"c-1","name":"Northwind","external_id":"create:1"}],"next":null}'
        system, patched = against(lambda *_: (200, known))
        with patched:
            self.assertEqual(app.Directory().create("party", draft).id, "c-1")
        self.assertEqual([request.method for _, request in system.calls], ["GET"])
        fresh = lambda method, *_: (200, '{"customers":[]}') if method == "GET" else (201, '{"id":"c-9","name":"N"}')
        system, patched = against(fresh)
        with patched:
            self.assertEqual(app.Directory().create("party", draft).id, "c-9")
        self.assertIn(b'"name":"Northwind \\"<b>\\"","external_id":"create:1"', system.calls[1][1].body)

    def test_prices_are_left_to_people(self):
        draft = directory.Draft("revise:1", "P-1", "Seat", "USD", decimal("7.80"), None, [])
        for kind, code in [("item", "acme-books-revise"), ("container", "acme-books-kind")]:
            system, patched = against(silent)
            with patched, self.assertRaises(Err) as failed:
                app.Directory().revise(kind, "p-1", draft)
            self.assertEqual((failed.exception.value.class_, failed.exception.value.code), (FailureClass.UNSUPPORTED, code))
            self.assertEqual(system.calls, [])


class Defects(unittest.TestCase):
    def test_a_defect_is_a_failure_with_its_place_in_the_log(self):
        lines = []
        _, patched = against(lambda *_: (200, "{}"))
        event = mock.patch.object(log, "event", lambda *line: lines.append(line))
        with patched, event, mock.patch.object(books, "text", None), self.assertRaises(Err) as failed:
            app.Connection().probe()
        self.assertEqual(failed.exception.value.class_, FailureClass.INTERNAL)
        ((level, _, fields),) = lines
        self.assertEqual(level, log.Level.ERROR)
        self.assertIn("app.py", dict(fields)["traceback"])


class Numbers(unittest.TestCase):
    def test_numbers_are_exact_or_refused(self):
        for given, kept in [
            ("376.20", (3762, 1)), ("0.1648", (1648, 4)), ("-0.005", (-5, 3)), ("1E+3", (1000, 0)), ("0", (0, 0)),
            ("0.000000001", (1, 9)), ("9223372036854775807", (2**63 - 1, 0)), ("5e-9", (5, 9)),
            ("0.0000000001", None), ("9223372036854775808", None), ("NaN", None), ("1e400", None), ("", None),
        ]:
            with self.subTest(given=given):
                if kept is None:
                    self.assertRaises(exact.Unreadable, exact.contract, given)
                else:
                    number = exact.contract(given)
                    self.assertEqual((number.coefficient, number.scale), kept)
        self.assertEqual(exact.dumps(exact.parse(b'{"a":[0.1,1.50,-0.0000001,12345678901234567890]}')),
                         b'{"a":[0.1,1.5,-0.0000001,12345678901234567890]}')


if __name__ == "__main__":
    unittest.main()
