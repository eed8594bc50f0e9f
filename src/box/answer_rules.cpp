#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ip_address.hpp"
#include "box/answers.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

// The address as a number; nothing if it is not a dotted quad.
std::optional<std::uint32_t> ipv4_number(const std::string& address) {
  in_addr parsed = {};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

}  // namespace

std::string problem_with_host_name(const std::string& name) {
  const std::string expected =
      " A full host name has letters, digits, hyphens and at least one dot, such as box.example.com.";
  if (name.empty()) return "The host name is missing." + expected;
  if (is_ip_address(name)) {
    return name + " is an address, not a host name." + expected;
  }
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos || !valid_domain(name)) {
    return name + " is not a host name that mail servers accept." + expected;
  }
  // What the kernel keeps as the machine's name, and what a certificate can have as its common name.
  constexpr std::size_t k_longest = 64;
  if (name.size() > k_longest) {
    return name + " has " + std::to_string(name.size()) + " characters. A machine's name has " +
           std::to_string(k_longest) + " at most." + expected;
  }
  return {};
}

std::string problem_with_ipv4(const std::string& address) {
  if (const auto number = ipv4_number(address)) {
    constexpr std::uint32_t k_first_multicast = 0xe0000000;
    if (*number >> 24 != 0 && *number < k_first_multicast) return {};
    return address + " is not the address of one machine. Expected one such as 192.0.2.10.";
  }
  return (address.empty() ? "The IPv4 address is missing." : address + " is not an IPv4 address.") +
         std::string(" Expected four numbers from 0 to 255 with dots, such as 192.0.2.10.");
}

std::string problem_with_ipv6(const std::string& address) {
  in6_addr parsed = {};
  const std::string number = address.substr(0, address.find('%'));
  if (address.empty()) return {};
  if (inet_pton(AF_INET6, number.c_str(), &parsed) == 1) {
    if (!IN6_IS_ADDR_UNSPECIFIED(&parsed) && !IN6_IS_ADDR_MULTICAST(&parsed)) return {};
    return address + " is not the address of one machine. Expected one such as 2001:db8::10, or nothing.";
  }
  return address + " is not an IPv6 address. Expected one such as 2001:db8::10, or nothing if there is none.";
}

std::string problem_with_email(const std::string& address, const std::string& primary_hostname) {
  if (valid_address(address, AddressMode::user, primary_hostname)) return {};
  return (address.empty() ? "The e-mail address is missing." : address + " cannot be a mail account.") +
         std::string(
             " Expected the letters a-z, digits, and _ - . before the @, and a domain of yours after it, such as "
             "me@example.com.");
}

std::string problem_with_storage_root(const std::string& path) {
  static constexpr std::array<std::string_view, 15> k_system = {"/bin",   "/boot",  "/dev",    "/etc",        "/lib",
                                                                "/lib32", "/lib64", "/libx32", "/lost+found", "/proc",
                                                                "/run",   "/sbin",  "/sys",    "/tmp",        "/usr"};
  const std::string expected = " Expected a directory for all mail and settings, such as /home/user-data.";
  if (path.empty() || path.front() != '/') return "STORAGE_ROOT must be an absolute path." + expected;
  if (path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-") !=
      std::string::npos) {
    return "STORAGE_ROOT may only have letters, digits and / . _ + -, no blanks." + expected;
  }
  if (path.size() < 2 || path.back() == '/' || path.find("//") != std::string::npos ||
      (path + "/").find("/../") != std::string::npos || (path + "/").find("/./") != std::string::npos) {
    return "STORAGE_ROOT " + path + " must not be /, end in / or contain //, . or .. as a part." + expected;
  }
  constexpr std::size_t k_longest = 255;  // below it stand the names of domains, accounts, folders and messages
  if (path.size() > k_longest) {
    return "STORAGE_ROOT has " + std::to_string(path.size()) + " characters; " + std::to_string(k_longest) +
           " are allowed." + expected;
  }
  for (const std::string_view system : k_system) {
    if (path == system || path.starts_with(std::string(system) + "/")) {
      return "STORAGE_ROOT " + path + " is in " + std::string(system) + ", which belongs to the system." + expected;
    }
  }
  return {};
}

std::string problem_with_storage_user(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 32 && (is_letter(name.front()) || name.front() == '_') &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos &&
                    name != "root";
  if (good) return {};
  return "STORAGE_USER " + name +
         " cannot be an account's name. Expected a short word of a-z, 0-9, - and _ that begins with a letter, and not "
         "root; the usual one is user-data.";
}

std::string problem_with_mta_sts_mode(const std::string& mode) {
  if (mode == "enforce" || mode == "testing" || mode == "none") return {};
  return "MTA_STS_MODE is " + mode + "; expected enforce, testing or none.";
}

std::string problem_with_authority(const std::string& key, const std::string& value) {
  const bool blank = value.find_first_of(" \t\r\n") != std::string::npos;
  if (key == "ACME_DIRECTORY") {
    const bool url = value.starts_with("https://") && value.size() > sizeof("https://") && !blank;
    if (url || value == "staging" || value == "none") return {};
    return "\"" + value +
           "\" is not a certificate authority. Expected the https:// address of its ACME directory, staging (Let's "
           "Encrypt's for trials), none, or nothing for Let's Encrypt.";
  }
  if (key == "ACME_EMAIL")
    return valid_address(value, AddressMode::full, domain_part(value)) ? ""
                                                                       : "\"" + value + "\" is not an e-mail address.";
  if (key == "ACME_EAB_KID")
    return blank ? "\"" + value + "\" has a blank; expected the identifier that the authority gave you." : "";
  const bool path = value.starts_with('/') && !blank;
  return path ? "" : "\"" + value + "\" is not the absolute path of a file.";
}

bool public_ipv4(const std::string& address) {
  struct Range {
    std::uint32_t first;
    int bits;
  };
  // IANA's special-purpose registry, the ranges that a machine can have: 0/8 10/8 100.64/10 127/8 169.254/16 172.16/12
  // 192.168/16, multicast and above. Without documentation ranges, which test networks use as public ones.
  static constexpr std::array<Range, 8> k_ranges = {{{0x00000000, 8},
                                                     {0x0a000000, 8},
                                                     {0x64400000, 10},
                                                     {0x7f000000, 8},
                                                     {0xa9fe0000, 16},
                                                     {0xac100000, 12},
                                                     {0xc0a80000, 16},
                                                     {0xe0000000, 3}}};
  const std::optional<std::uint32_t> number = ipv4_number(address);
  return number && std::none_of(k_ranges.begin(), k_ranges.end(), [&](const Range& range) {
           return *number >> (32 - range.bits) == range.first >> (32 - range.bits);
         });
}

bool public_ipv6(const std::string& address) {
  in6_addr parsed = {};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1 && (parsed.s6_addr[0] & 0xe0) == 0x20;  // 2000::/3
}

}  // namespace mailinabox
