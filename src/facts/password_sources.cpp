#include "facts/password_sources.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "facts/fact_sources.hpp"

namespace mailinabox {
namespace {

// They know no passwords but those of /etc/shadow: they ask for nothing, or refuse, or use what was asked already.
constexpr std::array<std::string_view, 43> k_local_modules = {
    "pam_access",    "pam_cap",      "pam_deny",       "pam_echo",          "pam_ecryptfs",  "pam_env",
    "pam_faildelay", "pam_faillock", "pam_filter",     "pam_gnome_keyring", "pam_group",     "pam_issue",
    "pam_keyinit",   "pam_kwallet",  "pam_kwallet5",   "pam_lastlog",       "pam_limits",    "pam_listfile",
    "pam_localuser", "pam_loginuid", "pam_mail",       "pam_mkhomedir",     "pam_motd",      "pam_mount",
    "pam_namespace", "pam_nologin",  "pam_permit",     "pam_rootok",        "pam_securetty", "pam_selinux",
    "pam_sepermit",  "pam_shells",   "pam_succeed_if", "pam_systemd",       "pam_tally",     "pam_tally2",
    "pam_time",      "pam_tmpdir",   "pam_umask",      "pam_unix",          "pam_usertype",  "pam_warn",
    "pam_wheel"};

// A line of a file of PAM (pam.conf(5)): "auth [success=1 default=ignore] pam_unix.so nullok".
struct PamLine {
  std::string type{};     // in lower case, without its "-"; "@include", too
  std::string control{};  // in lower case
  std::string module{};   // or the file's name
};

std::optional<PamLine> pam_line(std::string_view text) {
  PamLine line;
  const auto next_word = [&] {
    text = trim(text);
    const std::string_view word = text.substr(0, std::min(text.find_first_of(k_blanks), text.size()));
    text.remove_prefix(word.size());
    return word;
  };
  line.type = lower_case(next_word());
  if (line.type.starts_with('-')) line.type.erase(0, 1);
  text = trim(text);
  if (line.type == "@include") {
    line.module = next_word();
  } else if (text.starts_with('[')) {
    std::size_t end = 1;
    while (end < text.size() && text[end] != ']') end += text[end] == '\\' ? 2U : 1U;
    text.remove_prefix(std::min(end + 1, text.size()));
    line.module = next_word();
  } else {
    line.control = lower_case(next_word());
    line.module = next_word();
  }
  return line.module.empty() ? std::nullopt : std::optional(line);
}

// Without comments, and those that end in a backslash with the next.
std::vector<std::string> pam_lines(const std::string& text) {
  std::vector<std::string> lines;
  bool continued = false;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view content = trim(line.substr(0, line.find('#')));
    if (!continued) lines.emplace_back();
    continued = content.ends_with('\\');
    lines.back() += content.substr(0, content.size() - (continued ? 1 : 0));
    lines.back() += ' ';
  }
  return lines;
}

// Which modules a service of PAM asks to let somebody in.
class AuthStack {
 public:
  explicit AuthStack(const View& view) : view_(view) {}

  // False if it has none: PAM takes the service `other` then.
  bool read_service(const std::string& name) {
    read(name, 0);
    return any_;
  }

  std::vector<std::string> sources() && { return std::move(sources_); }

 private:
  std::string path_of(const std::string& name) const {
    if (name.starts_with('/')) return name;
    const std::string own = "/etc/pam.d/" + name;
    const std::string shipped = "/usr/lib/pam.d/" + name;
    return !path_exists(view_, own) && path_exists(view_, shipped) ? shipped : own;
  }

  void read(const std::string& name, int depth) {
    constexpr int k_deepest = 16;
    if (depth > k_deepest) return;
    const std::string path = path_of(name);
    for (const std::string& text : pam_lines(text_or_nothing(view_, path))) {
      const auto line = pam_line(text);
      if (!line || (line->type != "auth" && line->type != "@include")) continue;
      if (line->type == "@include" || line->control == "include" || line->control == "substack") {
        read(line->module, depth + 1);
      } else {
        any_ = true;
        add(line->module, path);
      }
    }
  }

  void add(std::string_view module, const std::string& path) {
    module = base_name(module);
    if (module.ends_with(".so")) module.remove_suffix(3);
    if (contains(k_local_modules, module)) return;
    const std::string source = "accounts of " + std::string(module) + " (" + path + ")";
    if (!contains(sources_, source)) sources_.push_back(source);
  }

  const View& view_;
  std::vector<std::string> sources_{};
  bool any_ = false;
};

// Of the lines "passwd: files systemd" and "shadow: files" in /etc/nsswitch.conf.
std::vector<std::string> name_services(const View& view) {
  constexpr std::array<std::string_view, 3> k_local = {"files", "compat", "systemd"};
  std::vector<std::string> sources;
  const std::string text = text_or_nothing(view, "/etc/nsswitch.conf");
  for (const std::string_view line : lines_of(text)) {
    const std::string spaced = replaced(line.substr(0, line.find('#')), ":", ": ");
    const auto words = words_of(spaced);
    if (words.empty() || (words[0] != "passwd:" && words[0] != "shadow:")) continue;
    for (std::size_t index = 1; index < words.size(); ++index) {
      const std::string source = "accounts of " + std::string(words[index]);
      if (contains(k_local, words[index]) || words[index].front() == '[' || contains(sources, source)) continue;
      sources.push_back(source);
    }
  }
  return sources;
}

// The name under which sshd asks PAM (PAMServiceName, since OpenSSH 9.8).
std::string pam_service(const SshdSettings& settings) {
  for (const SshdLine& line : settings.lines) {
    if (line.key == "pamservicename") return line.values.front();
  }
  return "sshd";
}

}  // namespace

std::vector<std::string> other_password_sources(const View& view, const SshdSettings& settings) {
  std::vector<std::string> sources;
  // Lines of NIS in /etc/passwd ("+::::::"), and homes with accounts of their own (systemd-homed, userdb(8)).
  const std::string passwd = text_or_nothing(view, "/etc/passwd");
  const auto lines = lines_of(passwd);
  const bool nis = std::any_of(lines.begin(), lines.end(), [](std::string_view line) { return line.starts_with('+'); });
  if (nis) sources.emplace_back("accounts of NIS");
  for (const std::string folder : {"/var/lib/systemd/home", "/etc/userdb"}) {
    if (path_exists(view, folder) && !view.files.list(folder).empty()) sources.push_back("accounts in " + folder);
  }
  for (std::string& source : name_services(view)) sources.push_back(std::move(source));
  if (settings.value("kerberosauthentication", "no") != "no" || settings.depends("kerberosauthentication")) {
    sources.emplace_back("accounts of Kerberos");
  }
  if (settings.value("usepam", "no") == "no") return sources;
  AuthStack stack(view);
  if (!stack.read_service(pam_service(settings))) stack.read_service("other");
  for (std::string& source : std::move(stack).sources()) sources.push_back(std::move(source));
  return sources;
}

}  // namespace mailinabox
