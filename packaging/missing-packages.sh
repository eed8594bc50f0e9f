#!/bin/sh
# Prints which of the named Debian packages are not installed, one per line.
#
#   packaging/missing-packages.sh g++ libssl-dev:arm64
for package in "$@"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)
  [ "$state" = installed ] || printf '%s\n' "$package"
done
