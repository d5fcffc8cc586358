"""Exact numbers, and JSON that keeps them. Owns reading and writing; no number passes through a binary fraction."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from wit_world.imports import types

# What the contract carries: 64 bits of digits, nine of them after the point.
MOST_SCALE = 9
MOST_COEFFICIENT = 2**63 - 1


class Unreadable(ValueError):
    """What came is not what was promised."""


def parse(body: bytes) -> Any:
    """Numbers become `Decimal`, digit by digit."""
    try:
        return json.loads(body.decode(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}") from error


def _no_number(word: str) -> None:
    raise Unreadable(f"{word} is no number")


def dumps(value: Any) -> bytes:
    """The same value gives the same bytes: members stand in the order in which they were put in."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(name)}:{_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if value is None or isinstance(value, (str, bool, int)):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"{type(value).__name__} is not written as JSON; take Decimal for a number")


def plain(value: Decimal) -> str:
    """"40.1", never "4.01E+1" or "40.100"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(given: types.Decimal) -> Decimal:
    """As the contract has it, to calculate with or to send."""
    sign, digits = int(given.coefficient < 0), tuple(map(int, str(abs(given.coefficient))))
    return Decimal((sign, digits, -given.scale))


def contract(value: Any) -> types.Decimal:
    """As the contract carries it. Some systems send amounts in quotes; those are read too."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation as error:
            raise Unreadable(f'"{value}" is no number') from error
    if not isinstance(value, Decimal) or not value.is_finite():
        raise Unreadable(f"{value!r} is no number")
    sign, digits, exponent = value.as_tuple()
    # Refused before anything is multiplied: an exponent may be made to fill the memory.
    if not -60 <= exponent <= 20:
        raise Unreadable(f"{value} is too large or too fine")
    coefficient = int("".join(map(str, digits)))
    if exponent > 0:
        coefficient, exponent = coefficient * 10**exponent, 0
    while exponent < 0 and coefficient % 10 == 0:
        coefficient, exponent = coefficient // 10, exponent + 1
    if -exponent > MOST_SCALE or coefficient > MOST_COEFFICIENT:
        raise Unreadable(f"{value} has more digits than can be kept exactly")
    return types.Decimal(-coefficient if sign else coefficient, -exponent)
