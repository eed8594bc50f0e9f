#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_free_disk_mb(const View& view) { return Value(static_cast<std::int64_t>(view.files.free_bytes("/") >> 20)); }

}  // namespace

Fact free_disk_mb_fact() { return {"free_disk_mb", "Megabytes free on the file system of /.", read_free_disk_mb}; }

}  // namespace mailinabox
