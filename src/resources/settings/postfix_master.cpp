// Postfix master.cf, master(5): services of eight columns and arguments; a line that begins with a blank continues the
// one before it, also across comments. Compared by meaning, written in the layout of Postfix's own file:
//
//   submission inet  n       -       y       -       -       smtpd
//     -o syslog_name=postfix/submission
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "resources/settings/editor.hpp"
#include "resources/settings/lines.hpp"

namespace mailinabox {

namespace {

constexpr std::array<std::string_view, 5> k_columns = {"private", "unprivileged", "chroot", "wakeup", "process_limit"};

struct MasterService {
  std::string name{};  // "smtp/inet"
  std::array<std::string, 5> columns{"-", "-", "-", "-", "-"};
  std::string command{};  // with its arguments except -o
  std::map<std::string, std::string> options{};
  bool repeats_option = false;
  std::vector<std::size_t> lines{};

  std::string text() const {
    std::string result = joined(columns, " ") + " " + command;
    for (const auto& [option, value] : options) result += " " + option_text(option, value);
    return result;
  }

  static std::string option_text(const std::string& option, const std::string& value) {
    if (value.find_first_of(" \t") == std::string::npos) return "-o " + option + "=" + value;
    return "-o { " + option + " = " + value + " }";
  }

  std::vector<std::string> rendered() const {
    const std::size_t slash = name.rfind('/');
    std::vector<std::string> result{fmt::format("{:<9} {:<5} {:<7} {:<7} {:<7} {:<7} {:<7} {}", name.substr(0, slash),
                                                name.substr(slash + 1), columns[0], columns[1], columns[2], columns[3],
                                                columns[4], command)};
    for (const auto& [option, value] : options) result.push_back("  " + option_text(option, value));
    return result;
  }
};

// Words at blanks; one that begins with a brace ends with the brace that closes it.
std::vector<std::string> words_with_braces(const std::string& text) {
  std::vector<std::string> result;
  std::string open;
  int depth = 0;
  for (const std::string_view word : words_of(text)) {
    if (depth == 0 && !word.starts_with('{')) {
      result.emplace_back(word);
      continue;
    }
    if (!open.empty()) open += ' ';
    open += word;
    depth += static_cast<int>(std::count(word.begin(), word.end(), '{') - std::count(word.begin(), word.end(), '}'));
    if (depth <= 0) {
      result.push_back(std::move(open));
      open.clear();
      depth = 0;
    }
  }
  if (!open.empty()) result.push_back(std::move(open));
  return result;
}

// "name=value" and "{ name = value }".
void add_option(MasterService& service, std::string text) {
  if (text.starts_with('{')) text = text.substr(1, text.size() - (text.ends_with('}') ? 2 : 1));
  const std::size_t equals = text.find('=');
  const std::string option(trim(text.substr(0, equals)));
  const std::string value(equals == std::string::npos ? "" : trim(text.substr(equals + 1)));
  service.repeats_option = service.repeats_option || service.options.contains(option);
  service.options[option] = value;
}

// The command with its arguments; options among them go into the service's options.
void take_command(MasterService& service, const std::vector<std::string>& words, std::size_t first) {
  service.command.clear();
  for (std::size_t index = first; index < words.size(); ++index) {
    if (words[index] == "-o" && index + 1 < words.size()) {
      add_option(service, words[++index]);
    } else if (words[index].starts_with("-o") && words[index].find('=') != std::string::npos) {
      add_option(service, words[index].substr(2));
    } else {
      service.command += (service.command.empty() ? "" : " ") + words[index];
    }
  }
}

MasterService parse_service(const Lines& lines, const std::vector<std::size_t>& on, const std::string& text) {
  const auto words = words_with_braces(text);
  if (words.size() < 8) {
    lines.fail(on.front(), fmt::format("expected a service of eight columns (name type private unprivileged chroot "
                                       "wakeup processes command), found {}",
                                       words.size()));
  }
  MasterService service;
  service.name = words[0] + "/" + words[1];
  std::copy_n(words.begin() + 2, service.columns.size(), service.columns.begin());
  take_command(service, words, 7);
  service.lines = on;
  return service;
}

std::vector<MasterService> parse_services(const Lines& lines) {
  std::vector<MasterService> result;
  std::vector<std::size_t> on;
  std::string text;
  const auto finish = [&] {
    if (!on.empty()) result.push_back(parse_service(lines, on, text));
    on.clear();
    text.clear();
  };
  for (std::size_t index = 0; index < lines.size(); ++index) {
    if (is_blank_or_comment(lines[index])) continue;
    if (!is_space_or_tab(lines[index].front())) finish();
    if (on.empty() && is_space_or_tab(lines[index].front())) {
      lines.fail(index, "a continuation line without a line before it; remove its indentation");
    }
    on.push_back(index);
    text += " " + lines[index];
  }
  finish();
  return result;
}

// A line such as "#submission inet n …" is the service's template; lines such as "#  -o …" after it belong to it.
std::optional<std::size_t> after_template(const Lines& lines, const std::string& name) {
  for (std::size_t index = 0; index < lines.size(); ++index) {
    if (!lines[index].starts_with('#')) continue;
    const auto words = words_of(std::string_view(lines[index]).substr(1));
    if (words.size() < 8 || joined(std::vector(words.begin(), words.begin() + 2), "/") != name) continue;
    ++index;
    while (index < lines.size() && lines[index].size() > 2 && lines[index][0] == '#' &&
           is_space_or_tab(lines[index][1]) && is_space_or_tab(lines[index][2])) {
      ++index;
    }
    return index;
  }
  return std::nullopt;
}

// The first place from `index` on that is not between a service and its continuation.
std::size_t free_place(const Lines& lines, std::size_t index) {
  for (std::size_t next = index; next < lines.size(); ++next) {
    if (is_blank_or_comment(lines[next])) continue;
    if (!is_space_or_tab(lines[next].front())) break;
    index = next + 1;
  }
  return index;
}

// The wanted service: the present one with the recipe's changes.
MasterService wanted_service(const std::string& file, const std::string& name, const ValueMap& wanted,
                             const MasterService* present) {
  MasterService service;
  if (present != nullptr) service = *present;
  service.name = name;
  for (std::size_t column = 0; column < k_columns.size(); ++column) {
    if (const auto found = wanted.find(k_columns[column]); found != wanted.end()) {
      service.columns[column] = trim(found->second.text());
    }
  }
  if (const auto found = wanted.find("options"); found != wanted.end()) {
    service.options.clear();
    service.repeats_option = false;
    for (const auto& [option, value] : found->second.as_map()) service.options[option] = fold_blanks(value.text());
  }
  if (const auto found = wanted.find("command"); found != wanted.end()) {
    take_command(service, words_with_braces(found->second.text()), 0);
  }
  if (service.command.empty()) {
    throw Error(fmt::format("{}: there is no service {} yet, so the recipe must give its `command`", file, name));
  }
  return service;
}

std::string texts_of(const std::vector<const MasterService*>& services) {
  std::vector<std::string> texts;
  for (const MasterService* service : services) texts.push_back(service->text());
  return joined(texts, ", then ");
}

std::vector<const MasterService*> named(const std::vector<MasterService>& services, const std::string& name) {
  std::vector<const MasterService*> result;
  for (const MasterService& service : services) {
    if (service.name == name) result.push_back(&service);
  }
  return result;
}

EditedText edit_master(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  Lines lines(file, text);
  const auto services = parse_services(lines);
  EditedText result;
  for (const auto& [name, settings] : wanted.values) {
    const auto present = named(services, name);
    const MasterService* last = present.empty() ? nullptr : present.back();
    const MasterService service = wanted_service(file, name, settings.as_map(), last);
    if (present.size() == 1 && last->text() == service.text() && last->repeats_option == service.repeats_option) {
      continue;
    }
    for (const MasterService* one : present) {
      for (const std::size_t line : one->lines) lines.remove(line);
    }
    if (last != nullptr) {
      lines.replace(last->lines.front(), service.rendered());
    } else {
      const std::size_t place = free_place(lines, after_template(lines, name).value_or(lines.size()));
      for (std::string& line : service.rendered()) lines.insert_before(place, std::move(line));
    }
    result.changes.push_back({name, texts_of(present), service.text()});
  }
  for (const std::string& name : wanted.unset) {
    const auto present = named(services, name);
    if (present.empty()) continue;
    for (const MasterService* one : present) {
      for (const std::size_t line : one->lines) lines.remove(line);
    }
    result.changes.push_back({name, texts_of(present), ""});
  }
  result.text = lines.text();
  return result;
}

std::optional<std::string> refuse_service(const std::string& name, const ValueMap& settings) {
  for (const auto& [column, value] : settings) {
    if (column == "options") {
      if (!value.is_map()) return name + ": options must be a mapping of parameters to values";
      for (const auto& [option, text] : value.as_map()) {
        if (option.empty() || option.find_first_of(" \t\r\n={}") != std::string::npos || text.is_map() ||
            text.is_list()) {
          return name + ": \"" + option + "\" must be a parameter with a text";
        }
        const std::string written = text.text();
        if (std::count(written.begin(), written.end(), '{') != std::count(written.begin(), written.end(), '}')) {
          return name + ": the braces in the value of " + option + " do not match";
        }
      }
      continue;
    }
    if (value.is_map() || value.is_list()) return name + ": " + column + " must be a text";
    const bool is_column = contains(k_columns, column);
    if (!is_column && column != "command") {
      return name + ": unknown column \"" + column +
             "\"; expected private, unprivileged, chroot, wakeup, process_limit, command or options";
    }
    const std::string text = value.text();
    if (words_of(text).size() != 1 && is_column) return name + ": " + column + " must be one word";
    if (words_of(text).empty()) return name + ": the command is empty";
  }
  return std::nullopt;
}

std::optional<std::string> master_refusal(const WantedSettings& wanted) {
  for (const auto& [name, settings] : wanted.values) {
    const std::size_t slash = name.rfind('/');
    const std::string type = slash == std::string::npos ? "" : name.substr(slash + 1);
    constexpr std::array<std::string_view, 5> k_types = {"inet", "unix", "unix-dgram", "fifo", "pass"};
    if (slash == 0 || !contains(k_types, type) || name.find_first_of("#{") != std::string::npos ||
        first_word(name) != name) {
      return "\"" + name + "\" must be NAME/TYPE with one of the types inet, unix, unix-dgram, fifo, pass";
    }
    if (!settings.is_map()) return name + " must be a mapping of columns to values";
    if (auto refusal = refuse_service(name, settings.as_map())) return refusal;
  }
  return std::nullopt;
}

}  // namespace

SettingsFormat postfix_master_settings() { return {"postfix-master", edit_master, master_refusal}; }

}  // namespace mailinabox
