#include "base/netstring.hpp"

namespace mailinabox {

std::string netstring(std::string_view text) { return std::to_string(text.size()) + ":" + std::string(text) + ","; }

std::optional<std::string> read_netstring(std::istream& input, std::size_t longest) {
  std::size_t size = 0;
  int digits = 0;
  for (int letter = input.get(); letter != ':'; letter = input.get()) {
    if (letter < '0' || letter > '9' || ++digits > 7) return std::nullopt;
    size = size * 10 + static_cast<std::size_t>(letter - '0');
  }
  if (digits == 0 || size > longest) return std::nullopt;
  std::string text(size, '\0');
  if (!input.read(text.data(), static_cast<std::streamsize>(size)) || input.get() != ',') return std::nullopt;
  return text;
}

}  // namespace mailinabox
