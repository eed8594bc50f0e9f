#include <algorithm>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// Rules keep a processor busy for most of a message's time, waiting for names fills the rest. Each process has 50 MB.
Value read_spam_filter_processes(const View& view) {
  constexpr std::int64_t k_most = 20;
  if (has_low_memory(view)) return Value(std::int64_t{2});
  return Value(std::min<std::int64_t>(processor_count(view) * 2 + 1, k_most));
}

}  // namespace

Fact spam_filter_processes_fact() {
  return {"spam_filter_processes",
          "How many messages the spam filter looks at at once: two per processor and one, up to 20; 2 with low_memory.",
          read_spam_filter_processes};
}

}  // namespace mailinabox
