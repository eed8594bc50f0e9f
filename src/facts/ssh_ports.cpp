#include <algorithm>
#include <set>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "os/listeners.hpp"
#include "os/open_files.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_sshd = "/usr/sbin/sshd";

std::optional<std::uint16_t> port_in(std::string_view text) { return parse_number<std::uint16_t>(text); }

// Matches the shell patterns of Include lines, * and ? only.
bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*')
    return matches(name, pattern.substr(1)) || (!name.empty() && matches(name.substr(1), pattern));
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches(name.substr(1), pattern.substr(1));
}

// The words of SSHD_OPTS in /etc/default/ssh, which systemd's unit and the init script give to sshd.
std::vector<std::string> sshd_options(const View& view) {
  constexpr std::string_view k_key = "SSHD_OPTS=";
  const std::string text = text_or_nothing(view, "/etc/default/ssh");
  std::vector<std::string> options;
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(k_key)) continue;
    std::string value(line.substr(k_key.size()));
    std::erase_if(value, [](char letter) { return letter == '"' || letter == '\''; });
    options.clear();
    for (const std::string_view word : words_of(value)) options.emplace_back(word);
  }
  return options;
}

// The settings of sshd that decide where it listens (sshd(8), sshd_config(5)).
class SshdSettings {
 public:
  explicit SshdSettings(const View& view) : view_(view) {
    read_options(sshd_options(view));
    read(settings_, 0);
  }

  std::set<std::int64_t> ports() const {
    std::set<std::int64_t> result = address_ports_;
    const std::set<std::int64_t>& general = option_ports_.empty() ? ports_ : option_ports_;
    result.insert(general.begin(), general.end());
    const bool everywhere = !address_seen_ || address_without_port_;
    if (general.empty() && everywhere) result.insert(22);
    return result;
  }

 private:
  // -p PORT in place of the settings' ports, -o SETTING beside them, -f in place of the file; the value may follow the
  // letter at once.
  void read_options(const std::vector<std::string>& options) {
    for (std::size_t index = 0; index < options.size(); ++index) {
      const std::string letter = options[index].substr(0, 2);
      if (letter != "-p" && letter != "-o" && letter != "-f") continue;
      std::string value = options[index].substr(2);
      if (value.empty() && index + 1 < options.size()) value = options[++index];
      if (letter == "-f") settings_ = value;
      if (letter == "-o") read_line(value, 0);
      if (const auto port = letter == "-p" ? port_in(value) : std::nullopt) option_ports_.insert(*port);
    }
  }

  void read(const std::string& path, int depth) {
    constexpr int k_deepest = 16;  // sshd's limit for nested Includes
    if (depth > k_deepest) return;
    const std::string text = text_or_nothing(view_, path);
    for (const std::string_view line : lines_of(text)) read_line(std::string(line), depth);
  }

  void read_line(std::string line, int depth) {
    std::replace(line.begin(), line.end(), '"', ' ');
    const std::size_t key_end = line.find_first_of(" \t=", line.find_first_not_of(" \t"));
    if (key_end != std::string::npos) {  // "Port=22" means "Port 22"
      const std::size_t next = line.find_first_not_of(" \t", key_end);
      if (next != std::string::npos && line[next] == '=') line[next] = ' ';
    }
    const auto words = words_of(line);
    if (words.size() < 2) return;
    const std::string key = lower_case(words[0]);
    if (key == "port") {
      if (const auto port = port_in(words[1])) ports_.insert(*port);
    } else if (key == "listenaddress") {
      add_address(words[1]);
    } else if (key == "include") {
      for (std::size_t i = 1; i < words.size(); ++i) include(std::string(words[i]), depth);
    }
  }

  // host, host:port, IPv6, [IPv6]:port
  void add_address(std::string_view address) {
    address_seen_ = true;
    const std::size_t colon = address.rfind(':');
    const bool bare_ipv6 = address.front() != '[' && address.find(':') != colon;
    const bool has_port = colon != std::string_view::npos && !bare_ipv6 && address.back() != ']';
    const auto port = has_port ? port_in(address.substr(colon + 1)) : std::nullopt;
    if (port) {
      address_ports_.insert(*port);
    } else {
      address_without_port_ = true;
    }
  }

  void include(std::string pattern, int depth) {
    if (pattern.front() != '/') pattern.insert(0, "/etc/ssh/");
    const std::size_t slash = pattern.rfind('/');
    const std::string directory = pattern.substr(0, slash);
    for (const std::string& name : view_.files.list(directory)) {
      if (matches(name, std::string_view(pattern).substr(slash + 1))) read(directory + "/" + name, depth + 1);
    }
  }

