#include "facts/ssh_accounts.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/encoding.hpp"
#include "facts/fact_sources.hpp"
#include "facts/password_sources.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {
namespace {

// How many parts keys have, their type included: public numbers, a curve's name, what a security key is for (RFC 4253
// section 6.6, RFC 5656 section 3.1, RFC 8709 section 4, OpenSSH's PROTOCOL.u2f).
struct KeyForm {
  std::string_view type{};
  std::size_t parts = 0;
};

constexpr std::array<KeyForm, 7> k_key_forms = {{{"ssh-ed25519", 2},
                                                 {"ssh-rsa", 3},
                                                 {"ecdsa-sha2-nistp256", 3},
                                                 {"ecdsa-sha2-nistp384", 3},
                                                 {"ecdsa-sha2-nistp521", 3},
                                                 {"sk-ssh-ed25519@openssh.com", 3},
                                                 {"sk-ecdsa-sha2-nistp256@openssh.com", 4}}};

struct SystemAccount {
  std::string name{};
  unsigned uid = 0;
  std::string home{};
  std::string shell{};
  std::string hash{};                 // of the password, as /etc/shadow has it
  std::vector<std::string> hashes{};  // that one, and what /etc/passwd has in place of its "x", which counts for PAM
};

std::vector<SystemAccount> system_accounts(const View& view) {
  std::map<std::string, std::string, std::less<>> hashes;
  const std::string shadow = text_or_nothing(view, "/etc/shadow");
  for (const std::string_view line : lines_of(shadow)) {
    const auto fields = split(line, ':');
    if (fields.size() > 1) hashes.emplace(fields[0], fields[1]);
  }
  std::vector<SystemAccount> accounts;
  const std::string passwd = text_or_nothing(view, "/etc/passwd");
  for (const std::string_view line : lines_of(passwd)) {
    const auto fields = split(line, ':');
    const auto uid = fields.size() < 7 ? std::nullopt : parse_number<unsigned>(fields[2]);
    if (!uid) continue;
    SystemAccount account{std::string(fields[0]), *uid, std::string(fields[5]), std::string(fields[6]), "", {}};
    const auto hash = hashes.find(account.name);
    account.hash = hash == hashes.end() ? std::string(fields[1]) : hash->second;
    account.hashes.push_back(account.hash);
    if (fields[1] != "x") account.hashes.emplace_back(fields[1]);
    accounts.push_back(std::move(account));
  }
  return accounts;
}

// The parts of a key, each behind its length in four bytes (RFC 4251, "string"). Nothing if it does not end where its
// last part does: it was cut off.
std::optional<std::vector<std::string_view>> parts_of_key(std::string_view blob) {
  constexpr std::size_t k_length_bytes = 4;
  std::vector<std::string_view> parts;
  while (!blob.empty()) {
    if (blob.size() < k_length_bytes) return std::nullopt;
    std::size_t length = 0;
    for (const char byte : blob.substr(0, k_length_bytes)) length = length << 8U | static_cast<unsigned char>(byte);
    blob.remove_prefix(k_length_bytes);
    if (length > blob.size()) return std::nullopt;
    parts.push_back(blob.substr(0, length));
    blob.remove_prefix(length);
  }
  return parts;
}

// "ssh-ed25519 AAAA… comment". A line with options may be for one command or one address only. Of RSA, every sshd takes
// 2048 bits.
bool is_plain_key(std::string_view line) {
  constexpr std::size_t k_rsa_bytes = 2048 / 8;
  const auto words = words_of(line);
  if (words.size() < 2) return false;
  const auto* const form =
      std::find_if(k_key_forms.begin(), k_key_forms.end(), [&](const KeyForm& one) { return one.type == words[0]; });
  const auto blob = from_base64(words[1]);
  if (form == k_key_forms.end() || !blob) return false;
  const auto parts = parts_of_key(*blob);
  return parts && parts->size() == form->parts && parts->front() == form->type &&
         (form->type != "ssh-rsa" || parts->back().size() >= k_rsa_bytes);
}

class KeyCheck {
 public:
  KeyCheck(const View& view, const SshdSettings& settings) : view_(view), settings_(settings) {
    for (const char* key : {"pubkeyauthentication", "authorizedkeysfile", "authenticationmethods"}) {
      if (settings.depends(key)) possible_ = false;
    }
    if (settings.has_any({"allowusers", "denyusers", "allowgroups", "denygroups", "revokedkeys", "requiredrsasize",
                          "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes"})) {
      possible_ = false;  // who and which keys they are for is not worked out here
    }
    const std::string methods = settings.value("authenticationmethods", "any");
    if (settings.value("pubkeyauthentication", "yes") != "yes" || (methods != "any" && methods != "publickey")) {
      possible_ = false;
    }
  }

