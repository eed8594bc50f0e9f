#include "box/tls/certificate_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <tuple>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/processors.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

// The first block of the file, "-----BEGIN CERTIFICATE-----", decides what the file is.
bool begins_with(const std::string& content, std::string_view kind) {
  const std::size_t begin = content.find("-----BEGIN ");
  if (begin == std::string::npos) return false;
  const std::size_t end = content.find('\n', begin);
  return std::string_view(content).substr(begin, end - begin).find(kind) != std::string_view::npos;
}

std::vector<std::string> names_in(const Certificate& certificate) {
  std::vector<std::string> names = certificate.dns_names();
  if (names.empty() && !certificate.common_name.empty()) names.push_back(domain_to_ascii(certificate.common_name));
  return names;
}

struct Parsed {
  std::optional<Certificate> certificate{};
  std::string digest{};      // of the certificate's file
  std::string key_digest{};  // of the key
};

Parsed parse(const std::string& content) {
  if (begins_with(content, "PRIVATE KEY-----")) return {.key_digest = public_key_digest(key_from_pem(content))};
  if (begins_with(content, "CERTIFICATE-----"))
    return {.certificate = certificate_from_pem(content), .digest = sha256_hex(content)};
  return {};
}

auto rank(const StoredCertificate& stored, TimePoint now) {
  const Certificate& certificate = stored.certificate;
  const bool valid = certificate.from <= now && now < certificate.until;
  return std::tuple(valid, !certificate.self_signed, !stored.distrusted, certificate.until,
                    std::string_view(stored.path));
}

std::tm utc(TimePoint time) {
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&since_epoch, &parts);
  return parts;
}

}  // namespace

std::vector<Certificate> StoredCertificate::chain() const {
  constexpr std::string_view k_block_end = "-----END ";
  const std::size_t end = text.find(k_block_end);
  return end == std::string::npos ? std::vector<Certificate>{}
                                  : certificates_from_pem(text.substr(end + k_block_end.size()));
}

void CertificateStore::add_all(std::vector<std::pair<std::string, std::string>> files) {
  constexpr std::size_t k_piece = 64;
  std::vector<Parsed> parsed(files.size());
  std::vector<std::function<void()>> work;
  for (std::size_t at = 0; at < files.size(); at += k_piece) {
    work.emplace_back([&files, &parsed, at] {
      for (std::size_t i = at; i < std::min(at + k_piece, files.size()); ++i) parsed[i] = parse(files[i].second);
    });
  }
  if (work.size() == 1) {
    work.front()();
  } else {
    run_on_all_processors(work);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto& [path, content] = files[i];
    if (parsed[i].certificate) {
      index({.path = path,
             .text = std::move(content),
             .certificate = std::move(*parsed[i].certificate),
             .digest = std::move(parsed[i].digest)});
    } else if (!parsed[i].key_digest.empty()) {
      keys_.push_back({path, parsed[i].key_digest});
      std::string& known = paths_of_keys_[parsed[i].key_digest];
      if (known.empty() || base_name(path) == "ssl_private_key.pem") known = path;
    }
  }
}

void CertificateStore::index(StoredCertificate stored) {
  for (const std::string& name : names_in(stored.certificate)) by_name_.emplace(name, certificates_.size());
  certificates_.push_back(std::move(stored));
}

template <typename Wanted>
const StoredCertificate* CertificateStore::best_of(std::string_view name, TimePoint now, const Wanted& wanted) const {
  const StoredCertificate* best = nullptr;
  const auto [begin, end] = by_name_.equal_range(std::string(name));
  for (auto at = begin; at != end; ++at) {
    const StoredCertificate& one = certificates_[at->second];
    if (wanted(one) && (best == nullptr || rank(*best, now) < rank(one, now))) best = &one;
  }
  return best;
}

template <typename Wanted>
const StoredCertificate* CertificateStore::best_or_wildcard(std::string_view name, TimePoint now,
                                                            const Wanted& wanted) const {
  const StoredCertificate* exact = best_of(name, now, wanted);
  if (exact != nullptr && exact->accepted_at(now)) return exact;
  const std::size_t dot = std::min(name.find('.'), name.size());
  const StoredCertificate* wildcard = best_of("*" + std::string(name.substr(dot)), now, wanted);
  if (exact == nullptr || (wildcard != nullptr && wildcard->accepted_at(now))) return wildcard;
  return exact;
}

const StoredCertificate* CertificateStore::best_for(std::string_view name, TimePoint now) const {
  return best_or_wildcard(
      name, now, [&](const StoredCertificate& one) { return paths_of_keys_.contains(one.certificate.key_digest); });
}

const StoredCertificate* CertificateStore::best_for(std::string_view name, const std::string& key_digest,
                                                    TimePoint now) const {
  return best_or_wildcard(name, now,
                          [&](const StoredCertificate& one) { return one.certificate.key_digest == key_digest; });
}

std::vector<const StoredCertificate*> CertificateStore::all_for(std::string_view name) const {
  std::vector<const StoredCertificate*> all;
  const std::size_t dot = std::min(name.find('.'), name.size());
  for (const std::string& wanted : {std::string(name), "*" + std::string(name.substr(dot))}) {
    const auto [begin, end] = by_name_.equal_range(wanted);
    for (auto at = begin; at != end; ++at) {
      const StoredCertificate& one = certificates_[at->second];
      if (paths_of_keys_.contains(one.certificate.key_digest) && !contains(all, &one)) all.push_back(&one);
    }
  }
  return all;
}

void CertificateStore::distrust(const std::set<std::string, std::less<>>& digests) {
  for (StoredCertificate& one : certificates_) one.distrusted = digests.contains(one.digest);
}

std::string CertificateStore::key_in(const std::string& path) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const StoredKey& key) { return key.path == path; });
  return found == keys_.end() ? "" : found->digest;
}

std::string CertificateStore::path_of_key(const std::string& digest) const {
  const auto found = paths_of_keys_.find(digest);
  return found == paths_of_keys_.end() ? "" : found->second;
}

std::string stored_name(const Certificate& certificate, const std::string& first_name) {
  const std::tm end = utc(certificate.until);
  const std::string digits = lower_case(replaced(certificate.fingerprint(), ":", "")).substr(0, 8);
  return fmt::format("{}-{:04}{:02}{:02}-{}.pem", percent_encoded(first_name), end.tm_year + 1900, end.tm_mon + 1,
                     end.tm_mday, digits);
}

std::optional<TimePoint> end_in_stored_name(const std::string& file_name) {
  constexpr std::size_t k_ending = sizeof("-YYYYMMDD-12345678.pem") - 1;
  if (file_name.size() <= k_ending || !file_name.ends_with(".pem")) return std::nullopt;
  const std::string ending = file_name.substr(file_name.size() - k_ending);
  const auto year = parse_number<int>(std::string_view(ending).substr(1, 4));
  const auto month = parse_number<int>(std::string_view(ending).substr(5, 2));
  const auto day = parse_number<int>(std::string_view(ending).substr(7, 2));
  const auto digits = std::string_view(ending).substr(10, 8);
  if (ending[0] != '-' || ending[9] != '-' || !year || !month || !day ||
      digits.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  return time_at(timegm(&parts));
}

}  // namespace mailinabox
