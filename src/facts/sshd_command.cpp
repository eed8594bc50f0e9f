#include "facts/sshd_command.hpp"

#include <array>
#include <map>
#include <string_view>

#include "facts/fact_sources.hpp"
#include "facts/quoted_words.hpp"

namespace mailinabox {
namespace {

// In systemd's order: of two files with one name the later folder's counts.
constexpr std::array<std::string_view, 4> k_unit_folders = {"/usr/lib/systemd/system", "/lib/systemd/system",
                                                            "/run/systemd/system", "/etc/systemd/system"};

// As Debian's package ssh has it; its init script does the same.
constexpr const char* k_shipped_unit = "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\nEnvironmentFile=-/etc/default/ssh\n";

using Variables = std::map<std::string, std::string, std::less<>>;

// $NAME as a word of its own is as many words as its value has, none if it is not set; ${NAME} is replaced within a
// word.
std::vector<std::string> expanded(const std::string& word, const Variables& variables) {
  if (word.starts_with('$') && !word.starts_with("${")) {
    const auto variable = variables.find(std::string_view(word).substr(1));
    return variable == variables.end() ? std::vector<std::string>() : quoted_words(variable->second);
  }
  std::string filled = word;
  for (const auto& [name, value] : variables) filled = replaced(filled, "${" + name + "}", value);
  return {filled};
}

// "" for /dev/null, too: a unit is masked by a link to it.
std::string unit_text(const View& view, const std::string& path) {
  constexpr std::string_view k_nothing = "/dev/null";
  return path == k_nothing || view.files.read_link(path) == k_nothing ? "" : text_or_nothing(view, path);
}

class SshUnit {
 public:
  explicit SshUnit(const View& view) : view_(view) {
    std::string unit = k_shipped_unit;
    std::map<std::string, std::string> drop_ins;  // name to path
    for (const std::string_view folder : k_unit_folders) {
      const std::string text = unit_text(view, std::string(folder) + "/ssh.service");
      if (text.find("ExecStart=") != std::string::npos) unit = text;
      for (const char* name : {"/ssh.service.d", "/sshd.service.d"}) {
        const std::string directory = std::string(folder) + name;
        for (const std::string& file : view.files.list(directory)) {
          if (file.ends_with(".conf")) drop_ins[file] = directory + "/" + file;
        }
      }
    }
    read(unit);
    for (const auto& [name, path] : drop_ins) read(unit_text(view, path));
  }

  std::vector<std::string> arguments() const {
    if (commands_.empty()) return {};
    const std::vector<std::string> words = quoted_words(commands_.back());
    const Variables variables = environment();
    std::vector<std::string> result;
    // "@" before the path: the next word is the name under which the program runs.
    const std::string_view prefix = std::string_view(words.front()).substr(0, words.front().find('/'));
    for (std::size_t index = prefix.find('@') == std::string_view::npos ? 1 : 2; index < words.size(); ++index) {
      for (std::string& part : expanded(words[index], variables)) result.push_back(std::move(part));
    }
    return result;
  }

 private:
  void read(const std::string& text) {
    const std::string whole_lines = replaced(text, "\\\n", " ");
    for (const std::string_view line : lines_of(whole_lines)) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view key = trim(line.substr(0, equals));
      const std::string_view value = trim(line.substr(equals + 1));
      if (key == "ExecStart") add(commands_, value);
      if (key == "Environment") add(assignments_, value);
      if (key == "EnvironmentFile") add(files_, value);
    }
  }

  // An empty value takes back what was there.
  static void add(std::vector<std::string>& values, std::string_view value) {
    value.empty() ? values.clear() : static_cast<void>(values.emplace_back(value));
  }

  // Files win over assignments in the unit, later ones over earlier ones.
  Variables environment() const {
    Variables variables;
    for (const std::string& line : assignments_) {
      for (const std::string& word : quoted_words(line)) {
        const std::size_t equals = word.find('=');
        if (equals != std::string::npos) variables[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
    for (const std::string& file : files_) {
      const std::string text = unit_text(view_, file.substr(file.front() == '-' ? 1 : 0));
      for (auto& [name, value] : environment_variables(text)) variables[name] = value;
    }
    return variables;
  }

  const View& view_;
  std::vector<std::string> commands_{};
  std::vector<std::string> assignments_{};
  std::vector<std::string> files_{};
};

}  // namespace

std::vector<std::string> sshd_arguments(const View& view) { return SshUnit(view).arguments(); }

}  // namespace mailinabox