  const View& view_;
  std::string settings_ = "/etc/ssh/sshd_config";
  std::set<std::int64_t> option_ports_{};
  std::set<std::int64_t> ports_{};
  std::set<std::int64_t> address_ports_{};
  bool address_seen_ = false;
  bool address_without_port_ = false;
};

// systemd.socket(5): ListenStream= takes a port or ADDRESS:PORT; an empty one clears the list.
void add_socket_ports(const std::string& text, std::set<std::int64_t>& ports) {
  constexpr std::string_view k_key = "ListenStream=";
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.empty() || !words[0].starts_with(k_key)) continue;
    const std::string_view value = words[0].substr(k_key.size());
    if (value.empty()) ports.clear();
    if (const auto port = port_in(value.substr(value.rfind(':') + 1))) ports.insert(*port);
  }
}

std::set<std::int64_t> socket_ports(const View& view) {
  std::set<std::int64_t> ports;
  add_socket_ports(text_or_nothing(view, "/etc/systemd/system/ssh.socket"), ports);
  for (const char* directory : {"/run/systemd/generator/ssh.socket.d", "/etc/systemd/system/ssh.socket.d"}) {
    for (const std::string& name : view.files.list(directory)) {
      if (name.ends_with(".conf")) add_socket_ports(text_or_nothing(view, std::string(directory) + "/" + name), ports);
    }
  }
  return ports;
}

// True for a process that waits for connections as root; what serves one of them may listen too, for what its user
// forwards (`ssh -R`).
bool is_ssh_listener(const View& view, const std::string& process) {
  if (process_name(view.files, process) != "sshd" || !belongs_to_user(view.files, process, 0)) return false;
  if (!runs(view.files, process, k_sshd)) return false;
  const std::string title = arguments_of(view.files, process).front();  // "sshd: anna@pts/0", "sshd: … [listener] …"
  return !title.starts_with("sshd: ") || title.find("[listener]") != std::string::npos;
}

// Where sshd listens now, whatever has told it to.
std::set<std::int64_t> listening_ports(const View& view) {
  std::set<std::string> sockets;
  for (const std::string& process : view.files.list("/proc")) {
    if (!is_process_id(process) || !is_ssh_listener(view, process)) continue;
    const auto is_socket = [](std::string_view target) { return target.starts_with("socket:"); };
    for (const OpenFile& open : open_files_of(view.files, process, is_socket)) sockets.insert(open.target);
  }
  std::set<std::int64_t> ports;
  if (sockets.empty()) return ports;
  for (const Listener& listener : tcp_listeners(view.files)) {
    if (sockets.contains(listener.target())) ports.insert(listener.port);
  }
  return ports;
}

// The port of the SSH connection that started this run, whatever the settings say. sudo removes SSH_CONNECTION, so the
// parent processes are read too.
std::optional<std::int64_t> connection_port(const View& view) {
  constexpr std::string_view k_name = "SSH_CONNECTION=";  // "client port server port"
  std::string process = "self";
  for (int level = 0; level < 32 && process != "0" && process != "1"; ++level) {
    const std::string environment = text_or_nothing(view, "/proc/" + process + "/environ");
    for (const std::string_view variable : split(environment, '\0')) {
      if (!variable.starts_with(k_name)) continue;
      const auto words = words_of(variable.substr(k_name.size()));
      if (words.size() == 4) return port_in(words[3]);
    }
    const std::string status = text_or_nothing(view, "/proc/" + process + "/status");
    process = "0";
    for (const std::string_view line : lines_of(status)) {
      const auto words = words_of(line);
      if (words.size() == 2 && words[0] == "PPid:") process = std::string(words[1]);
    }
  }
  return std::nullopt;
}

Value read_ssh_ports(const View& view) {
  std::set<std::int64_t> ports;
  if (path_exists(view, k_sshd)) {
    ports = SshdSettings(view).ports();
    ports.merge(socket_ports(view));
    ports.merge(listening_ports(view));
  }
  if (const auto port = connection_port(view)) ports.insert(*port);
  return Value(ValueList(ports.begin(), ports.end()));
}

}  // namespace

Fact ssh_ports_fact() {
  return {"ssh_ports", "All TCP ports of SSH, including that of this session; empty without SSH.", read_ssh_ports};
}

}  // namespace mailinabox
