// The operator's answers in /etc/mailinabox.conf: KEY=VALUE lines without quoting or blanks, which other programs read
// too (the first line of a key counts).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailinabox {

class Answers {
 public:
  static Answers parse(std::string_view text);

  // The keys of k_keys in their order, each with its value or empty; after them everything else of the file (an
  // administrator's own keys, comments), unchanged and in order.
  std::string render() const;

  std::optional<std::string> find(std::string_view key) const;
  std::string get(std::string_view key) const;  // "" if missing
  // Throws Error for a value with a line end or another blank, as programs that read the file would see another value.
  void set(const std::string& key, const std::string& value);
  void remove(std::string_view key);
  std::vector<std::pair<std::string, std::string>> all() const;

  static constexpr std::array<std::string_view, 8> k_keys = {"STORAGE_USER", "STORAGE_ROOT", "PRIMARY_HOSTNAME",
                                                             "PUBLIC_IP",    "PUBLIC_IPV6",  "PRIVATE_IP",
                                                             "PRIVATE_IPV6", "MTA_STS_MODE"};

 private:
  struct Line {
    std::string key{};   // "" for a line that is not a setting
    std::string text{};  // the value, or the whole line
  };
  std::vector<Line> lines_{};
};

// What is wrong with an answer and what is expected, in a sentence or two; "" if it is valid.
std::string problem_with_host_name(const std::string& name);
std::string problem_with_ipv4(const std::string& address);
std::string problem_with_ipv6(const std::string& address);  // "" means no address and is valid
std::string problem_with_email(const std::string& address, const std::string& primary_hostname);
std::string problem_with_storage_root(const std::string& path);
std::string problem_with_storage_user(const std::string& name);
std::string problem_with_mta_sts_mode(const std::string& mode);
// `key` is one of ACME_DIRECTORY, ACME_CA_FILE, ACME_EMAIL, ACME_EAB_KID, ACME_EAB_KEY_FILE.
std::string problem_with_authority(const std::string& key, const std::string& value);

// True if the Internet can reach the address: it is not private, loopback, link-local or otherwise reserved.
bool public_ipv4(const std::string& address);
bool public_ipv6(const std::string& address);

}  // namespace mailinabox
