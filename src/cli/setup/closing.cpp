#include "cli/setup/closing.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace mailinabox {
namespace {

// The bytes between the marks of the first certificate; nothing where the text has none.
std::optional<std::string> first_certificate(const std::string& pem) {
  const std::string begin_mark = "-----BEGIN CERTIFICATE-----";
  const std::size_t begin = pem.find(begin_mark);
  const std::size_t end = pem.find("-----END CERTIFICATE-----");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
  std::string base64;
  for (const char c : pem.substr(begin + begin_mark.size(), end - begin - begin_mark.size())) {
    if (c > ' ') base64 += c;
  }
  if (base64.empty() || base64.size() % 4 != 0) return std::nullopt;
  std::string bytes(base64.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && base64[base64.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace

std::optional<std::string> certificate_fingerprint(const std::string& pem) {
  const std::optional<std::string> bytes = first_certificate(pem);
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned int length = 0;
  if (!bytes || EVP_Digest(bytes->data(), bytes->size(), digest, &length, EVP_sha256(), nullptr) != 1) {
    return std::nullopt;
  }
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  return text;
}

Closing make_closing(const Environment& environment, const Answers& answers) {
  Closing closing;
  for (const char* key : {"PRIMARY_HOSTNAME", "PUBLIC_IP"})
    closing.panel.push_back("https://" + answers.get(key) + "/admin");
  const auto certificate = environment.system.files.read(answers.get("STORAGE_ROOT") + "/ssl/ssl_certificate.pem");
  if (certificate) closing.fingerprint = certificate_fingerprint(certificate->content);
  return closing;
}

std::string closing_text(const Closing& closing) {
  std::string text = "\nYour Mail-in-a-Box is running.\n\nThe control panel will be at\n\n";
  for (const std::string& address : closing.panel) text += "    " + address + "\n";
  text += "\nThe first works once the name leads here, the second at once.\n";
  if (closing.fingerprint) {
    text +=
        "A browser warns of a certificate that no authority has signed. Go on only if the SHA-256\n"
        "fingerprint it shows is this one:\n\n    " +
        *closing.fingerprint + "\n";
  }
  return text + "\n";
}

}  // namespace mailinabox
