#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_room_for_swap(const View& view) {
  constexpr std::uint64_t k_needed = std::uint64_t{5} << 30;
  return Value(view.files.free_bytes("/") > k_needed);
}

}  // namespace

Fact room_for_swap_fact() {
  return {"room_for_swap", "More than 5 GB are free on /: a swap file fits.", read_room_for_swap};
}

}  // namespace mailinabox
