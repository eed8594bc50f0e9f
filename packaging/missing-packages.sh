#!/bin/sh
# Prints those of the Debian packages named that are not installed, a line each.
#
#   packaging/missing-packages.sh g++ libssl-dev:arm64
for package in "$@"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)
  [ "$state" = installed ] || printf '%s\n' "$package"
done
