"""The system's own words: customers and products as it has them, its pages, and what its status codes mean. Owns no decision
about what is billed."""

from typing import Any, Callable, Optional
from urllib.parse import quote

from componentize_py_types import Err
from wit_world.exports import directory
from wit_world.imports import remote, types
from wit_world.imports.types import FailureClass

import exact

# Pages that are followed by ourselves, before something must be wrong.
MOST_PAGES = 200

PATHS = {"party": "/customers", "item": "/products"}

# Status: class, code, what to do.
MEANINGS = {
    401: (FailureClass.AUTH, "acme-books-sign-in", "Enter the token again."),
    403: (FailureClass.FORBIDDEN, "acme-books-forbidden", "Give the token's user the right to do this."),
    404: (FailureClass.NOT_FOUND, "acme-books-not-found", "Link it again; it is gone."),
    409: (FailureClass.CONFLICT, "acme-books-conflict", "Look in Acme Books for what is in the way."),
    429: (FailureClass.THROTTLED, "acme-books-throttled", "It is tried again by itself."),
}


def failure(kind: FailureClass, code: str, message: str, retry_after_ms: Optional[int] = None) -> Err:
    """To be raised, or to be the answer for one job of several."""
    return Err(types.Failure(kind, code, message, retry_after_ms, []))


def request(operation: str, method: str, path: str, query: dict[str, str], body: bytes = b"") -> remote.Request:
    headers = [("Accept", "application/json")]
    if body:
        headers.append(("Content-Type", "application/json"))
    return remote.Request(operation, method, path, list(query.items()), headers, body)


def read(operation: str, path: str, query: Optional[dict[str, str]] = None) -> Any:
    """A read whose answer is a good one."""
    answer = remote.read(request(operation, "GET", path, query or {}))
    if not 200 <= answer.status < 300:
        raise refused(answer, FailureClass.TRANSIENT)
    return understood(path, answer.body, FailureClass.INTERNAL)


def write(operation: str, path: str, key: str, body: bytes) -> Any:
    """A write whose answer is a good one. What a server says when it broke down proves nothing about what it did; neither does an
    answer that cannot be read."""
    answer = remote.write(key, request(operation, "POST", path, {}, body))
    if not 200 <= answer.status < 300:
        raise refused(answer, FailureClass.UNKNOWN_OUTCOME)
    return understood(path, answer.body, FailureClass.UNKNOWN_OUTCOME)


def refused(answer: remote.Response, broken: FailureClass) -> Err:
    """What a status that is not good means. `broken` is what it means when the system itself broke down."""
    if 400 <= answer.status < 500:
        rejected = (FailureClass.REJECTED, "acme-books-rejected", "Mend what it names and plan again.")
        kind, code, act = MEANINGS.get(answer.status, rejected)
    else:
        kind, code, act = broken, "acme-books-broken", "The host looks before it tries again."
    said = clip(single_spaced(answer.body.decode(errors="replace")), 200)
    waits = next((value.strip() for name, value in answer.headers if name.lower() == "retry-after"), "")
    retry = int(waits) * 1000 if waits.isascii() and waits.isdigit() and len(waits) < 10 else None
    return failure(kind, code, f"Acme Books answered {answer.status}: {said}. {act}", retry)


def understood(what: str, body: bytes, kind: FailureClass) -> dict[str, Any]:
    try:
        parsed = exact.parse(body)
        if not isinstance(parsed, dict):
            raise exact.Unreadable("it is no object")
        return parsed
    except exact.Unreadable as error:
        raise failure(kind, "acme-books-answer", f"The answer for {what} could not be read: {error}.") from error


def text(record: dict[str, Any], name: str, default: Optional[str] = None) -> str:
    """A member that is a text. Without a default it must be there and not be empty."""
    value = record.get(name, default)
    if value is None and default is not None:
        value = default
    if not isinstance(value, str) or (default is None and not value):
        raise exact.Unreadable(f"{name} is {value!r} and should be a text")
    return value