  // The shell does not count: sshd starts it only after it has let somebody in, by whatever method (auth.c,
  // allowed_user()), and for `ForceCommand internal-sftp` not even then.
  bool has_key(const SystemAccount& account) const {
    if (!possible_) return false;
    if (account.hash.starts_with('!') && settings_.value("usepam", "no") != "yes") return false;
    if (account.name == "root" && !root_may_use_keys()) return false;
    for (const std::string& path : key_files(account)) {
      if (is_safe(path, account) && has_plain_key(path)) return true;
    }
    return false;
  }

 private:
  bool root_may_use_keys() const {
    const std::string permitted = settings_.value("permitrootlogin", "prohibit-password");
    return !settings_.depends("permitrootlogin") &&
           (permitted == "yes" || permitted == "prohibit-password" || permitted == "without-password");
  }

  std::vector<std::string> key_files(const SystemAccount& account) const {
    std::vector<std::string> patterns = {".ssh/authorized_keys", ".ssh/authorized_keys2"};
    for (const SshdLine& line : settings_.lines) {
      if (line.key != "authorizedkeysfile") continue;
      patterns = line.values;
      break;
    }
    for (std::string& path : patterns) {
      path = replaced(replaced(path, "%u", account.name), "%h", account.home);
      if (!path.starts_with('/')) path = account.home + "/" + path;
    }
    return patterns;
  }

  // As StrictModes wants it: nobody else can write the file or a folder above it, up to the home.
  bool is_safe(std::string path, const SystemAccount& account) const {
    const FileInfo file = view_.files.info(path);
    if (file.kind != FileKind::regular || !is_own(file, account)) return false;
    while (path != account.home && path.rfind('/') != 0 && path.rfind('/') != std::string::npos) {
      path.erase(path.rfind('/'));
      const FileInfo folder = view_.files.info(path);
      if (folder.kind != FileKind::directory || !is_own(folder, account)) return false;
    }
    return true;
  }

  static bool is_own(const FileInfo& info, const SystemAccount& account) {
    constexpr unsigned k_others_may_write = 022;
    return (info.uid == 0 || info.uid == account.uid) && (info.mode & k_others_may_write) == 0;
  }

  bool has_plain_key(const std::string& path) const {
    const std::string text = text_or_nothing(view_, path);
    const auto lines = lines_of(text);
    return std::any_of(lines.begin(), lines.end(), is_plain_key);
  }

  const View& view_;
  const SshdSettings& settings_;
  bool possible_ = true;
};

// False for an account that has nothing but SFTP and forwarded ports, if at all: no way in for an administrator.
bool has_login_shell(const SystemAccount& account) {
  return !account.shell.ends_with("/nologin") && !account.shell.ends_with("/false");
}

// An empty field is a password, too, if sshd lets it be one.
bool is_password(const std::string& hash, const SshdSettings& settings) {
  constexpr const char* k_empty = "permitemptypasswords";
  if (hash.empty()) return settings.value(k_empty, "no") == "yes" || settings.depends(k_empty);
  return hash.front() != '!' && hash.front() != '*';
}

bool has_password(const SystemAccount& account, const SshdSettings& settings) {
  const bool set = std::any_of(account.hashes.begin(), account.hashes.end(),
                               [&](const std::string& hash) { return is_password(hash, settings); });
  if (account.name != "root") return set;
  return set &&
         (settings.value("permitrootlogin", "prohibit-password") == "yes" || settings.depends("permitrootlogin"));
}

}  // namespace

SshAccounts ssh_accounts(const View& view) {
  SshAccounts result;
  if (!path_exists(view, k_sshd)) return result;
  if (text_or_nothing(view, "/etc/shadow").empty()) return result;  // only root can say
  const SshdSettings settings = sshd_settings(view);
  const KeyCheck check(view, settings);
  for (const SystemAccount& account : system_accounts(view)) {
    if (check.has_key(account)) {
      if (has_login_shell(account)) result.with_key.push_back(account.name);
    } else if (has_password(account, settings)) {
      result.password_only.push_back(account.name);
    }
  }
  for (std::string& source : other_password_sources(view, settings)) result.password_only.push_back(std::move(source));
  return result;
}

}  // namespace mailinabox
