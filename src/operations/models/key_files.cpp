#include "operations/models/key_files.hpp"

#include <algorithm>

#include "box/dns/published_keys.hpp"
#include "facts/fact_sources.hpp"

namespace mailinabox {
namespace {

std::string without_case(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// HostKey lines of one file of sshd's settings, "HostKey=/path" included.
void add_host_keys(const View& view, const std::string& path, std::vector<std::string>& keys) {
  const std::string text = text_or_nothing(view, path);
  for (const std::string_view line : lines_of(text)) {
    std::string spaced(line);
    std::replace(spaced.begin(), spaced.end(), '"', ' ');
    if (const std::size_t equals = spaced.find('='); equals != std::string::npos) spaced[equals] = ' ';
    const auto words = words_of(spaced);
    if (words.size() == 2 && without_case(words[0]) == "hostkey") keys.emplace_back(words[1]);
  }
}

// The defaults of sshd_config(5).
std::vector<std::string> host_keys(const View& view) {
  std::vector<std::string> keys;
  for (const std::string& name : view.files.list("/etc/ssh/sshd_config.d")) {
    if (name.ends_with(".conf")) add_host_keys(view, "/etc/ssh/sshd_config.d/" + name, keys);
  }
  add_host_keys(view, "/etc/ssh/sshd_config", keys);
  if (!keys.empty()) return keys;
  return {"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"};
}

}  // namespace

std::vector<DkimRecord> read_dkim_records(const View& view, const std::string& storage_root,
                                          std::vector<std::string>& warnings) {
  const std::string folder = storage_root + "/mail/dkim";
  std::vector<DkimRecord> records;
  for (const std::string& name : view.files.list(folder)) {
    if (!name.ends_with(".txt")) continue;
    const std::string path = folder + "/" + name;
    const auto file = view.files.info(path).kind == FileKind::directory ? std::nullopt : view.files.read(path);
    if (auto record = file ? dkim_record(file->content) : std::nullopt) {
      records.push_back(std::move(*record));
    } else {
      warnings.push_back(
          path +
          " is not a DKIM record as opendkim-genkey writes them (SELECTOR._domainkey IN TXT ( \"v=DKIM1; …\" "
          ")); it is not published.");
    }
  }
  return records;
}

std::vector<std::string> read_ssh_fingerprints(const View& view) {
  std::vector<std::string> fingerprints;
  if (!path_exists(view, "/usr/sbin/sshd")) return fingerprints;
  for (const std::string& key : host_keys(view)) {
    const auto file = view.files.read(key + ".pub");
    const std::string value = file ? ssh_fingerprint(file->content) : "";
    if (!value.empty()) fingerprints.push_back(value);
  }
  std::sort(fingerprints.begin(), fingerprints.end());
  fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
  return fingerprints;
}

}  // namespace mailinabox
