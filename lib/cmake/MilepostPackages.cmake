# SPDX-License-Identifier: Apache-2.0
# What `cpack` makes of an installation below /usr (preset package): a Debian package for each
# shared library, named after its SONAME so that old and new ones live side by side, -dev, and one
# with the programs.
set(milepost_cxx_package libmilepost${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(milepost_c_package libmilepost-c${milepost_abi_version})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME milepost)
set(CPACK_PACKAGE_VENDOR "The Milepost developers")
set(CPACK_PACKAGE_CONTACT "The Milepost developers <milepost@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_COMPONENTS_ALL cxx c dev)
if(TARGET milepost_cli)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(CPACK_DEBIAN_CXX_PACKAGE_NAME ${milepost_cxx_package})
set(CPACK_COMPONENT_CXX_DESCRIPTION "Embeddable, durable run tracking: the C++ library")
set(CPACK_DEBIAN_CXX_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_CXX_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_C_PACKAGE_NAME ${milepost_c_package})
set(CPACK_COMPONENT_C_DESCRIPTION "Embeddable, durable run tracking: the C library")
set(CPACK_DEBIAN_C_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_C_PACKAGE_SHLIBDEPS ON)

# The loader's cache is to learn of the libraries.
file(WRITE ${PROJECT_BINARY_DIR}/package/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_CXX_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/package/triggers)
set(CPACK_DEBIAN_C_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/package/triggers)

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME milepost)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION
  "Embeddable, durable run tracking: the command line milepost and the HTTP server")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION database)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)

# Boost is in the C++ headers; LMDB and xxHash are what a static link asks for, OpenSSL what the
# HTTP server does.
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libmilepost-dev)
set(CPACK_COMPONENT_DEV_DESCRIPTION
  "Embeddable, durable run tracking: headers, static library, CMake and pkg-config files")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(milepost_exactly "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
string(JOIN ", " CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "${milepost_cxx_package} ${milepost_exactly}" "${milepost_c_package} ${milepost_exactly}"
  libboost1.81-dev liblmdb-dev libssl-dev libxxhash-dev)

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE RENAME copyright COMPONENT ${component}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}
          EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
