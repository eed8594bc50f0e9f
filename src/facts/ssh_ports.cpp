#include <set>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"
#include "os/listeners.hpp"
#include "os/open_files.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

std::optional<std::uint16_t> port_in(std::string_view text) { return parse_number<std::uint16_t>(text); }

// Where the settings have sshd listen.
class SshdPorts {
 public:
  explicit SshdPorts(const SshdSettings& settings) {
    for (const std::string& text : settings.option_ports) {
      if (const auto port = port_in(text)) option_ports_.insert(*port);
    }
    for (const SshdLine& line : settings.lines) {
      if (line.key == "listenaddress") add_address(line.values.front());
      if (line.key != "port") continue;
      if (const auto port = port_in(line.values.front())) ports_.insert(*port);
    }
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
    ports = SshdPorts(sshd_settings(view)).ports();
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
