// Owners for the objects of libldns, and files in memory for its functions.
#pragma once

#include <ldns/ldns.h>

// Some versions define these as macros, which would break later headers.
#undef bool
#undef true
#undef false

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/free_with.hpp"

namespace mailinabox {

using LdnsKey = std::unique_ptr<ldns_key, FreeWith<ldns_key_deep_free>>;
using LdnsKeys = std::unique_ptr<ldns_key_list, FreeWith<ldns_key_list_free>>;
using LdnsMessage = std::unique_ptr<ldns_pkt, FreeWith<ldns_pkt_free>>;
using LdnsName = std::unique_ptr<ldns_rdf, FreeWith<ldns_rdf_deep_free>>;
using LdnsRecord = std::unique_ptr<ldns_rr, FreeWith<ldns_rr_free>>;
using LdnsRecords = std::unique_ptr<ldns_rr_list, FreeWith<ldns_rr_list_deep_free>>;
using LdnsZone = std::unique_ptr<ldns_zone, FreeWith<ldns_zone_deep_free>>;
using LdnsSignedZone = std::unique_ptr<ldns_dnssec_zone, FreeWith<ldns_dnssec_zone_free>>;  // not the records in it
using LdnsText = std::unique_ptr<char, FreeWith<std::free>>;
using LdnsBytes = std::unique_ptr<std::uint8_t, FreeWith<std::free>>;
using LdnsFile = std::unique_ptr<std::FILE, FreeWith<std::fclose>>;

// A file that reads from `text`, which must outlive it and not be empty.
inline LdnsFile file_of(const std::string& text) {
  LdnsFile file(fmemopen(const_cast<char*>(text.data()), text.size(), "r"));
  if (!file) throw SystemError("fmemopen", "text in memory", ENOMEM);
  return file;
}

// The text that `print` writes to its argument, a std::FILE*.
template <typename Print>
std::string printed(Print print) {
  char* data = nullptr;
  std::size_t size = 0;
  LdnsFile file(open_memstream(&data, &size));
  if (!file) throw SystemError("open_memstream", "text in memory", ENOMEM);
  print(file.get());
  file.reset();
  const LdnsText text(data);
  return std::string(text.get(), size);
}

inline std::string text_of(const ldns_rr* record) {
  const LdnsText text(ldns_rr2str(record));
  return text ? text.get() : "";
}

inline std::string words_of(ldns_status status) { return ldns_get_errorstr_by_id(status); }

// With or without the final dot; "" for the root. Throws Error if `name` is not a domain name.
inline LdnsName domain_name(const std::string& name) {
  ldns_rdf* read = nullptr;
  const ldns_status status = ldns_str2rdf_dname(&read, name.empty() ? "." : name.c_str());
  if (status != LDNS_STATUS_OK) throw Error("\"" + name + "\" is not a domain name: " + words_of(status));
  return LdnsName(read);
}

}  // namespace mailinabox
