#include "base/plain_json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mailinabox {
namespace {

// Eight bytes at a time: the high bit of each is set in `others` if it is below a blank, above the last letter of
// ASCII, a quote or a backslash. Long lists spend their time here.
bool eight_plain(const char* text) {
  constexpr std::uint64_t k_ones = 0x0101010101010101;
  constexpr std::uint64_t k_high = 0x80 * k_ones;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  const auto zero_in = [](std::uint64_t eight) { return (eight - k_ones) & ~eight; };
  const std::uint64_t others = ((bytes - 0x20 * k_ones) & ~bytes) | (bytes + k_ones) | bytes |
                               zero_in(bytes ^ ('"' * k_ones)) | zero_in(bytes ^ ('\\' * k_ones));
  return (others & k_high) == 0;
}

}  // namespace

bool is_plain_in_json(std::string_view text) {
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    if (!eight_plain(text.data())) return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

}  // namespace mailinabox
