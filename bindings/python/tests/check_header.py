# SPDX-License-Identifier: Apache-2.0
"""Enumerations and struct sizes are the header's; its facts are in MILEPOST_HEADER_FACTS."""

import os
import unittest

import milepost
from milepost import _native, values
from milepost.errors import CLASSES, Applied, ErrorCode

PREFIXES = {
    "MILEPOST_E_": ErrorCode, "MILEPOST_APPLIED_": Applied, "MILEPOST_RUN_": values.RunStatus,
    "MILEPOST_OUTCOME_": values.OutcomeKind, "MILEPOST_COMMAND_": values.CommandKind,
    "MILEPOST_CHANGE_": values.ChangeKind, "MILEPOST_BULK_": values.BulkAction,
    "MILEPOST_LOG_": values.LogLevel, "MILEPOST_VERIFY_": milepost.VerifyLevel,
}
WHOLE = {
    "MILEPOST_NEWEST_FIRST": values.Order, "MILEPOST_OLDEST_FIRST": values.Order,
    "MILEPOST_LATEST": values.Freshness, "MILEPOST_PUBLISHED": values.Freshness,
    "MILEPOST_DURABLE": values.Durability, "MILEPOST_RELAXED": values.Durability,
}


def member_of(name):
    """The enumeration and the member that a name of the header belongs to."""
    if name in WHOLE:
        return WHOLE[name], name.removeprefix("MILEPOST_")
    for prefix, enumeration in PREFIXES.items():
        if name.startswith(prefix):
            return enumeration, name.removeprefix(prefix)
    raise AssertionError(f"{name} belongs to no enumeration of the package")


class FactsTest(unittest.TestCase):
    def setUp(self):
        with open(os.environ["MILEPOST_HEADER_FACTS"], encoding="ascii") as file:
            self.facts = [line.split() for line in file]

    def test_every_enumerator_is_known_with_its_number(self):
        seen = set()
        for kind, name, number in self.facts:
            if kind != "enum" or name == "MILEPOST_OK":
                continue
            enumeration, member = member_of(name)
            with self.subTest(name):
                self.assertEqual(enumeration[member], int(number))
            seen.add(enumeration[member])
        for enumeration in {*PREFIXES.values(), *WHOLE.values()}:
            with self.subTest(enumeration.__name__):
                self.assertLessEqual(set(enumeration), seen)

    def test_every_struct_has_the_size(self):
        sizes = {name: int(number) for kind, name, number in self.facts if kind == "size"}
        for name, size in _native.layout().items():
            with self.subTest(name):
                self.assertEqual(sizes[name], size)


class NamesTest(unittest.TestCase):
    def test_names_are_the_library_s(self):
        for code, cls in CLASSES.items():
            self.assertEqual(str(code), _native.error_name(code))
            self.assertTrue(issubclass(cls, milepost.MilepostError))
        self.assertEqual(set(CLASSES), set(ErrorCode))
        self.assertEqual(_native.error_name(-1000), "unknown")
        self.assertEqual(milepost.__version__, _native.version())


if __name__ == "__main__":
    unittest.main()
