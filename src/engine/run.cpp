#include <exception>

#include "engine/engine.hpp"
#include "engine/pass.hpp"

namespace mailinabox {

Run::Run(System& system, Journal& journal, Reporter& reporter, std::string command)
    : system_(system),
      journal_(journal),
      reporter_(reporter),
      command_(std::move(command)),
      started_(system.clock.monotonic()) {}

Run::~Run() {
  if (closed_ || !begun_) return;
  try {
    journal_.end(false, report_ ? report_->count(Status::changed) : 0);
  } catch (...) {
    // The error on its way says more; the next run finds the journal as a cut-off one.
  }
}

void Run::join(const Report& report) { report_ = report_ ? together(*report_, report) : report; }

Report Run::pass(const Catalog& catalog) {
  if (!report_) {
    for (const std::string& note : journal_.notes()) reporter_.on_note(note);
  }
  if (begun_) journal_.next_pass();
  Pass pass(catalog, system_, journal_, reporter_, command_, begun_);
  try {
    pass.go();
  } catch (const std::exception&) {
    join(pass.report());
    throw;
  }
  join(pass.report());
  return pass.report();
}

Report Run::close(bool ok) {
  Report report = report_.value_or(Report{});
  closed_ = true;
  if (begun_) {
    report.generation = journal_.end(ok && !report.failed(), report.count(Status::changed));
  } else {
    journal_.close_earlier();
  }
  report.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(system_.clock.monotonic() - started_);
  return report;
}

Report apply(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command) {
  Run run(system, journal, reporter, command);
  static_cast<void>(run.pass(catalog));
  return run.close();
}

}  // namespace mailinabox
