# SPDX-License-Identifier: Apache-2.0
# Compiles the library for arm64 on another machine, to keep the code clean for it. Nothing is
# linked: Boost, lmdb.h and xxhash.h are the same on every machine, their libraries are not.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(LMDB_LIBRARY lmdb CACHE STRING "Never linked")
set(XXHASH_LIBRARY xxhash CACHE STRING "Never linked")
