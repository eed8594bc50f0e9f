#include <exception>
#include <utility>

#include "base/error.hpp"
#include "engine/deliveries.hpp"
#include "engine/engine.hpp"
#include "engine/losses.hpp"

namespace mailinabox {
namespace {

// Tells the reporter how far the download of the present entry is.
class ReportingDownloader final : public Downloader {
 public:
  ReportingDownloader(Downloader& downloader, Reporter& reporter) : downloader_(downloader), reporter_(reporter) {}
  void set_entry(const ResourceId& id) { id_ = id; }
  void fetch(const std::string& url, const std::string& sha256, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) override {
    downloader_.fetch(url, sha256, path, [&](std::uint64_t done, std::uint64_t total) {
      if (progress) progress(done, total);
      reporter_.on_download(id_, done, total);
    });
  }

 private:
  Downloader& downloader_;
  Reporter& reporter_;
  ResourceId id_{};
};

// One pass over a catalog. Each part uses only those above it.
class Pass {
 public:
  Pass(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command,
       const RunOptions& options, std::function<void()> on_accepted)
      : options_(options),
        on_accepted_(std::move(on_accepted)),
        plain_(system),
        journal_(journal),
        files_(system.files, journal),
        downloader_(system.downloader, reporter),
        system_{files_,          system.commands, system.packages, system.services,
                system.accounts, system.machine,  downloader_,     system.clock},
        order_(catalog),
        outcomes_(order_, reporter),
        notices_(order_, journal),
        announcements_(order_, outcomes_, system_.view(), journal, command),
        touched_(order_, files_, journal),
        converger_(order_, system_, outcomes_, announcements_, notices_, touched_),
        deliveries_(order_, system_, outcomes_, announcements_, notices_, touched_, converger_) {}

  const Report& report() const { return outcomes_.report(); }

  void go() {
    for (const std::string& note : notices_.notes()) outcomes_.note(note);
    announcements_.look_ahead();
    if (!options_.replace_lost) refuse_losses();
    fetch();
    on_accepted_();
    converger_.converge_packages();
    converger_.converge(Step::resources);
    deliveries_.run_handlers();
    deliveries_.run_services();
    converger_.converge(Step::after_services);
    finish();
  }

 private:
  void refuse_losses() const {
    const std::set<SeenEntry> seen = journal_.seen();
    std::string losses;
    for (const auto& [entry, difference] : announcements_.ahead()) {
      if (difference.action != Action::create) continue;
      if (const auto loss = loss_of(order_.catalog(), order_.at(entry), seen)) losses += *loss + ".\n";
    }
    if (!losses.empty()) throw Error(losses + "Nothing has been changed. " + advice_on_losses());
  }

  void fetch() {
    System fetching{plain_.files,    plain_.commands, plain_.packages, plain_.services,
                    plain_.accounts, plain_.machine,  downloader_,     plain_.clock};
    std::vector<std::string> packages;
    std::vector<std::string> unwanted;
    std::optional<std::size_t> first_package;
    for (const auto& [entry, difference] : announcements_.ahead()) {
      const CatalogEntry& declared = order_.at(entry);
      if (const auto package = declared.resource->package(); package && order_.step(entry) == Step::packages) {
        if (!first_package) first_package = entry;
        (package->absent ? unwanted : packages).push_back(package->name);
        continue;
      }
      downloader_.set_entry(declared.id);
      try {
        declared.resource->fetch(fetching);
      } catch (const Error& error) {
        throw Error(failure_of(declared, error).message, error.code());
      }
    }
    if (!first_package) return;
    outcomes_.tell_recipe(*first_package);
    plain_.packages.download(packages, [&](const PackageProgress& progress) { outcomes_.progress(progress); });
    if (options_.on_packages) options_.on_packages(plain_.packages.consequences(packages, unwanted));
  }

  void finish() {
    if (notices_.has_dropped()) announcements_.begin();
    notices_.forget_dropped();
    journal_.see(seen_after(order_.catalog(), report(), journal_.seen()));
    for (const std::size_t entry : announcements_.announced()) {
      const Status status = outcomes_.of(entry).status;
      if (status == Status::in_sync || status == Status::not_reached) notices_.not_made(entry);
    }
  }

  const RunOptions& options_;
  const std::function<void()> on_accepted_;
  System& plain_;
  Journal& journal_;
  JournalingFileSystem files_;
  ReportingDownloader downloader_;
  System system_;  // the machine, with everything journaled
  const RunOrder order_;
  Outcomes outcomes_;
  Notices notices_;
  Announcements announcements_;
  TouchedPaths touched_;
  Converger converger_;
  Deliveries deliveries_;
};

}  // namespace

Run::Run(System& system, Journal& journal, Reporter& reporter, std::string command, RunOptions options)
    : system_(system),
      journal_(journal),
      reporter_(reporter),
      command_(std::move(command)),
      options_(std::move(options)),
      started_(system.clock.monotonic()) {}

Run::~Run() {
  if (closed_ || !journal_.is_open()) return;
  try {
    journal_.end(false, report_ ? report_->count(Status::changed) : 0);
  } catch (...) {
    // The error on its way says more; the next run finds the journal as a cut-off one.
  }
}

// The journal knows of them until it is begun.
void Run::tell_of_earlier_runs() {
  if (std::exchange(told_, true)) return;
  for (const std::string& note : journal_.notes()) reporter_.on_note(note);
}

Report Run::pass(const Catalog& catalog) {
  tell_of_earlier_runs();
  if (report_ && journal_.is_open()) journal_.next_pass();
  Pass pass(catalog, system_, journal_, reporter_, command_, options_, [this] {
    if (options_.on_accepted) options_.on_accepted(*this);
  });
  std::exception_ptr error;
  try {
    pass.go();
  } catch (...) {
    error = std::current_exception();
  }
  report_ = report_ ? together(*report_, pass.report()) : pass.report();
  if (error) std::rethrow_exception(error);
  return pass.report();
}

void Run::write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  tell_of_earlier_runs();
  if (!journal_.is_open()) journal_.begin(command_);
  journal_.keep(path, {"file", path});
  journal_.sync();
  system_.files.write(path, content, attributes);
  ++written_;
}

Report Run::close(bool ok) {
  Report report = report_.value_or(Report{});
  closed_ = true;
  if (journal_.is_open()) {
    report.generation = journal_.end(ok && !report.failed(), report.count(Status::changed) + written_);
    for (const std::string& warning : journal_.warnings()) reporter_.on_note(warning);
  } else {
    journal_.close_earlier();
  }
  report.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(system_.clock.monotonic() - started_);
  return report;
}

Report apply(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command,
             RunOptions options) {
  Run run(system, journal, reporter, command, std::move(options));
  static_cast<void>(run.pass(catalog));
  return run.close();
}

}  // namespace mailinabox
