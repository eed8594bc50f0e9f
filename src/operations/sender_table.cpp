#include "operations/sender_table.hpp"

namespace mailinabox {

SenderTable read_sender_table(const Box& box, const std::string& path) {
  const FileReader& files = box.view().files;
  const auto file = files.read(path);
  if (!file) throw Error(path + " does not exist; `sudo mailinabox setup` writes it");
  try {
    SenderTable table = parse_sender_table(file->content);
    table.database = files.real_path(table.database);
    return table;
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  }
}

}  // namespace mailinabox
