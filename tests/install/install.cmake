# SPDX-License-Identifier: Apache-2.0
# Installs BUILD into an empty PREFIX and looks whether everything that belongs there is there.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}
  RESULT_VARIABLE failed OUTPUT_QUIET)
if(failed)
  message(FATAL_ERROR "cmake --install failed: ${failed}")
endif()

file(GLOB headers RELATIVE ${INCLUDE} ${INCLUDE}/milepost/*)
list(TRANSFORM headers PREPEND ${INCLUDEDIR}/)
foreach(file ${headers}
    ${LIBDIR}/libmilepost.a ${LIBDIR}/libmilepost.so ${LIBDIR}/pkgconfig/milepost.pc
    ${LIBDIR}/libmilepost-c.so ${LIBDIR}/libmilepost-c.so.${ABI} ${LIBDIR}/pkgconfig/milepost-c.pc
    ${LIBDIR}/cmake/milepost/milepost-c-targets.cmake
    ${LIBDIR}/cmake/milepost/milepost-config.cmake
    ${LIBDIR}/cmake/milepost/milepost-config-version.cmake
    ${LIBDIR}/cmake/milepost/milepost-shared-targets.cmake
    ${LIBDIR}/cmake/milepost/milepost-static-targets.cmake
    ${LIBDIR}/cmake/milepost/FindLMDB.cmake ${LIBDIR}/cmake/milepost/FindXxHash.cmake)
  if(NOT EXISTS ${PREFIX}/${file})
    message(SEND_ERROR "not installed: ${file}")
  endif()
endforeach()

# What only our own build may know must not have got into the package.
file(GLOB package ${PREFIX}/${LIBDIR}/cmake/milepost/*.cmake ${PREFIX}/${LIBDIR}/pkgconfig/*.pc)
foreach(file ${package})
  file(READ ${file} text)
  get_filename_component(source ${INCLUDE} DIRECTORY)
  foreach(leak -Werror -Wall milepost_own_flags ${source}/)
    string(FIND "${text}" "${leak}" at)
    if(NOT at EQUAL -1)
      message(SEND_ERROR "${file} leaks '${leak}'")
    endif()
  endforeach()
endforeach()
