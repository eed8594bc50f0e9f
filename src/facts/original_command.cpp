#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_original_command(const View& view) {
  const std::string path = "/usr/local/bin/mailinabox";
  if (view.files.info(path).kind != FileKind::regular) return Value(false);
  return Value(text_or_nothing(view, path).starts_with("#!"));
}

}  // namespace

Fact original_command_fact() {
  return {"original_command", "/usr/local/bin/mailinabox is a script: the setup command of the original Mail-in-a-Box.",
          read_original_command};
}

}  // namespace mailinabox
