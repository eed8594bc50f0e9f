#include "base/processors.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace mailinabox {

void run_on_all_processors(const std::vector<std::function<void()>>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t index = next++; index < work.size(); index = next++) {
      try {
        work[index]();
      } catch (const std::exception&) {
        // See the header.
      }
    }
  };
  const std::size_t wanted = std::min<std::size_t>(std::thread::hardware_concurrency(), work.size());
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < wanted) others.emplace_back(take);
  } catch (const std::exception&) {
    // Not enough memory for another thread: the existing ones do all the work.
  }
  take();
  for (std::thread& other : others) other.join();
}

}  // namespace mailinabox
