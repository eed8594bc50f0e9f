// Reports to other domains about TLS to their mail servers (box/mail/tls_report.hpp): collecting what Postfix tells,
// and sending the reports of days that are over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "box/mail/tls_report.hpp"
#include "box/mail/tls_report_store.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Hears lines for the service's log.
using TellTlsReports = std::function<void(const std::string& line)>;

// Adds up datagrams. What goes wrong is told when it begins, and then only each time its number has grown tenfold:
// others decide how often it happens.
class TlsReportCollector {
 public:
  // Throws Error if the database can be neither opened nor made.
  TlsReportCollector(const Clock& clock, const std::string& database, TellTlsReports tell);

  // Counts them for today. What cannot be read, is too much or cannot be stored is left out. Throws nothing.
  void take(const std::vector<std::string>& datagrams);

 private:
  class Trouble {
   public:
    // `count` more have been left out for this reason.
    void happened(std::int64_t count, const std::string& reason, const TellTlsReports& tell);

   private:
    std::int64_t number_ = 0;
    std::int64_t next_told_ = 1;
  };

  const Clock& clock_;
  TlsReportStore store_;
  TellTlsReports tell_;
  Trouble unreadable_{};
  Trouble too_many_{};
  Trouble not_stored_{};
};

// Makes the socket and adds up what comes, until a signal ends the process; each datagram is stored when its turn is
// over. Throws Error if the socket or the database cannot be made.
[[noreturn]] void collect_tls_reports(Box& box, const std::string& socket, const std::string& database,
                                      const TellTlsReports& tell);

struct SentTlsReports {
  std::vector<std::string> sent{};      // "example.org, 2026-11-28: to mailto:reports@example.org"
  std::vector<std::string> waiting{};   // with the reason why they could not be sent now
  std::vector<std::string> given_up{};  // after a day of trying; likewise
};

// Sends the reports that are due, each to the first place that takes it of those that its domain names: to an address
// with sendmail(1), to a web address by POST. A report that was taken is forgotten. Another attempt comes one, two,
// four and so on hours later, and after 24 hours it is forgotten, too (RFC 8460 section 5.5). Nothing is done if the
// database does not exist. Throws Error if it cannot be read or written.
//
// One that ends between sending a report and forgetting it sends that report again an hour later, under the same name.
SentTlsReports send_tls_reports(Box& box, const std::string& database, const TlsReporter& reporter);

}  // namespace mailinabox
