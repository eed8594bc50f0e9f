// The machine's name: /etc/hostname for the next boot, the running name, and the line of /etc/hosts by which the
// machine finds its own full name without asking DNS.
//
// In /etc/hosts exactly one line has the address; it names the full and the short name. Where the address is not
// 127.0.1.1, a line of 127.0.1.1 no longer names the machine. Every other line stays as it is.
#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_hostname = "/etc/hostname";
constexpr const char* k_hosts = "/etc/hosts";
constexpr const char* k_own_address = "127.0.1.1";
constexpr int k_cap_sys_admin = 21;  // sethostname(2) asks for it
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

// Whether a line that has the wanted address says what it shall; further names behind it are somebody's own.
bool is_right(const std::vector<std::string>& words, const HostNames& wanted) {
  const std::vector<std::string> expected = host_words(wanted.line());
  return words.size() >= expected.size() && std::equal(expected.begin(), expected.end(), words.begin());
}

// The line of 127.0.1.1 without the machine's names; "" where nothing else stands in it.
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

// The file as it shall be; the same text where it is right.
std::string hosts_with(const std::string& text, const HostNames& wanted) {
  std::vector<std::string> result;
  bool placed = false;
  std::size_t behind_localhost = 0;
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
    if (address == "127.0.0.1") behind_localhost = result.size();
  }
  if (!placed) result.insert(result.begin() + static_cast<std::ptrdiff_t>(behind_localhost), wanted.line());
  std::string joined;
  for (const std::string& line : result) joined += line + "\n";
  // A missing last newline alone is no reason to write.
  return joined == text + "\n" ? text : joined;
}

// Lines of /etc/hosts that have one of two addresses, for the report.
std::string lines_with(const std::string& text, const HostNames& names) {
  std::string result;
  for (const std::string& line : host_lines(text)) {
    const std::vector<std::string> words = host_words(line);
    if (words.empty() || (words.front() != names.address && words.front() != k_own_address)) continue;
    result += (result.empty() ? "" : "; ") + line;
  }
  return result;
}

class HostnameResource final : public Resource {
 public:
  explicit HostnameResource(HostNames wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    Changes changes;
    const std::string named = name_in_file(view.files);
    if (named != wanted_.full) changes.push_back({"hostname", named, wanted_.full});
    // A container without the right to set it was named by whoever started it.
    if (view.machine.has_capability(k_cap_sys_admin) && view.machine.host_name() != wanted_.full) {
      changes.push_back({"running name", view.machine.host_name(), wanted_.full});
    }
    const auto hosts = view.files.read(k_hosts);
    const std::string text = hosts ? hosts->content : "";
    const std::string right = hosts_with(text, wanted_);
    if (right != text) changes.push_back({"hosts", lines_with(text, wanted_), lines_with(right, wanted_)});
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    // First the line by which the new name is found: sudo and others look it up at once.
    if (has_change(changes, "hosts")) write_hosts(system.files);
    if (has_change(changes, "hostname")) system.files.write(k_hostname, wanted_.full + "\n", FileAttributes{});
    if (has_change(changes, "running name")) system.machine.set_host_name(wanted_.full);
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  Action action(const Changes& /*changes*/) const override { return Action::update; }

 private:
  // hostname(5): the first line that is neither empty nor a comment.
  static std::string name_in_file(const FileReader& files) {
    const auto file = files.read(k_hostname);
    if (!file) return "";
    for (const std::string& line : host_lines(file->content)) {
      const std::vector<std::string> words = host_words(line);
      if (!words.empty()) return words.front();
    }
    return "";
  }

  void write_hosts(FileSystem& files) const {
    const auto hosts = files.read(k_hosts);
    FileAttributes attributes;
    if (hosts) attributes = {hosts->info.mode, hosts->info.uid, hosts->info.gid};
    files.write(k_hosts, hosts_with(hosts ? hosts->content : "127.0.0.1 localhost\n", wanted_), attributes);
  }

  HostNames wanted_;
};

// RFC 1123: letters, digits and hyphens in labels of at most 63.
bool is_host_name(const std::string& name) {
  if (name.empty() || name.size() > k_longest_name || name.back() == '.') return false;
  std::istringstream stream(name);
  for (std::string label; std::getline(stream, label, '.');) {
    const auto allowed = [](char letter) {
      return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
             letter == '-';
    };
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), allowed)) return false;
  }
  return true;
}

bool is_ip_address(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 || inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

std::shared_ptr<const Resource> make_hostname(const std::string& name, const Fields& fields) {
  if (!is_host_name(name)) {
    fields.refuse("", fmt::format("\"{}\" is no host name: letters, digits and hyphens between dots, at most {} "
                                  "characters in all",
                                  name, k_longest_name));
  }
  const std::string address = fields.string("address", k_own_address);
  if (!is_ip_address(address)) fields.refuse("address", fmt::format("\"{}\" is no IP address", address));
  if (address == "127.0.0.1" || address == "::1") {
    fields.refuse("address", fmt::format("{} belongs to localhost; {} is meant for the machine's own name", address,
                                         k_own_address));
  }
  return std::make_shared<HostnameResource>(HostNames{name, address});
}

}  // namespace

Kind hostname_kind() {
  return {
      "hostname",
      "The machine's name: /etc/hostname, the running name, and its line in /etc/hosts. In a container that may not "
      "set its name the running one is left.",
      FieldType::string,
      "The full host name, such as box.example.com.",
      {{"address",
        FieldType::string,
        false,
        "The address that /etc/hosts gives the name; 127.0.1.1 where not given.",
        {}}},
      make_hostname};
}

}  // namespace mailinabox
