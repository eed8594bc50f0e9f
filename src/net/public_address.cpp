#include "net/public_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace mailinabox {
namespace {

struct Network {
  std::uint32_t address;
  int bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b) { return a << 24U | b << 16U; }

constexpr auto k_inner_networks = std::to_array<Network>({
    {ipv4(0, 0), 8},
    {ipv4(10, 0), 8},
    {ipv4(100, 64), 10},
    {ipv4(127, 0), 8},
    {ipv4(169, 254), 16},
    {ipv4(172, 16), 12},
    {ipv4(192, 168), 16},
    {ipv4(224, 0), 3},  // groups, reserved and everybody
});

bool is_public_ipv4(std::uint32_t address) {
  return std::none_of(k_inner_networks.begin(), k_inner_networks.end(), [&](const Network& network) {
    return address >> (32 - network.bits) == network.address >> (32 - network.bits);
  });
}

// 2000::/3 is all that is given out (within it, 6to4 has an IPv4 address inside); others only stand for IPv4 addresses.
bool is_public_ipv6(const std::array<std::uint8_t, 16>& bytes) {
  const auto inner = [&](std::size_t at) {
    return std::uint32_t{bytes[at]} << 24U | std::uint32_t{bytes[at + 1]} << 16U | std::uint32_t{bytes[at + 2]} << 8U |
           std::uint32_t{bytes[at + 3]};
  };
  if ((bytes[0] & 0xe0U) == 0x20U) return bytes[0] != 0x20 || bytes[1] != 0x02 || is_public_ipv4(inner(2));
  constexpr std::array<std::uint8_t, 12> k_mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> k_nat64 = {0, 0x64, 0xff, 0x9b};  // RFC 6052
  const auto begins_with = [&](const auto& prefix) { return std::equal(prefix.begin(), prefix.end(), bytes.begin()); };
  return (begins_with(k_mapped) || begins_with(k_nat64)) && is_public_ipv4(inner(12));
}

}  // namespace

bool is_public_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in known{};
    std::memcpy(&known, address, sizeof known);
    return is_public_ipv4(ntohl(known.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return false;
  sockaddr_in6 known{};
  std::memcpy(&known, address, sizeof known);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &known.sin6_addr, bytes.size());
  return is_public_ipv6(bytes);
}

}  // namespace mailinabox
