#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_original_dovecot_owner(const View& view) {
  const FileInfo folder = view.files.info("/etc/dovecot");
  return Value(folder.kind == FileKind::directory && folder.uid != 0);
}

}  // namespace

Fact original_dovecot_owner_fact() {
  return {"original_dovecot_owner", "/etc/dovecot does not belong to root, as the original Mail-in-a-Box leaves it.",
          read_original_dovecot_owner};
}

}  // namespace mailinabox
