"""Acme Books as a target. Owns which call goes where; the system's words are in `books`, what an order becomes in
`documents`."""

import functools
import traceback
from typing import Any, Callable, Optional

from componentize_py_types import Err, Result
from wit_world import exports
from wit_world.exports import connection, directory
from wit_world.exports import documents as contract
from wit_world.imports import log, types
from wit_world.imports.types import FailureClass

import books
import documents


def told(call: Callable[..., Any]) -> Callable[..., Any]:
    """A defect is a failure with its place in the log. Without this the call would only stop, and nobody would know where."""

    @functools.wraps(call)
    def guarded(*given: Any) -> Any:
        try:
            return call(*given)
        except Err:
            raise
        except Exception as error:
            log.event(log.Level.ERROR, f"{call.__name__} has a defect", [("traceback", traceback.format_exc()[-3000:])])
            message = f"The plugin has a defect in {call.__name__}: {type(error).__name__}: {error}"
            raise books.failure(FailureClass.INTERNAL, "acme-books-defect", message) from error

    return guarded


class Connection(exports.Connection):
    @told
    def probe(self) -> connection.Account:
        account = books.read("account", "/account")
        return books.promised("the account", FailureClass.INTERNAL, lambda: self._account(account))

    @staticmethod
    def _account(account: dict[str, Any]) -> connection.Account:
        return connection.Account(
            id=books.text(account, "id"),
            name=books.text(account, "name"),
            base_currency=books.text(account, "currency"),
            country=books.text(account, "country", ""),
            time_zone=books.text(account, "time_zone", "") or "UTC",
            locked_until=None,
            attributes=[],
        )


class Directory(exports.Directory):
    @told
    def search(self, kind: str, query: str, cursor: Optional[str]) -> directory.Page:
        return books.search(kind, query, cursor)

    @told
    def get(self, kind: str, ids: list[str]) -> list[directory.Entity]:
        found = [books.one(kind, id) for id in ids]
        return [entity for entity in found if entity is not None]

    @told
    def create(self, kind: str, draft: directory.Draft) -> directory.Entity:
        return books.create(kind, draft)

    @told
    def revise(self, kind: str, id: str, draft: directory.Draft) -> directory.Entity:
        return books.revise(kind, id, draft)


class Documents(exports.Documents):
    def plan(self, jobs: list[contract.Job]) -> list[Result[contract.Proposal, types.Failure]]:
        return documents.each(told(documents.plan), jobs)

    def apply(self, plans: list[contract.Proposal]) -> list[Result[contract.Receipt, types.Failure]]:
        return documents.each(told(documents.apply), plans)

    @told
    def locate(self, plan: contract.Proposal, change_key: str) -> contract.Located:
        return documents.locate(plan, change_key)

    def observe(self, receipts: list[contract.Receipt]) -> list[Result[contract.Observation, types.Failure]]:
        return documents.each(told(documents.observe), receipts)
