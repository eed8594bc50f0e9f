// What was observed of TLS with other domains, added up until the reports of a day have been sent: an SQLite database
// of its own. It holds nothing of value: a file that is damaged, or of another version, is made again.
//
// Strangers decide what is in it, by their zones and servers. So it is bounded, whatever comes: domains a day, policies
// a domain, failures a policy, and the pages of the whole file.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "box/mail/tls_report.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {

struct TlsReportLimits {
  std::int64_t domains = 1000;  // a day; what comes of others is not counted
  std::int64_t policies = 32;   // a domain and day; likewise
  std::int64_t failures = 50;   // a policy; further ones are counted by what failed alone
  std::int64_t pages = 16'384;  // of 4 KB
  std::int64_t days = 3;        // older ones are forgotten
};

// A report that may have to be sent.
struct StoredTlsReport {
  std::int64_t id = 0;
  std::int64_t day = 0;
  std::string domain{};
  std::int64_t attempts = 0;                             // so far
  std::chrono::system_clock::time_point next_attempt{};  // 1970 before the first
};

class TlsReportStore {
 public:
  // Opens the database, or makes it. Throws Error if neither can be done.
  explicit TlsReportStore(const std::string& path, const TlsReportLimits& limits = {});

  // Adds observations of that day in one transaction, and forgets what is too old. Returns how many were left out
  // because of a limit. Throws Error if the database cannot be written or has all its pages: then none is added.
  std::int64_t add(const std::vector<TlsObservation>& observations, std::int64_t day);

  // Of all days before `today`, the oldest first.
  std::vector<StoredTlsReport> before(std::int64_t today);
  TlsReport load(const StoredTlsReport& stored);

  // Counts an attempt and says when the next one may be. False if another process has done so meanwhile: then it sends
  // this report.
  bool claim(const StoredTlsReport& stored, std::chrono::system_clock::time_point next_attempt);
  void forget(const StoredTlsReport& stored);

 private:
  std::int64_t id_of_report(const TlsObservation& observation, std::int64_t day);
  bool add_policy(std::int64_t report, const ObservedTlsPolicy& observed);
  void add_failure(std::int64_t policy, const std::string& failure);
  std::int64_t number(const std::string& sql, std::int64_t key);

  TlsReportLimits limits_;
  std::shared_ptr<Database> database_{};
};

}  // namespace mailinabox
