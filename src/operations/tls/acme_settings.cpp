#include "operations/tls/acme_settings.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/answers.hpp"
#include "os/trusted_files.hpp"

namespace mailinabox {
namespace {

std::string directory_url(const std::string& answer) {
  if (answer.empty()) return "https://acme-v02.api.letsencrypt.org/directory";
  if (answer == "staging") return "https://acme-staging-v02.api.letsencrypt.org/directory";
  return answer == "none" ? "" : answer;
}

Secret binding_key(const Box& box, const Answers& answers) {
  const std::string named = answers.get("ACME_EAB_KEY_FILE");
  const std::string path = named.empty() ? k_binding_key : named;
  const auto file = box.system.files.read(path);
  if (!file) {
    throw Error(
        "ACME_EAB_KID is set, and the file with its key, " + path +
        ", is missing. Write the key that the authority gave you into it (one line, base64url), for root only.");
  }
  if ((file->info.mode & 0077U) != 0)
    throw Error(path + " can be read by others. `chmod 600 " + path + "` mends that.");
  const std::string key(trim(file->content));
  if (key.empty() ||
      key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=") != std::string::npos) {
    throw Error(path + " has no key in base64url, as the authority gives it: one line of letters, digits, - and _.");
  }
  return Secret(key);
}

}  // namespace

AcmeSettings acme_settings(const Box& box, const Answers& answers) {
  AcmeSettings settings{.directory = directory_url(answers.get("ACME_DIRECTORY"))};
  if (!settings.asked()) return settings;
  settings.authorities = answers.get("ACME_CA_FILE");
  if (!settings.authorities.empty() && box.system.files.info(settings.authorities).kind == FileKind::absent) {
    throw Error("ACME_CA_FILE names " + settings.authorities +
                ", which is missing. It must have the certificates (PEM) that vouch for the authority's own.");
  }
  settings.email = answers.get("ACME_EMAIL");
  settings.key_id = answers.get("ACME_EAB_KID");
  if (!settings.key_id.empty()) settings.key = binding_key(box, answers);
  return settings;
}

std::string acme_directory(const Answers& answers) { return directory_url(answers.get("ACME_DIRECTORY")); }

std::string reason_to_ask_nobody(const Answers& answers) {
  const std::string directory = directory_url(answers.get("ACME_DIRECTORY"));
  if (directory.empty())
    return "No authority is asked for certificates, as ACME_DIRECTORY is none. `sudo ACME_DIRECTORY= mailinabox setup` "
           "lets the box ask Let's Encrypt; `mailinabox tls import` takes one that you have.";
  const std::string address = answers.get("PUBLIC_IP");
  if (directory.find("letsencrypt.org") == std::string::npos || public_ipv4(address)) return {};
  return "The box's address " + address +
         " is a private one, which no authority can reach. PUBLIC_IP in /etc/mailinabox.conf must be the one that the "
         "world knows.";
}

}  // namespace mailinabox
