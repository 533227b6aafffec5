# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: headers, libraries, a CMake package, a pkg-config file. The
# components are what MilepostPackages makes packages of: cxx and c the two libraries, dev the rest.
include(CMakePackageConfigHelpers)

set(milepost_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/milepost)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME dev)
set(milepost_destinations
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT dev COMPONENT)

# One export set a library: who links the shared one shall not need LMDB's development files.
install(TARGETS milepost_static EXPORT milepost_static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT milepost_static NAMESPACE milepost:: FILE milepost-static-targets.cmake
        DESTINATION ${milepost_package_dir})
if(MILEPOST_SHARED)
  install(TARGETS milepost EXPORT milepost_shared ${milepost_destinations} cxx)
  install(EXPORT milepost_shared NAMESPACE milepost:: FILE milepost-shared-targets.cmake
          DESTINATION ${milepost_package_dir})
  install(TARGETS milepost_c EXPORT milepost_c ${milepost_destinations} c)
  install(EXPORT milepost_c NAMESPACE milepost:: FILE milepost-c-targets.cmake
          DESTINATION ${milepost_package_dir})
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/milepost
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/milepost-config.cmake.in
  ${PROJECT_BINARY_DIR}/package/milepost-config.cmake
  INSTALL_DESTINATION ${milepost_package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/package/milepost-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/package/milepost-config.cmake
  ${PROJECT_BINARY_DIR}/package/milepost-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindLMDB.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindXxHash.cmake
  DESTINATION ${milepost_package_dir})

# The .pc files find their prefix from where they lie, so that an installed tree may be moved.
file(RELATIVE_PATH MILEPOST_PC_TO_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(which LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${which}}")
    set(MILEPOST_PC_${which} "${CMAKE_INSTALL_${which}}")
  else()
    set(MILEPOST_PC_${which} "\${prefix}/${CMAKE_INSTALL_${which}}")
  endif()
endforeach()
set(milepost_pc_files milepost.pc)
if(MILEPOST_SHARED)
  list(APPEND milepost_pc_files milepost-c.pc)
endif()
foreach(file IN LISTS milepost_pc_files)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${file}.in ${PROJECT_BINARY_DIR}/package/${file} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${file}
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
