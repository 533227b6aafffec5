# SPDX-License-Identifier: Apache-2.0
# Settings that our own targets share. Nothing here reaches a consumer.

find_package(Threads REQUIRED)
find_package(Boost 1.78 REQUIRED)
find_package(LMDB REQUIRED)
find_package(XxHash REQUIRED)

add_library(milepost_own_flags INTERFACE)
target_compile_features(milepost_own_flags INTERFACE cxx_std_20)
target_compile_options(milepost_own_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX,C>:-Wall -Wextra -Wconversion -Wshadow -Wundef>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers>
  -fstack-protector-strong)
if(MILEPOST_WERROR)
  target_compile_options(milepost_own_flags INTERFACE -Werror)
endif()
if(MILEPOST_SANITIZE)
  target_compile_options(milepost_own_flags INTERFACE
    -fsanitize=${MILEPOST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_definitions(milepost_own_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(milepost_own_flags INTERFACE -fsanitize=${MILEPOST_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(milepost_own_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# milepost_room(<name> SOURCES ... LINK ...): one room of lib/ as position-independent objects.
function(milepost_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(milepost_${name} OBJECT ${arg_SOURCES})
  set_target_properties(milepost_${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF)
  target_include_directories(milepost_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib)
  target_include_directories(milepost_${name} SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
  target_link_libraries(milepost_${name} PRIVATE milepost_own_flags PUBLIC ${arg_LINK}
                        Threads::Threads)
  if(MILEPOST_UNITY)
    set_target_properties(milepost_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
  if(MILEPOST_COVERAGE)  # Of the library only: the tests are not what is asked about.
    target_compile_options(milepost_${name} PRIVATE -fprofile-instr-generate -fcoverage-mapping)
  endif()
endfunction()

# The number of the ABI stands in the C header and nowhere else.
file(STRINGS ${PROJECT_SOURCE_DIR}/include/milepost/milepost.h abi_line
     REGEX "^#define MILEPOST_ABI_VERSION [0-9]+$")
string(REGEX MATCH "[0-9]+$" milepost_abi_version "${abi_line}")
