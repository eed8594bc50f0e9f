#include "resources/dns/signing_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/dns/key_material.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_conf_suffix = ".conf";

constexpr std::string_view k_around = " \t\r\n\"'";

// NAME=VALUE lines.
std::map<std::string, std::string> conf_values(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values[std::string(trim(line.substr(0, equals), k_around))] = trim(line.substr(equals + 1), k_around);
  }
  return values;
}

std::vector<std::string> zone_names(std::string_view comma_list) {
  std::vector<std::string> names;
  for (const std::string_view part : split(comma_list, ',')) {
    const std::string_view name = trim(part, k_around);
    if (!name.empty() && name != "none") names.emplace_back(name);
  }
  return names;
}

// Reads one key of a pair; if it cannot, "" and an entry in `problems`.
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

bool SigningPair::signs(const std::string& zone) const { return !zones || contains(*zones, zone); }

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
  return to_hex(sha1(joined(parts, "")));
}

std::string signing_refusal(const SigningPair& pair) {
  // All zones have the same few keys: try each once.
  static std::map<std::string, std::string> known;
  const auto [place, unknown] = known.try_emplace(signing_keys_hash({&pair}));
  if (unknown) place->second = tried_refusal(pair);
  return place->second;
}

NewSigningKey make_signing_key(bool key_signing) {
  constexpr const char* k_placeholder = "_domain_";
  const LdnsKey key(ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256));
  if (!key) throw Error("cannot make a DNSSEC key: OpenSSL refuses ECDSA with P-256");
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
