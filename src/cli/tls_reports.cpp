#include <memory>
#include <ostream>

#include "cli/command.hpp"
#include "operations/tls_reports.hpp"

namespace mailinabox {
namespace {

struct TlsReportOptions {
  std::string socket = "/var/spool/postfix/tls-reports/tls-reports.sock";
  std::string database = "/var/lib/mailinabox-tls-reports/reports.sqlite";
  TlsReporter reporter{};
  bool quiet = false;
};

void declare_database(CommandOptions& line, TlsReportOptions& options) {
  line.text("--database", options.database, "FILE", "What has been observed (default: " + options.database + ")");
}

CliCommand tls_reports_collect() {
  const auto options = std::make_shared<TlsReportOptions>();
  CliCommand command{.name = "tls-reports collect",
                     .summary = "Add up what Postfix tells about TLS with other mail servers (a service)"};
  command.details =
      "Takes what Postfix (smtp_tlsrpt_enable) sends to a socket for each connection to a domain that wants TLS\n"
      "reports, and adds it up in a database until a signal ends it. Runs as a service; recipe tls-reports starts it.";
  command.examples = {"systemctl status mailinabox-tls-reports", "grep TLSRPT /var/log/mail.log   (what is told)"};
  command.declare = [options](CommandOptions& line) {
    line.text("--socket", options->socket, "PATH", "Where Postfix sends to (default: " + options->socket + ")");
    declare_database(line, *options);
  };
  command.run = [options](Box& box, Console& console) -> ExitCode {
    collect_tls_reports(box, options->socket, options->database,
                        [&](const std::string& line) { console.errors << line << std::endl; });
  };
  return command;
}

ExitCode send_and_tell(Box& box, Console& console, const TlsReportOptions& options) {
  if (options.reporter.host.empty()) throw Error("--host names the box that sends the reports: give it");
  if (options.reporter.contact.empty()) throw Error("--contact is the address that reports come from: give it");
  const SentTlsReports result = send_tls_reports(box, options.database, options.reporter);
  if (options.quiet) return ExitCode::ok;
  for (const std::string& line : result.sent) console.output << "Sent: " << line << "\n";
  for (const std::string& line : result.waiting) console.output << "Not sent now, tried again later: " << line << "\n";
  for (const std::string& line : result.given_up) console.output << "Given up: " << line << "\n";
  return ExitCode::ok;
}

CliCommand tls_reports_send() {
  const auto options = std::make_shared<TlsReportOptions>();
  CliCommand command{.name = "tls-reports send",
                     .summary = "Send the TLS reports that are due to other domains (started by cron)"};
  command.details =
      "Sends each domain that wants TLS reports (RFC 8460) what was observed on days that are over, some time in the\n"
      "first hours of the next day (UTC), and forgets it. A report that is not taken is tried again for a day. cron\n"
      "starts it every hour; recipe tls-reports says how to switch that off.";
  command.examples = {
      "sudo -u mailinabox-tls-reports mailinabox tls-reports send --host box.example.com --contact "
      "administrator@box.example.com"};
  command.exit_codes = {"0   done, also if a report was not taken", "1   failed; standard error says why"};
  command.declare = [options](CommandOptions& line) {
    line.text("--host", options->reporter.host, "NAME", "The box's name, as the reports' submitter");
    line.text("--contact", options->reporter.contact, "ADDRESS", "The address that reports come from");
    declare_database(line, *options);
    line.flag("--quiet", options->quiet, "Print nothing but errors");
  };
  command.run = [options](Box& box, Console& console) { return send_and_tell(box, console, *options); };
  return command;
}

}  // namespace

std::vector<CliCommand> tls_reports_commands() { return {tls_reports_collect(), tls_reports_send()}; }

}  // namespace mailinabox
