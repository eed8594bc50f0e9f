// The machine's name: /etc/hostname for the next boot, the running name, and the line of /etc/hosts by which the
// machine finds its own full name without asking DNS.
//
// In /etc/hosts exactly one line has the address; it has the full and the short name. If the address is not 127.0.1.1,
// the machine's names are removed from a line of 127.0.1.1. Every other line stays as it is.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_hostname = "/etc/hostname";
constexpr const char* k_hosts = "/etc/hosts";
constexpr const char* k_own_address = "127.0.1.1";
constexpr int k_cap_sys_admin = 21;  // sethostname(2) needs it
constexpr std::size_t k_longest_name = 64;

std::vector<std::string> host_words(std::string_view line) {
  const auto words = words_of(line.substr(0, line.find('#')));
  return {words.begin(), words.end()};
}

std::vector<std::string> host_lines(std::string_view text) {
  const auto lines = lines_of(text);
  return {lines.begin(), lines.end()};
}

std::string comment_of(const std::string& line) {
  const std::size_t begin = line.find('#');
  return begin == std::string::npos ? "" : " " + line.substr(begin);
}

struct HostNames {
  std::string full{};
  std::string address{};

  std::string line() const {
    const std::string label = full.substr(0, full.find('.'));
    return address + " " + full + (label == full ? "" : " " + label);
  }
  bool names(const std::string& word) const { return word == full || word == full.substr(0, full.find('.')); }
};

// True if a line of the wanted address has the wanted names; more names after them are somebody else's.
bool is_right(const std::vector<std::string>& words, const HostNames& wanted) {
  const std::vector<std::string> expected = host_words(wanted.line());
  return words.size() >= expected.size() && std::equal(expected.begin(), expected.end(), words.begin());
}

// The line of 127.0.1.1 without the machine's names; "" if it has no others.
std::string without_names(const std::string& line, const HostNames& wanted) {
  std::vector<std::string> words = host_words(line);
  std::string kept = words.front();
  bool others = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (wanted.names(words[i])) continue;
    kept += " " + words[i];
    others = true;
  }
  return others ? kept + comment_of(line) : "";
}

// The wanted text of the file; `text` itself if it is right.
std::string hosts_with(const std::string& text, const HostNames& wanted) {
  std::vector<std::string> result;
  bool placed = false;
  std::size_t after_localhost = 0;
  for (const std::string& line : host_lines(text)) {
    const std::vector<std::string> words = host_words(line);
    const std::string address = words.empty() ? "" : words.front();
    if (address == wanted.address) {
      if (!placed) result.push_back(is_right(words, wanted) ? line : wanted.line() + comment_of(line));
      placed = true;
      continue;
    }
    const bool stale = address == k_own_address && std::any_of(words.begin() + 1, words.end(),
                                                               [&](const auto& word) { return wanted.names(word); });
    const std::string kept = stale ? without_names(line, wanted) : line;
    if (!stale || !kept.empty()) result.push_back(kept);
    if (address == "127.0.0.1") after_localhost = result.size();
  }
  if (!placed) result.insert(result.begin() + static_cast<std::ptrdiff_t>(after_localhost), wanted.line());
  const std::string lines = joined(result, "\n") + "\n";
  // Do not write only for a missing last newline.
  return lines == text + "\n" ? text : lines;
}

// The lines of /etc/hosts with one of the two addresses, for the report.
std::string lines_with(const std::string& text, const HostNames& names) {
  std::vector<std::string_view> found;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view address = first_word(line.substr(0, line.find('#')));
    if (address == names.address || address == k_own_address) found.push_back(line);
  }
  return joined(found, "; ");
}

// For a rollback, which puts the files back itself.
class RunningName final : public Resource {
 public:
  explicit RunningName(std::string name) : name_(std::move(name)) {}

