#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>

#include "base/interruption.hpp"
#include "base/utf8.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

std::string megabytes(std::uint64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6); }

std::string bar(double fraction, int width) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * width + 0.5);
  return "[" + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(width - full), '.') + "]";
}

// Figures first: a narrow terminal cuts the rest.
std::string packages_text(const PackageProgress& progress) {
  if (interruption_pending()) return "interrupted: apt finishes its step; another Ctrl-C ends this at once";
  // Before the first package apt reports its own start.
  const std::string package = progress.detail == "dpkg-exec" ? "" : progress.detail;
  const int percent = static_cast<int>(std::clamp(progress.fraction, 0.0, 1.0) * 100);
  switch (progress.step) {
    case PackageProgress::Step::waiting_for_lock:
      return "waiting for another package manager" + (progress.detail.empty() ? "" : ": " + progress.detail);
    case PackageProgress::Step::refreshing:
      return "reading the package lists";
    case PackageProgress::Step::downloading:
      return fmt::format("downloading packages {} of {} MB {}", megabytes(progress.bytes_done),
                         megabytes(progress.bytes_total), bar(progress.fraction, 20));
    case PackageProgress::Step::installing:
      return fmt::format("installing packages {}% {} {}", percent, bar(progress.fraction, 20), package);
    case PackageProgress::Step::configuring:
      return fmt::format("configuring packages {}% {} {}", percent, bar(progress.fraction, 20), package);
    case PackageProgress::Step::complaint:
      return progress.detail;  // the engine passes these on as notes
  }
  return {};
}

std::string refreshed_text(Refreshed what) {
  switch (what) {
    case Refreshed::reloaded:
      return "reloaded";
    case Refreshed::restarted:
      return "restarted";
    case Refreshed::started:
      return "started";
    case Refreshed::ran:
      return "ran";
    case Refreshed::nothing:
      break;
  }
  return {};
}

// One line for each event; package steps at every quarter.
class PlainProgress final : public Reporter {
 public:
  explicit PlainProgress(Console& console) : errors_(console.errors) {}

  void on_outcome(const Outcome& outcome) override {
    if (outcome.status == Status::changed) {
      errors_ << outcome.recipe << ": " << to_string(outcome.action) << " " << outcome.id.text() << "\n";
    }
    if (outcome.status == Status::failed) {
      errors_ << outcome.recipe << ": FAILED " << outcome.id.text() << ": " << outcome.error << "\n";
    }
    errors_.flush();
  }
  void on_packages(const PackageProgress& progress) override {
    // apt installs and configures by turns, and counts both as one.
    const auto step =
        progress.step == PackageProgress::Step::configuring ? PackageProgress::Step::installing : progress.step;
    const int quarter = static_cast<int>(progress.fraction * 4);
    const bool news = interruption_pending() && !interrupted_;
    if (step == step_ && quarter == quarter_ && !news) return;
    interrupted_ = interruption_pending();
    step_ = step;
    quarter_ = quarter;
    errors_ << "packages: " << packages_text(progress) << std::endl;
  }
  void on_refresh(const std::string& service, Refreshed what) override {
    if (what != Refreshed::nothing) errors_ << service << ": " << refreshed_text(what) << std::endl;
  }
  void on_note(const std::string& line) override { errors_ << "note: " << line << std::endl; }

 private:
  std::ostream& errors_;
  std::optional<PackageProgress::Step> step_{};
  int quarter_ = -1;
  bool interrupted_ = false;
};

// The last line is what is being done; a recipe that changed something leaves a line behind.
class TerminalProgress final : public Reporter {
 public:
  TerminalProgress(const Clock& clock, Console& console)
      : console_(console), errors_(console.errors), clock_(clock), colour_(console.colour) {
    begun_ = clock_.monotonic();
  }
  ~TerminalProgress() override { finish(); }
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  void on_recipe(const CatalogRecipe& recipe, Phase phase) override {
    if (recipe.name == recipe_ && phase == phase_) return;
    finish();
    recipe_ = recipe.name;
    phase_ = phase;
    begun_ = clock_.monotonic();
    show(recipe.summary, false);
  }
  void on_start(const CatalogEntry& entry, Action action) override {
    if (recipe_.empty()) recipe_ = entry.recipe;
    show(to_string(action) + " " + entry.id.text(), true);
  }
  void on_outcome(const Outcome& outcome) override {
    if (outcome.status == Status::changed) ++changed_;
    if (outcome.status != Status::failed) return;
    clear();
    errors_ << paint("31", "FAILED") << " " << outcome.id.text() << ": " << outcome.error << std::endl;
  }
  void on_packages(const PackageProgress& progress) override {
    if (recipe_ != "packages") {
      finish();
      recipe_ = "packages";
      begun_ = clock_.monotonic();
    }
    ++changed_;
    show(packages_text(progress), false);
  }
  void on_download(const ResourceId& id, std::uint64_t done, std::uint64_t total) override {
    const double fraction = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
    show(fmt::format("downloading {} of {} MB {} {}", megabytes(done), megabytes(total), bar(fraction, 20), id.name),
         false);
  }
  void on_refresh(const std::string& service, Refreshed what) override {
    if (what == Refreshed::nothing) return;
    finish();
    leave_line(service, refreshed_text(what));
  }
  void on_note(const std::string& line) override {
    clear();
    errors_ << line << std::endl;
  }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return colour_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }

  // What stands behind `before` columns; the last column stays free, or some terminals begin a new line.
  std::string fitted_to_terminal(const std::string& text, std::size_t before) const {
    constexpr std::size_t k_least = 20;  // less is nothing that anybody could read
    const std::size_t columns = std::max(k_least, console_.columns ? console_.columns() : 80);
    return fitted(text, columns - 1 - before, console_.ellipsis);
  }

  std::string elapsed() const {
    return duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - begun_));
  }

  // At most ten times a second, or writing would cost more than the work.
  void show(const std::string& what, bool now) {
    const auto time = clock_.monotonic();
    if (!now && shown_ && time - last_ < std::chrono::milliseconds(100)) return;
    last_ = time;
    const std::string line = fmt::format("  {:<12} {} ({})", recipe_, what, elapsed());
    clear();
    errors_ << fitted_to_terminal(line, 0) << std::flush;
    shown_ = true;
  }

  void clear() {
    if (shown_) errors_ << "\r\033[K";
    shown_ = false;
  }

  void leave_line(const std::string& name, const std::string& what) {
    clear();
    const std::string mark = "  ok ";
    errors_ << paint("32", mark) << fitted_to_terminal(fmt::format("{:<12} {}", name, what), mark.size()) << std::endl;
  }

  void finish() {
    if (!recipe_.empty() && changed_ > 0) {
      leave_line(recipe_, recipe_ == "packages" ? "installed, " + elapsed()
                                                : fmt::format("{} changed, {}", changed_, elapsed()));
    }
    clear();
    changed_ = 0;
    recipe_.clear();
  }

  const Console& console_;
  std::ostream& errors_;
  const Clock& clock_;
  const bool colour_;
  std::string recipe_{};
  Phase phase_ = Phase::resources;
  std::chrono::steady_clock::time_point begun_{};
  std::chrono::steady_clock::time_point last_{};
  std::size_t changed_ = 0;
  bool shown_ = false;
};

}  // namespace

std::unique_ptr<Reporter> make_progress(const Clock& clock, Console& console, bool plain) {
  if (console.errors_terminal && !plain) return std::make_unique<TerminalProgress>(clock, console);
  return std::make_unique<PlainProgress>(console);
}

}  // namespace mailinabox
