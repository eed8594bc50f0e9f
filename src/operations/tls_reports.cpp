#include "operations/tls_reports.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "os/datagram_socket.hpp"

namespace mailinabox {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

constexpr std::size_t k_longest_datagram = 64 * 1024;  // a few KB, where nobody plays tricks
constexpr std::size_t k_most_at_once = 200;            // in one transaction
constexpr hours k_patience{24};
constexpr std::string_view k_to_address = "mailto:";

std::string report_name(const StoredTlsReport& stored) {
  const auto day = system_clock::time_point(hours(24 * stored.day));
  return stored.domain + ", " + rfc3339(day).substr(0, 10);
}

// "" if it was taken, else why it was not.
std::string sent_by_mail(Box& box, const TlsReport& report, const TlsReporter& reporter, const std::string& address) {
  // No bounces: nobody here can mend a stranger's address for reports.
  const Command command{.argv = {"sendmail", "-i", "-f", reporter.contact, "-N", "never", "--", address},
                        .input = tls_report_message(report, reporter, address, box.view().clock.now())};
  const CommandResult result = box.system.commands.run(command);
  if (result.exit_code == 0) return "";
  const std::string said(trim(result.err.empty() ? result.out : result.err));
  return "sendmail ended with exit code " + std::to_string(result.exit_code) + (said.empty() ? "" : ": " + said);
}

std::string sent_by_post(Box& box, const TlsReport& report, const TlsReporter& reporter, const std::string& url) {
  try {
    const int status =
        box.post({.url = url, .content_type = "application/tlsrpt+json", .content = tls_report_json(report, reporter)});
    return status >= 200 && status < 300 ? "" : "the server's answer is " + std::to_string(status);
  } catch (const Error& error) {
    return error.what();
  }
}

// Where it was taken, and why others before did not.
std::pair<std::string, std::string> deliver(Box& box, const TlsReport& report, const TlsReporter& reporter,
                                            const std::vector<std::string>& destinations) {
  std::string reasons;
  for (const std::string& destination : destinations) {
    const std::string reason = destination.starts_with(k_to_address)
                                   ? sent_by_mail(box, report, reporter, destination.substr(k_to_address.size()))
                                   : sent_by_post(box, report, reporter, destination);
    if (reason.empty()) return {destination, reasons};
    reasons += (reasons.empty() ? "" : "; ") + destination + ": " + reason;
  }
  return {"", reasons};
}

}  // namespace

TlsReportCollector::TlsReportCollector(const Clock& clock, const std::string& database, TellTlsReports tell)
    : clock_(clock), store_(database), tell_(std::move(tell)) {}

void TlsReportCollector::Trouble::happened(std::int64_t count, const std::string& reason, const TellTlsReports& tell) {
  if (count == 0) return;
  number_ += count;
  if (number_ < next_told_) return;
  while (next_told_ <= number_) next_told_ *= 10;
  tell(reason + " (" + std::to_string(number_) + " so far; said again at " + std::to_string(next_told_) + ")");
}

void TlsReportCollector::take(const std::vector<std::string>& datagrams) {
  std::vector<TlsObservation> observations;
  for (const std::string& datagram : datagrams) {
    try {
      if (datagram.size() > k_longest_datagram) {
        throw Error("a datagram is longer than " + std::to_string(k_longest_datagram) + " bytes");
      }
      observations.push_back(read_tls_observation(datagram));
    } catch (const std::exception& error) {
      unreadable_.happened(1, std::string("left out: ") + error.what(), tell_);
    }
  }
  if (observations.empty()) return;
  try {
    const std::int64_t left_out = store_.add(observations, tls_report_day(clock_.now()));
    too_many_.happened(left_out, "left out: there are more domains or policies today than are kept", tell_);
  } catch (const std::exception& error) {
    not_stored_.happened(static_cast<std::int64_t>(observations.size()), std::string("not stored: ") + error.what(),
                         tell_);
  }
}

void collect_tls_reports(Box& box, const std::string& socket, const std::string& database, const TellTlsReports& tell) {
  TlsReportCollector collector(box.system.clock, database, tell);
  DatagramSocket datagrams(socket);
  while (true) collector.take(datagrams.receive(k_most_at_once, k_longest_datagram));
}

SentTlsReports send_tls_reports(Box& box, const std::string& database, const TlsReporter& reporter) {
  SentTlsReports result;
  if (box.view().files.info(database).kind == FileKind::absent) return result;
  TlsReportStore store(box.view().files.real_path(database));
  const auto now = box.view().clock.now();
  for (const StoredTlsReport& stored : store.before(tls_report_day(now))) {
    const auto due = tls_report_due(stored.day, stored.domain, reporter.host);
    if (now < due || now < stored.next_attempt) continue;
    if (!store.claim(stored, now + hours(1LL << std::min<std::int64_t>(stored.attempts, 5)))) continue;
    const TlsReport report = store.load(stored);
    const auto destinations = tls_report_destinations(report.record, reporter.host);
    const auto [taken, reasons] = deliver(box, report, reporter, destinations);
    if (!taken.empty()) {
      result.sent.push_back(report_name(stored) + ": to " + taken);
    } else if (destinations.empty()) {
      result.given_up.push_back(report_name(stored) + ": its record names no place that could be written to");
    } else if (now - due < k_patience) {
      result.waiting.push_back(report_name(stored) + ": " + reasons);
      continue;
    } else {
      result.given_up.push_back(report_name(stored) + ": " + reasons);
    }
    store.forget(stored);
  }
  return result;
}

}  // namespace mailinabox
