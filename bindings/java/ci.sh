#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests the Java binding over the library of a build tree: ci.sh [STEP...], steps
#   jar      build/<preset>/bindings/java/milepost-0.1.0.jar, which carries the native libraries
#   test     javadoc without a warning, all tests from the jar under -Xcheck:jni, the sample
#   header   numbers equal the C header's
#   cost     nanoseconds of one get_json and one relaxed step beside the bare C call
set -euo pipefail
language=java
# shellcheck source=bindings/ci_common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ci_common.sh"
cd "$source_dir/bindings/java"

need_tool javac openjdk-17-jdk-headless
need_tool gcc gcc
java_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
[[ -e $java_home/include/jni.h ]] || not_run "$java_home has no jni.h (openjdk-17-jdk-headless)"
jar_file=$work_dir/milepost-0.1.0.jar
test_jars=/usr/share/java/junit4.jar:/usr/share/java/hamcrest-core.jar:/usr/share/java/gson.jar
export MILEPOST_JAVA_WIRE=$PWD/native/wire.h

# Found by their names beside the JNI library, wherever that is unpacked: so DT_RPATH, which also
# holds for what the libraries load themselves.
# shellcheck disable=SC2016 # $ORIGIN is the loader's
build_native() {
  local to=$1 name found
  mkdir -p "$to"
  gcc -std=c99 -O2 -g -fPIC -shared -fvisibility=hidden -fstack-protector-strong \
    -Wall -Wextra -Wconversion -Wshadow -Werror \
    -Inative "-I$source_dir/include" -isystem "$java_home/include" \
    -isystem "$java_home/include/linux" native/*.c -o "$to/libmilepost-jni.so" \
    "-L$lib_dir" -lmilepost-c -Wl,-z,defs,-z,relro,-z,now,--disable-new-dtags,-rpath,'$ORIGIN'
  cp -L "$lib_dir/libmilepost-c.so.1" "$to/"
  for name in liblmdb.so.0 libxxhash.so.0; do
    found=$(ldd "$lib_dir/libmilepost-c.so.1" | awk -v name="$name" '$1 == name { print $3 }')
    [[ -n $found ]] || continue
    cp -L "$found" "$to/"
  done
}

step_jar() {
  local classes=$work_dir/classes arch
  rm -rf "$classes"
  mkdir -p "$classes"
  javac --release 17 -Xlint:all -Werror -d "$classes" src/main/java/io/milepost/*.java
  # As Java names it: amd64, aarch64.
  arch=$(java -XshowSettings:properties -version 2>&1 | awk '$1 == "os.arch" { print $3 }')
  build_native "$classes/native/linux-$arch"
  printf 'Automatic-Module-Name: io.milepost\nImplementation-Version: 0.1.0\n' >"$work_dir/manifest"
  jar --create --file "$jar_file" --manifest "$work_dir/manifest" -C "$classes" .
}

# is_current: nothing that the tests are made of has changed since they were built.
is_current() {
  [[ -e $work_dir/tests/built ]] &&
    [[ -z $(find src native samples ci.sh "$source_dir/include/milepost/milepost.h" \
      -newer "$work_dir/tests/built" -print -quit) ]] &&
    [[ ! "$lib_dir/libmilepost-c.so.1" -nt $work_dir/tests/built ]]
}

build_tests() {
  local name
  for name in ${test_jars//:/ }; do
    [[ -e $name ]] || not_run "$name is not there (Debian packages junit4, libgoogle-gson-java)"
  done
  ! is_current || return 0
  step_jar
  rm -rf "$work_dir/tests"
  mkdir -p "$work_dir/tests"
  javac --release 17 -Xlint:all -Werror -cp "$jar_file:$test_jars" -d "$work_dir/tests" \
    src/test/java/io/milepost/*.java samples/*.java
  touch "$work_dir/tests/built"
}

run_java() {
  java -cp "$jar_file:$work_dir/tests:$test_jars" "$@"
}

# run_tests CLASS...: JUnit's own words, and nothing that the JVM has to say about our native code.
run_tests() {
  local log=$work_dir/tests.log status=0 classes=()
  classes=("${@/#/io.milepost.}")
  run_java -Xcheck:jni org.junit.runner.JUnitCore "${classes[@]}" >"$log" 2>&1 || status=$?
  cat "$log"
  ! grep -q 'WARNING in native\|FATAL ERROR in native' "$log" || status=1
  return "$status"
}

step_test() {
  local folder round
  build_tests
  javadoc -quiet -Xdoclint:all -Werror -d "$work_dir/doc" src/main/java/io/milepost/*.java
  run_tests RunsTest MisuseTest WorkTest ContractTest
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/sample-XXXXXX")
  for round in 1 2; do
    run_java JourneyExecutor "$folder/store" 200 >"$folder/out"
    grep -qx 'completed=140 failed=40 exited=20' "$folder/out" || {
      echo "the sample counts something else in round $round:" >&2
      cat "$folder/out" >&2
      return 1
    }
  done
  rm -rf "$folder"
}

step_header() {
  header_facts
  build_tests
  run_tests HeaderTest
}

step_cost() {
  local folder
  build_tests
  bare_c_cost
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/cost-XXXXXX")
  run_java io.milepost.Cost "$folder/store"
  rm -rf "$folder"
}

(($#)) || set -- test header cost
for step in "$@"; do "step_$step"; done
