# SPDX-License-Identifier: Apache-2.0
"""Ids and instants as text, read and written exactly as the public response has them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from . import _native
from .values import format_instant


def parse_uuid(text: str) -> UUID:
    """The id of a 36-character text, either case. Stricter than UUID(text): nothing else goes."""
    return _native.parse_id(text)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant in UTC; digits past microseconds are cut."""
    return _native.parse_instant(text)


__all__ = ["format_instant", "parse_instant", "parse_uuid"]
