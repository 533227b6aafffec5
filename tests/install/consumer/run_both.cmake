# SPDX-License-Identifier: Apache-2.0
# Runs both hosts in the current folder, and sees that each is linked as its name says.
foreach(host host_shared host_static)
  execute_process(COMMAND ./${host} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${host} failed: ${failed}")
  endif()
  execute_process(COMMAND ldd ./${host} OUTPUT_VARIABLE needs)
  if(host STREQUAL "host_shared" AND NOT needs MATCHES "libmilepost")
    message(FATAL_ERROR "${host} does not use the shared library:\n${needs}")
  elseif(host STREQUAL "host_static" AND needs MATCHES "libmilepost")
    message(FATAL_ERROR "${host} uses the shared library:\n${needs}")
  endif()
endforeach()