def records(page: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = page.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise exact.Unreadable(f"{name} should be a list of objects")
    return found


def promised(what: str, kind: FailureClass, make: Callable[[], Any]) -> Any:
    """What `make` makes of an answer; one that is not as promised has this class."""
    try:
        return make()
    except exact.Unreadable as error:
        raise failure(kind, "acme-books-answer", f"Acme Books showed {what} otherwise than promised: {error}.") from error


def path_of(kind: str) -> str:
    if kind not in PATHS:
        raise failure(FailureClass.UNSUPPORTED, "acme-books-kind", f"Acme Books has no {kind}.")
    return PATHS[kind]


def entity(kind: str, record: dict[str, Any]) -> directory.Entity:
    price = record.get("price")
    return directory.Entity(
        kind=kind,
        id=text(record, "id"),
        code=text(record, "code", ""),
        name=text(record, "name"),
        currency=None,
        cycle=None,
        active=True,
        price=None if price is None else exact.contract(price),
        cost=None,
        attributes=[],
    )


def listed(kind: str, page: dict[str, Any]) -> list[dict[str, Any]]:
    return promised("a list", FailureClass.INTERNAL, lambda: records(page, path_of(kind)[1:]))


def search(kind: str, query: str, cursor: Optional[str]) -> directory.Page:
    asked = {"q": query}
    if cursor is not None:
        asked["after"] = cursor
    page = read("list", path_of(kind), asked)
    found = listed(kind, page)
    entities = promised("a record", FailureClass.INTERNAL, lambda: [entity(kind, record) for record in found])
    return directory.Page(entities, next_page(page, cursor))


def next_page(page: dict[str, Any], cursor: Optional[str]) -> Optional[str]:
    """A page that leads to itself has no end."""
    following = page.get("next")
    return following if isinstance(following, str) and following and following != cursor else None


def one(kind: str, id: str) -> Optional[directory.Entity]:
    try:
        record = read("get", f"{path_of(kind)}/{quote(id, safe='')}")
    except Err as error:
        if error.value.class_ == FailureClass.NOT_FOUND:
            return None
        raise
    return promised("a record", FailureClass.INTERNAL, lambda: entity(kind, record))


def create(kind: str, draft: directory.Draft) -> directory.Entity:
    """Looks first: an earlier try with this key may have made it."""
    path = path_of(kind)
    for record in listed(kind, read("list", path, {"external_id": draft.key})):
        if record.get("external_id") == draft.key:
            return promised("a record", FailureClass.INTERNAL, lambda: entity(kind, record))
    new: dict[str, Any] = {"code": draft.code, "name": draft.name}
    if draft.price is not None:
        new["price"] = exact.number(draft.price)
    new["external_id"] = draft.key
    made = write("create", path, draft.key, exact.dumps(new))
    return promised("what was made", FailureClass.UNKNOWN_OUTCOME, lambda: entity(kind, made))


def revise(kind: str, id: str, _: directory.Draft) -> directory.Entity:
    """Prices are kept by people in Acme Books. Where a system lets them be set, write price and cost where they differ, and
    nothing else, and give back what it stored."""
    path_of(kind)
    message = f"Acme Books does not let the prices of {kind} {id} be changed from outside. Nothing was written; change them there."
    raise failure(FailureClass.UNSUPPORTED, "acme-books-revise", message)


def pages(operation: str, path: str, query: dict[str, str], name: str) -> list[dict[str, Any]]:
    """Every page of a list, each asked for with the cursor of the page before."""
    found: list[dict[str, Any]] = []
    cursor: Optional[str] = None
    for _ in range(MOST_PAGES):
        page = read(operation, path, query if cursor is None else {**query, "after": cursor})
        found += promised("a list", FailureClass.INTERNAL, lambda: records(page, name))
        cursor = next_page(page, cursor)
        if cursor is None:
            return found
    raise failure(FailureClass.TRANSIENT, "acme-books-pages", "A list of Acme Books has no end. Try again later.")


def single_spaced(text: str) -> str:
    """Trimmed, with every run of white space and control characters as one space."""
    return " ".join("".join(" " if ord(one) < 32 or 127 <= ord(one) < 160 else one for one in text).split())


def clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
