# SPDX-License-Identifier: Apache-2.0
"""Ids and instants as text, read and written exactly as the public response has them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from . import _native
from .values import instant_number


def parse_uuid(text: str) -> UUID:
    """The id of a 36-character text, either case. Stricter than UUID(text): nothing else goes."""
    return _native.parse_id(text)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant in UTC; digits past microseconds are cut."""
    return _native.parse_instant(text)


def format_instant(instant: datetime) -> str:
    """The text of an instant, with the fewest of 0, 3 or 6 fraction digits that lose nothing."""
    number = instant_number(instant)
    if number is None:
        raise TypeError("a datetime is wanted")
    return _native.format_instant(number)
