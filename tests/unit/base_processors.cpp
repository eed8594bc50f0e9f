#include <atomic>
#include <stdexcept>

#include "base/processors.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

TEST_CASE("work for all processors is done once each, whatever its pieces throw", "[base]") {
  std::atomic<int> done{0};
  std::vector<std::function<void()>> work(1000, [&] {
    if (++done % 3 == 0) throw std::runtime_error("not heard");
  });
  run_on_all_processors(work);
  CHECK(done == 1000);
  run_on_all_processors({});
}
