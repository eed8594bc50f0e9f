# What the program is made of besides its own sources, for `mailinabox --version --verbose` and as a CycloneDX 1.4 list.
# A fault found in one of the libraries inside the portable program means a new release of the program; this list says
# which releases have it.
#
# Sets LIBRARIES_SOURCE (the list as C++) and LIBRARIES_LIST (as JSON).

set(linked shared)
if(PORTABLE)
  set(linked static)
endif()
set(LIBRARIES_ROWS "")
set(LIBRARIES_JSON "")

# library(NAME LINKAGE DEBIAN_PACKAGE LICENCE): LINKAGE is static, shared or header. The version is Debian's, with its
# revision, as that tells which security patches are in it; a version as the fifth argument counts instead.
function(library name linkage package licence)
  set(version "${ARGN}")
  set(source ${name})
  execute_process(COMMAND dpkg-query -W -f "\${source:Package} \${source:Version}" ${package}
    OUTPUT_VARIABLE found ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    string(REPLACE " " ";" found "${found}")
    list(GET found 0 source)
    if(NOT version)
      list(GET found 1 version)
    endif()
  endif()
  if(NOT version)
    set(version unknown) # not built on Debian
  endif()
  string(APPEND LIBRARIES_ROWS "      {\"${name}\", \"${version}\", \"${linkage}\", \"${licence}\"},\n")
  if(LIBRARIES_JSON)
    string(APPEND LIBRARIES_JSON ",\n")
  endif()
  string(REPLACE "+" "%2B" in_address "${version}")
  string(REPLACE ":" "%3A" in_address "${in_address}")
  string(APPEND LIBRARIES_JSON "    {\"type\": \"library\", \"name\": \"${name}\", \"version\": \"${version}\", \"licenses\": "
    "[{\"expression\": \"${licence}\"}], \"purl\": \"pkg:deb/debian/${source}@${in_address}?arch=source\", \"properties\": "
    "[{\"name\": \"mailinabox:linkage\", \"value\": \"${linkage}\"}]}")
  set(LIBRARIES_ROWS "${LIBRARIES_ROWS}" PARENT_SCOPE)
  set(LIBRARIES_JSON "${LIBRARIES_JSON}" PARENT_SCOPE)
endfunction()

set(curl_version "")
if(PORTABLE)
  file(STRINGS "${CURL_STATIC_PREFIX}/curl-version" curl_version)
endif()
string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
set(standard_library libstdc++-${compiler_major}-dev)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(standard_library libstdc++6)
endif()

library(cli11 header libcli11-dev BSD-3-Clause)
library(curl ${linked} libcurl4-openssl-dev curl ${curl_version})
if(PORTABLE)
  library(fmt header libfmt-dev MIT)
else()
  library(fmt shared libfmt-dev MIT)
endif()
library(glibc ${linked} libc6-dev LGPL-2.1-or-later)
library(libidn2 ${linked} libidn2-dev "LGPL-3.0-or-later OR GPL-2.0-or-later")
if(LDNS_LIBRARY)
  library(libldns ${linked} libldns-dev BSD-3-Clause)
endif()
library(libstdc++ ${linked} ${standard_library} "GPL-3.0-or-later WITH GCC-exception-3.1")
if(PORTABLE)
  library(libunistring ${linked} libunistring-dev "LGPL-3.0-or-later OR GPL-2.0-or-later")
endif()
library(libxcrypt ${linked} libcrypt-dev LGPL-2.1-or-later)
library(mustache header libkainjow-mustache-dev BSL-1.0)
library(nlohmann-json header nlohmann-json3-dev MIT)
library(openssl ${linked} libssl-dev Apache-2.0)
library(sqlite ${linked} libsqlite3-dev blessing)
library(yaml-cpp ${linked} libyaml-cpp-dev MIT)
if(PORTABLE) # what the others stand on
  library(zlib ${linked} zlib1g-dev Zlib)
endif()

set(LIBRARIES_SOURCE ${CMAKE_BINARY_DIR}/libraries.cpp)
set(LIBRARIES_LIST ${CMAKE_BINARY_DIR}/libraries.cdx.json)
configure_file(packaging/libraries.cpp.in ${LIBRARIES_SOURCE} @ONLY)
configure_file(packaging/libraries.cdx.json.in ${LIBRARIES_LIST} @ONLY)
