#include "os/open_files.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

// Processes end while they are looked at, and some are not ours to look at.
template <typename Look>
auto if_it_may_be_seen(Look look) -> decltype(look()) {
  try {
    return look();
  } catch (const SystemError&) {
    return {};
  }
}

std::string text_of(const FileReader& files, const std::string& path) {
  const auto file = if_it_may_be_seen([&] { return files.read(path); });
  return file ? file->content : std::string();
}

}  // namespace

std::vector<OpenFile> open_files_of(const FileReader& files, const std::string& process,
                                    const std::function<bool(std::string_view)>& wanted) {
  std::vector<OpenFile> found;
  const std::string folder = "/proc/" + process + "/fd";
  for (const std::string& descriptor : if_it_may_be_seen([&] { return files.list(folder); })) {
    const auto target = if_it_may_be_seen([&] { return files.read_link(folder + "/" + descriptor); });
    if (target && wanted(*target)) found.push_back({process, descriptor, *target});
  }
  return found;
}

std::vector<OpenFile> open_files(const FileReader& files, const std::function<bool(std::string_view)>& wanted) {
  std::vector<OpenFile> found;
  for (const std::string& process : files.list("/proc")) {
    if (!is_process_id(process)) continue;
    for (OpenFile& open : open_files_of(files, process, wanted)) found.push_back(std::move(open));
  }
  return found;
}

bool holds_flock(const FileReader& files, const OpenFile& open) {
  const std::string text = text_of(files, "/proc/" + open.process + "/fdinfo/" + open.descriptor);
  const auto lines = lines_of(text);
  return std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
    return line.starts_with("lock:") && line.find(" FLOCK ") != std::string_view::npos;
  });
}

std::vector<std::string> arguments_of(const FileReader& files, const std::string& process) {
  const std::string text = text_of(files, "/proc/" + process + "/cmdline");
  std::vector<std::string> arguments;
  for (const std::string_view argument : split(text, '\0')) arguments.emplace_back(argument);
  return arguments;
}

std::string process_name(const FileReader& files, const std::string& process) {
  return std::string(trim(text_of(files, "/proc/" + process + "/comm")));
}

bool belongs_to_user(const FileReader& files, const std::string& process, unsigned uid) {
  const std::string text = text_of(files, "/proc/" + process + "/status");
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);  // real, effective, saved, of the file system
    if (words.size() != 5 || words[0] != "Uid:") continue;
    return std::all_of(words.begin() + 1, words.end(),
                       [&](std::string_view word) { return parse_number<unsigned>(word) == uid; });
  }
  return false;
}

}  // namespace mailinabox
