#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# packages.sh BUILD: makes the Debian packages of a build folder (preset package), looks what is in
# them, unpacks them below a root of their own, and builds and runs a host in C++ and one in C from
# there, by pkg-config and by CMake. Nothing is installed.
set -euo pipefail
build=$(cd "${1:?the build folder}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'packages: %s\n' "$*" >&2
  exit 1
}

rm -rf "$build/packages"
(cd "$build" && cpack --config CPackConfig.cmake >"$work/cpack.log" 2>&1) || {
  cat "$work/cpack.log" >&2
  die "cpack failed"
}
shopt -s nullglob
packages=("$build"/packages/*.deb)
((${#packages[@]} == 4)) || die "not four packages: ${packages[*]}"

# What each says of itself.
for package in "${packages[@]}"; do
  name=$(dpkg-deb --field "$package" Package)
  depends=$(dpkg-deb --field "$package" Depends)
  files=$(dpkg-deb --contents "$package")
  printf '%s\n  depends: %s\n' "$(basename "$package")" "$depends"
  [[ $files == *"/usr/share/doc/$name/copyright"* ]] || die "$name has no copyright file"
  case $name in
    libmilepost-dev)
      wanted=(libboost1.81-dev liblmdb-dev libssl-dev libxxhash-dev
        'libmilepost0.1 (=' 'libmilepost-c1 (=')
      for part in libmilepost.a libmilepost.so libmilepost-c.so milepost/milepost.h \
        milepost/milepost.hpp pkgconfig/milepost-c.pc milepost-config.cmake libmilepost-http.a \
        milepost/http/server.hpp; do
        [[ $files == *"/$part"* ]] || die "$name lacks $part"
      done
      ;;
    milepost)
      wanted=(libc6 liblmdb0 libssl3)
      for part in bin/milepost bin/milepost-server man1/milepost.1 man1/milepost-server.1 \
        bash-completion/completions/milepost vendor-completions/_milepost \
        vendor_completions.d/milepost.fish; do
        [[ $files == *"/$part"* ]] || die "$name lacks $part"
      done
      ;;
    libmilepost*)
      wanted=(libc6 liblmdb0)
      [[ $files != */usr/include* ]] || die "$name has headers"
      dpkg-deb --info "$package" triggers | grep -q ldconfig || die "$name does not call ldconfig"
      dpkg-deb --info "$package" shlibs | grep -q "$name" || die "$name has no shlibs file"
      ;;
    *) die "an unknown package: $name" ;;
  esac
  for part in "${wanted[@]}"; do
    [[ $depends == *"$part"* ]] || die "$name does not depend on $part"
  done
  dpkg-deb --extract "$package" "$work/unpacked"
done

# Whether this Debian could install them, where it has lists of packages.
if apt-cache show liblmdb0 >/dev/null 2>&1; then
  apt-get install --simulate --no-install-recommends "${packages[@]}" >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log" >&2
    die "apt-get would not install them"
  }
else
  echo "not run: apt-get install --simulate (no lists of packages here)"
fi

# Hosts from the unpacked tree, with compilers that know nothing of the sources.
"$here/hosts.sh" "$work/unpacked"
echo "packages: made, looked into, unpacked, and used from C++ and C"
