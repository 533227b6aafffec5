#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How ./dev installs the Debian packages that a command needs: what is missing and nothing else,
# without starting services and without taking anything away. Sourced by ./dev, whose words for
# steps and failures it uses.

as_root=()
policy_file=/usr/sbin/policy-rc.d
policy_state=untouched

is_debian_12() {
  [[ -r /etc/os-release ]] && (
    # shellcheck disable=SC1091
    . /etc/os-release
    [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]]
  )
}

# installed_of PACKAGE...: those of the given packages that are installed, one a line.
installed_of() {
  dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
    awk '$2 == "installed" { print $1 }' || true
}

# Package scripts ask policy-rc.d whether they may start a service: not while we install.
forbid_services() {
  if [[ -e $policy_file ]]; then
    policy_state=saved
    "${as_root[@]}" mv "$policy_file" "$policy_file.milepost-saved"
  else
    policy_state=made
  fi
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy_file" >/dev/null
  "${as_root[@]}" chmod 755 "$policy_file"
}

restore_policy() {
  case $policy_state in
    made) "${as_root[@]}" rm -f "$policy_file" ;;
    saved) "${as_root[@]}" mv "$policy_file.milepost-saved" "$policy_file" ;;
  esac
  policy_state=untouched
}

# --no-remove: apt-get would rather fail than take a package away from the user.
apt_install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-remove \
    --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

apt_update() {
  step "updating the package lists (apt-get update)"
  quietly apt-update "${as_root[@]}" apt-get update -o DPkg::Lock::Timeout=300
}

# Lists that lack a package are updated first, and lists that prove stale are updated after.
install_packages() {
  local updated=0 package
  for package in "$@"; do
    apt-cache show "$package" >/dev/null 2>&1 && continue
    apt_update
    updated=1
    break
  done
  step "installing $# Debian packages: $*"
  if ((updated)); then
    quietly apt-install apt_install "$@"
  elif ! quietly apt-install apt_install "$@" 2>/dev/null; then
    apt_update
    step "installing $# Debian packages: $*"
    quietly apt-install apt_install "$@"
  fi
}

# need PACKAGE...: makes sure that these are installed.
need() {
  [[ ${MILEPOST_NO_INSTALL:-0} != 1 ]] || return 0
  if ! is_debian_12; then
    printf 'dev: not Debian 12, so nothing is installed; needed are the equivalents of:\n  %s\n' \
      "$*" >&2
    return 0
  fi
  local present missing=() package
  present=$(installed_of "$@")
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$present" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  if [[ " ${missing[*]} " == *" libboost1.81-dev "* && -n $(installed_of libboost1.74-dev) ]]; then
    fail "libboost1.74-dev is installed. It conflicts with libboost1.81-dev, which Milepost needs" \
      "(1.74 has no boost/system/result.hpp), and is not removed behind your back." \
      "Remove it, then run this again:  apt-get remove libboost1.74-dev"
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these Debian packages are missing: ${missing[*]}" \
        "Installing needs root, and there is no sudo. As root, run:" \
        "  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  local with_service=()
  for package in "${missing[@]}"; do
    [[ -z ${services[$package]:-} ]] || with_service+=("$package")
  done
  ((${#with_service[@]} == 0)) || forbid_services
  install_packages "${missing[@]}"
  restore_policy
  for package in "${with_service[@]}"; do
    printf '    %s is neither started now nor at boot\n' "${services[$package]}"
    ! command -v systemctl >/dev/null ||
      quietly "disable-$package" "${as_root[@]}" systemctl disable "${services[$package]}"
  done
}

# has TOOL: a command, or a file where TOOL is a path.
has() {
  [[ -e $1 ]] || command -v "$1" >/dev/null
}

# want TOOL:PACKAGE...: installs the packages of tools that are not there, and goes on without those
# that cannot be had.
want() {
  local pair missing=()
  for pair in "$@"; do
    has "${pair%%:*}" || missing+=("${pair#*:}")
  done
  ((${#missing[@]})) || return 0
  (need "${missing[@]}") || true
  for pair in "$@"; do
    # One that does not exist keeps the others from being installed with it.
    has "${pair%%:*}" || (need "${pair#*:}") || true
    has "${pair%%:*}" ||
      printf 'dev: %s could not be installed: what needs it is not tested\n' "${pair#*:}" >&2
  done
}
