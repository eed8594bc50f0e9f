#include "operations/hold.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string hold_file(const Box& box) { return box.state_directory + "/held"; }

}  // namespace

std::string Hold::text() const {
  if (generation == 0) return "The box is held as a rollback left it.";
  return fmt::format("The box is held as it was before generation {}, since {}.", generation, since);
}

std::optional<Hold> read_hold(const Box& box) {
  const auto file = box.system.files.read(hold_file(box));
  if (!file) return std::nullopt;
  const auto words = words_of(file->content);
  const auto generation = words.size() == 2 ? parse_number<std::int64_t>(words[0]) : std::nullopt;
  if (!generation) return Hold{};
  return Hold{.generation = *generation, .since = std::string(words[1])};
}

void hold(const Box& box, std::int64_t generation) {
  const std::string since = rfc3339(box.system.clock.now());
  box.system.files.write(hold_file(box), fmt::format("{} {}\n", generation, since), {.mode = 0600});
}

void release_hold(const Box& box) {
  if (read_hold(box)) box.system.files.remove(hold_file(box));
}

}  // namespace mailinabox
