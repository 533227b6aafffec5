# SPDX-License-Identifier: Apache-2.0
# Included by ctest after the discovered tests of one Catch2 program: gives them labels after
# their tags, so that `ctest -L concurrency` means [concurrency]. Expects milepost_program (its
# path) and milepost_tests (the names that were discovered).
#
# A [long] test runs at its gate counts by itself, and for MILEPOST_LONG_SECONDS when that is set:
# then its time limit moves up too.
cmake_policy(VERSION 3.21)
foreach(tag concurrency crash long model slow)
  execute_process(COMMAND ${milepost_program} --list-test-names-only "[${tag}]"
    OUTPUT_VARIABLE milepost_tagged OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    RESULT_VARIABLE milepost_ignored)
  string(REPLACE ";" "\\;" milepost_tagged "${milepost_tagged}")
  string(REPLACE "\n" ";" milepost_tagged "${milepost_tagged}")
  foreach(test IN LISTS milepost_tagged)
    if(test IN_LIST milepost_tests)
      list(APPEND "milepost_labels_of_${test}" ${tag})
      set_tests_properties("${test}" PROPERTIES LABELS "${milepost_labels_of_${test}}")
      if(tag STREQUAL "long" AND "$ENV{MILEPOST_LONG_SECONDS}" MATCHES "^[0-9]+$")
        math(EXPR milepost_timeout "$ENV{MILEPOST_LONG_SECONDS} + 600")
        set_tests_properties("${test}" PROPERTIES TIMEOUT ${milepost_timeout})
      endif()
    endif()
  endforeach()
endforeach()