  Changes diff(const View& view) const override {
    if (!view.machine.has_capability(k_cap_sys_admin) || view.machine.host_name() == name_) return {};
    return {{"running name", view.machine.host_name(), name_}};
  }
  void apply(System& system, const Changes& /*changes*/) const override { system.machine.set_host_name(name_); }
  Action action(const Changes& /*changes*/) const override { return Action::update; }
  bool fails_alone() const override { return true; }

 private:
  std::string name_;
};

class HostnameResource final : public Resource {
 public:
  explicit HostnameResource(HostNames wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    Changes changes;
    const std::string named = name_in_file(view.files);
    if (named != wanted_.full) changes.push_back({"hostname", named, wanted_.full});
    // A container that may not set it got its name from whoever started it.
    if (view.machine.has_capability(k_cap_sys_admin) && view.machine.host_name() != wanted_.full) {
      changes.push_back({"running name", view.machine.host_name(), wanted_.full});
    }
    const std::string text = content_of(view.files, k_hosts);
    const std::string right = hosts_with(text, wanted_);
    if (right != text) changes.push_back({"hosts", lines_with(text, wanted_), lines_with(right, wanted_)});
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    // First the line in /etc/hosts: sudo and others look the new name up at once.
    if (has_change(changes, "hosts")) write_hosts(system.files);
    if (has_change(changes, "hostname")) system.files.write(k_hostname, wanted_.full + "\n", FileAttributes{});
    if (has_change(changes, "running name")) system.machine.set_host_name(wanted_.full);
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  std::string state(const View& view) const override { return view.machine.host_name(); }
  std::shared_ptr<const Resource> back_to(const std::string& state) const override {
    return std::make_shared<RunningName>(state);
  }

  Action action(const Changes& /*changes*/) const override { return Action::update; }

 private:
  // hostname(5): the first line that is neither empty nor a comment.
  static std::string name_in_file(const FileReader& files) {
    const std::string text = content_of(files, k_hostname);
    for (const std::string_view line : lines_of(text)) {
      if (const std::string_view name = first_word(line.substr(0, line.find('#'))); !name.empty()) {
        return std::string(name);
      }
    }
    return "";
  }

  void write_hosts(FileSystem& files) const {
    const auto hosts = files.read(k_hosts);
    files.write(k_hosts, hosts_with(hosts ? hosts->content : "127.0.0.1 localhost\n", wanted_), attributes_of(hosts));
  }

  HostNames wanted_;
};

// RFC 1123: letters, digits and hyphens in labels of at most 63.
bool is_host_name(const std::string& name) {
  if (name.empty() || name.size() > k_longest_name) return false;
  const auto allowed = [](char letter) { return is_letter(letter) || is_digit(letter) || letter == '-'; };
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), allowed)) return false;
  }
  return true;
}

std::shared_ptr<const Resource> make_hostname(const std::string& name, const Fields& fields) {
  if (!is_host_name(name)) {
    fields.refuse(
        "", fmt::format("\"{}\" is not a host name; expected letters, digits and hyphens between dots, at most {} "
                        "characters in all",
                        name, k_longest_name));
  }
  const std::string address = fields.string("address", k_own_address);
  if (!is_ip_address(address)) fields.refuse("address", fmt::format("\"{}\" is not an IP address", address));
  if (address == "127.0.0.1" || address == "::1") {
    fields.refuse("address",
                  fmt::format("{} belongs to localhost; use {} for the machine's own name", address, k_own_address));
  }
  return std::make_shared<HostnameResource>(HostNames{name, address});
}

}  // namespace

Kind hostname_kind() {
  return {
      "hostname",
      "The machine's name: /etc/hostname, the running name, and its line in /etc/hosts. A container that may not set "
      "its name keeps the running one.",
      FieldType::string,
      "The full host name, such as box.example.com.",
      {{"address", FieldType::string, false, "The address of the name in /etc/hosts; default: 127.0.1.1.", {}}},
      make_hostname};
}

}  // namespace mailinabox
