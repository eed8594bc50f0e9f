#include "crypto/alternative_names.hpp"

#include <arpa/inet.h>

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_dns = "DNS:";
constexpr std::string_view k_address = "IP:";

// From 4 or 16 bytes in network order; "" for another number of bytes.
std::string address_text(const std::string& bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16) || inet_ntop(family, bytes.data(), text, sizeof text) == nullptr)
    return "";
  return text;
}

// The reverse; "" for a text that is not an address.
std::string address_bytes(const std::string& text) {
  const auto address = parse_ip_address(text);
  if (!address) return "";
  return std::string(address->bytes.begin(), address->bytes.begin() + static_cast<std::ptrdiff_t>(address->size()));
}

GENERAL_NAME* general_name(const std::string& name) {
  const bool is_address = name.starts_with(k_address);
  const std::string value = is_address ? address_bytes(name.substr(k_address.size())) : name.substr(k_dns.size());
  ASN1_STRING* text = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  GENERAL_NAME* result = GENERAL_NAME_new();
  expect_openssl(
      text != nullptr && result != nullptr && ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1,
      "make the alternative name " + name);
  GENERAL_NAME_set0_value(result, is_address ? GEN_IPADD : GEN_DNS, text);
  return result;
}

}  // namespace

std::string canonical_alternative_name(const std::string& name) {
  if (name.starts_with(k_dns)) return std::string(k_dns) + lower_case(name.substr(k_dns.size()));
  const std::string address =
      name.starts_with(k_address) ? address_text(address_bytes(name.substr(k_address.size()))) : "";
  return address.empty() ? "" : std::string(k_address) + address;
}

GeneralNames general_names(const std::vector<std::string>& names) {
  GeneralNames list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    expect_openssl(list && sk_GENERAL_NAME_push(list.get(), general_name(name)) > 0, "list alternative names");
  }
  return list;
}

std::vector<std::string> texts_of(const GENERAL_NAMES* names) {
  std::vector<std::string> texts;
  for (int index = 0; names != nullptr && index < sk_GENERAL_NAME_num(names); ++index) {
    int kind = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &kind);
    if (kind != GEN_DNS && kind != GEN_IPADD) continue;
    const auto* bytes = static_cast<const ASN1_STRING*>(value);
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(bytes)),
                           static_cast<std::size_t>(ASN1_STRING_length(bytes)));
    texts.push_back(kind == GEN_DNS ? std::string(k_dns) + lower_case(text)
                                    : std::string(k_address) + address_text(text));
  }
  return texts;
}

}  // namespace mailinabox
