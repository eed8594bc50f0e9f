#include <algorithm>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// Rules keep a processor busy for most of a message's time, waiting for names fills the rest. Each process has 50 to
// 100 MB, and what else the box does has a gigabyte.
Value read_spam_filter_processes(const View& view) {
  constexpr std::int64_t k_fewest = 2, k_most = 20, k_megabytes_each = 100, k_megabytes_of_others = 1000;
  const std::int64_t with_memory = (usable_memory_kb(view) / 1024 - k_megabytes_of_others) / k_megabytes_each;
  return Value(std::clamp(std::min(processor_count(view) * 2 + 1, with_memory), k_fewest, k_most));
}

}  // namespace

Fact spam_filter_processes_fact() {
  return {"spam_filter_processes",
          "How many messages the spam filter looks at at once: two per processor and one, with 100 MB of the memory "
          "beyond 1 GB for each; 2 to 20.",
          read_spam_filter_processes};
}

}  // namespace mailinabox
