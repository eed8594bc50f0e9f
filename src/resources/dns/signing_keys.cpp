#include "resources/dns/signing_keys.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "resources/dns/key_material.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_conf_suffix = ".conf";

std::string without_blanks(std::string_view text) {
  constexpr std::string_view k_blank = " \t\r\n\"'";
  const std::size_t first = text.find_first_not_of(k_blank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(k_blank) + 1 - first));
}

// NAME=VALUE lines.
std::map<std::string, std::string> conf_values(std::string_view text) {
  std::map<std::string, std::string> values;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      values[without_blanks(line.substr(0, equals))] = without_blanks(line.substr(equals + 1));
    }
    at = end + 1;
  }
  return values;
}

std::vector<std::string> zone_names(const std::string& comma_list) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= comma_list.size();) {
    const std::size_t end = std::min(comma_list.find(',', at), comma_list.size());
    const std::string name = without_blanks(std::string_view(comma_list).substr(at, end - at));
    if (!name.empty() && name != "none") names.push_back(name);
    at = end + 1;
  }
  return names;
}

// Reads one key of a pair. "" and a problem noted where that cannot be.
std::string private_text(const FileReader& files, const std::string& directory, const std::string& conf,
                         const std::string& role, const std::string& base_name, std::vector<std::string>& problems) {
  if (base_name.empty() || base_name.find('/') != std::string::npos) {
    problems.push_back(fmt::format("{}/{}: expected a line {}=K_domain_.+ALGORITHM+TAG", directory, conf, role));
    return "";
  }
  const std::string path = fmt::format("{}/{}.private", directory, base_name);
  const auto file = files.read(path);
  if (file && !file->content.empty()) return file->content;
  problems.push_back(fmt::format("{}, the {} that {} names, is {}", path, role, conf, file ? "empty" : "missing"));
  return "";
}

std::string tried_refusal(const SigningPair& pair) {
  for (const auto& [name, text, key_signing] : {std::tuple(&pair.key_signing_key, &pair.key_signing_text, true),
                                                std::tuple(&pair.zone_signing_key, &pair.zone_signing_text, false)}) {
    try {
      const std::string words = refusal_to_sign(*load_key(*text, "example.com", key_signing));
      if (!words.empty()) return fmt::format("the DNSSEC key {} cannot sign: {}", *name, words);
    } catch (const Error& error) {
      return fmt::format("the DNSSEC key {} cannot be used: {}", *name, error.what());
    }
  }
  return "";
}

}  // namespace

bool SigningPair::signs(const std::string& zone) const {
  return !zones || std::find(zones->begin(), zones->end(), zone) != zones->end();
}

SigningKeys read_signing_keys(const FileReader& files, const std::string& directory) {
  SigningKeys keys;
  for (const std::string& file_name : files.list(directory)) {
    if (!file_name.ends_with(k_conf_suffix)) continue;
    const auto conf = files.read(directory + "/" + file_name);
    if (!conf) continue;
    keys.configured = true;
    auto values = conf_values(conf->content);
    SigningPair pair;
    pair.name = file_name.substr(0, file_name.size() - k_conf_suffix.size());
    if (const auto restricted = values.find("DOMAINS"); restricted != values.end()) {
      pair.zones = zone_names(restricted->second);
      if (pair.zones->empty()) continue;
    }
    pair.key_signing_key = values["KSK"];
    pair.zone_signing_key = values["ZSK"];
    pair.key_signing_text = private_text(files, directory, file_name, "KSK", pair.key_signing_key, keys.problems);
    pair.zone_signing_text = private_text(files, directory, file_name, "ZSK", pair.zone_signing_key, keys.problems);
    if (!pair.key_signing_text.empty() && !pair.zone_signing_text.empty()) keys.pairs.push_back(std::move(pair));
  }
  return keys;
}

std::string signing_keys_hash(const std::vector<const SigningPair*>& pairs) {
  std::vector<std::string> parts;
  for (const SigningPair* pair : pairs) {
    parts.push_back("KSK" + pair->key_signing_key + pair->key_signing_text);
    parts.push_back("ZSK" + pair->zone_signing_key + pair->zone_signing_text);
  }
  std::sort(parts.begin(), parts.end());
  std::string all;
  for (const std::string& part : parts) all += part;
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned int length = 0;
  if (EVP_Digest(all.data(), all.size(), digest, &length, EVP_sha1(), nullptr) != 1) {
    throw Error("OpenSSL cannot make a SHA-1 digest");
  }
  std::string text;
  for (unsigned int index = 0; index < length; ++index) text += fmt::format("{:02x}", digest[index]);
  return text;
}

std::string signing_refusal(const SigningPair& pair) {
  // All zones have the same few keys: each is tried once.
  static std::map<std::string, std::string> known;
  const auto [place, unknown] = known.try_emplace(signing_keys_hash({&pair}));
  if (unknown) place->second = tried_refusal(pair);
  return place->second;
}

NewSigningKey make_signing_key(bool key_signing) {
  constexpr const char* k_placeholder = "_domain_";
  const LdnsKey key(ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256));
  if (!key) throw Error("no DNSSEC key could be made: OpenSSL refuses ECDSA with P-256");
  equip_key(*key, k_placeholder, key_signing);
  const LdnsRecord record(ldns_key2rr(key.get()));
  NewSigningKey made;
  made.name = fmt::format("K{}.+{:03}+{:05}", k_placeholder, static_cast<int>(ldns_key_algorithm(key.get())),
                          ldns_key_keytag(key.get()));
  const LdnsText public_key(ldns_rdf2str(ldns_rr_dnskey_key(record.get())));
  made.record =
      fmt::format("{}.\tIN\tDNSKEY\t{} 3 13 {} ;{{id = {} ({}), size = 256b}}\n", k_placeholder,
                  ldns_key_flags(key.get()), public_key.get(), ldns_key_keytag(key.get()), key_signing ? "ksk" : "zsk");
  made.private_text = printed([&](std::FILE* file) { ldns_key_print(file, key.get()); });
  return made;
}

}  // namespace mailinabox
