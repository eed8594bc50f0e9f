// A JSON text of any bytes: read, or refused with an Error; and what is read is written in UTF-8 and read again as the
// same. Nothing that is right, and within the limits, is refused.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"

using namespace mailinabox;

namespace {

constexpr std::size_t k_deepest = 100;     // what base/json.hpp says
constexpr std::size_t k_most_members = 3;  // fewer than there, so that small inputs have more

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Counts levels and members as a parser meets them, without a tree.
struct Extent : nlohmann::json_sax<Json> {
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool key(string_t& /*value*/) override {
    most_members = std::max(most_members, ++members_.back());
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return enter(); }
  bool start_array(std::size_t /*size*/) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

  std::size_t deepest = 0;
  std::size_t most_members = 0;

 private:
  bool enter() {
    members_.push_back(0);
    deepest = std::max(deepest, members_.size());
    return true;
  }
  bool leave() {
    members_.pop_back();
    return true;
  }
  std::vector<std::size_t> members_{};
};

bool within_limits(const Extent& extent) {
  return extent.deepest <= k_deepest && extent.most_members <= k_most_members;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Extent extent;
  const bool right =
      text.find('\0') == std::string::npos && Json::sax_parse(text, &extent);  // it takes a NUL for the end
  try {
    const Json json = parse_json(text, "The text", k_most_members);
    require(right && within_limits(extent));
    for (const int indent : {-1, 2}) {
      const std::string written = json_text(json, indent);
      require(valid_utf8(written));
      const Json again = parse_json(written, "What was written", k_most_members);
      require(again == json && json_text(again, indent) == written);
    }
  } catch (const Error& error) {
    require(!right || !within_limits(extent));
    require(valid_utf8(error.what()));
  }
  return 0;
}
