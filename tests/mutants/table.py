# SPDX-License-Identifier: Apache-2.0
"""All mutants."""

import table_engine
import table_promises
import table_write_path

MUTANTS = table_write_path.MUTANTS + table_promises.MUTANTS + table_engine.MUTANTS
