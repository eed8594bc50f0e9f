#!/bin/bash
# Builds the static libcurl of the portable program from Debian's source package, with Debian's security patches, for
# HTTP, HTTPS and file only. Debian's own libcurl.a needs Kerberos, LDAP and others, some of which Debian does not have as
# static libraries.
#
#   packaging/static-curl.sh PREFIX     PREFIX gets lib/, include/ and curl-version (the Debian version)
#
# Does nothing if PREFIX is up to date. Needs dpkg-dev, cmake, ninja-build, libssl-dev, zlib1g-dev, and apt sources for
# Debian, which may name binary packages only; they are not changed.
set -euo pipefail

prefix=${1:?usage: packaging/static-curl.sh PREFIX}
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
work=$prefix/work

say() { printf 'static-curl: %s\n' "$*" >&2; }

# The version of the installed package, as for the other static libraries.
wanted=$(dpkg-query -W -f '${Version}' libcurl4-openssl-dev 2>/dev/null || true)
if [[ -n $wanted && -f $prefix/curl-version && $(<"$prefix/curl-version") == "$wanted" ]]; then exit 0; fi

# source_lists DIRECTORY: writes the machine's apt sources of Debian 12 there, for source packages.
source_lists() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [[ ! -f $file ]]; then continue; fi
    sed -nE 's/^[[:blank:]]*deb[[:blank:]]+(.*[[:blank:]]bookworm(-updates|-security)?[[:blank:]]+.*)$/deb-src \1/p' "$file"
  done >"$1/debian.list"
  for file in /etc/apt/sources.list.d/*.sources; do
    if [[ ! -f $file ]]; then continue; fi
    # Comment lines neither end nor join stanzas.
    grep -v '^#' "$file" | awk 'BEGIN { RS = ""; ORS = "\n\n" }
      /(^|\n)Suites:[^\n]*[ \t]bookworm(-updates|-security)?([ \t\n]|$)/ { sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); print }' |
      sed '/./,$!d' >"$1/$(basename "$file")"
  done
}

rm -rf "$work"
mkdir -p "$work"/{sources,lists/partial,cache/archives/partial,source,build}
source_lists "$work/sources"
apt=(apt-get -q -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::State::Lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
say "asking Debian for the source of curl ${wanted:-(the newest)}"
"${apt[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
cd "$work/source"
if [[ -z $wanted ]] || ! "${apt[@]}" source --download-only "curl=$wanted" >>"$work/log" 2>&1; then
  [[ -z $wanted ]] || say "Debian no longer has curl $wanted; using the newest"
  "${apt[@]}" source --download-only curl >>"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
fi
version=$(sed -n 's/^Version: //p' curl_*.dsc | head -n 1)
say "building curl $version"
dpkg-source --no-check -x curl_*.dsc tree >>"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }

disabled=()
for protocol in DICT FTP GOPHER IMAP LDAP LDAPS MQTT POP3 RTSP SMB SMTP TELNET TFTP; do
  disabled+=("-DCURL_DISABLE_$protocol=ON")
done
{
  cmake -G Ninja -S tree -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    "-DCMAKE_C_FLAGS=-ffile-prefix-map=$work=. -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2" \
    -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF -DPICKY_COMPILER=OFF \
    -DCURL_USE_OPENSSL=ON -DOPENSSL_USE_STATIC_LIBS=ON -DCURL_ZLIB=ON -DZLIB_LIBRARY="$("${CC:-gcc}" -print-file-name=libz.a)" -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
    -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_USE_GSSAPI=OFF -DUSE_LIBIDN2=OFF -DUSE_NGHTTP2=OFF \
    -DUSE_LIBRTMP=OFF -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=none "${disabled[@]}"
  ninja -C "$work/build" install
} >>"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
cd "$prefix"
rm -rf "$work"
printf '%s\n' "$version" >curl-version
