#include "operations/tls/memory.hpp"

namespace mailinabox {
namespace {

std::string tls_memory_path(const Box& box) { return box.state_directory + "/tls.json"; }
std::string challenges_path(const Box& box) { return box.state_directory + "/tls-challenges.json"; }

std::string text_at(const Box& box, const std::string& path) {
  const auto file = box.system.files.read(path);
  return file ? file->content : "";
}

void write_state(const Box& box, const std::string& path, const std::string& text) {
  box.system.files.make_directory(box.state_directory, {.mode = 0700});
  box.system.files.write(path, text, {.mode = 0600});
}

}  // namespace

TlsMemory read_tls_memory(const Box& box) { return parse_tls_memory(text_at(box, tls_memory_path(box))); }

void change_tls_memory(const Box& box, const HeldLock& /*lock*/, const std::function<void(TlsMemory& memory)>& change) {
  const TlsMemory before = read_tls_memory(box);
  TlsMemory after = before;
  change(after);
  if (before != after) write_state(box, tls_memory_path(box), render(after));
}

std::vector<DnsChallenge> read_challenges(const Box& box) {
  return parse_challenges(text_at(box, challenges_path(box)), box.system.clock.now());
}

void keep_challenges(const Box& box, const std::vector<DnsChallenge>& challenges) {
  if (challenges.empty()) {
    box.system.files.remove(challenges_path(box));
  } else {
    write_state(box, challenges_path(box), render(challenges));
  }
}

}  // namespace mailinabox
