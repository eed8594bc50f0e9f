// A report as people and as programs read it.
#pragma once

#include <iosfwd>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/environment.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// design.md section 8: result, changed, unchanged, failed, reloaded, restarted, generation, elapsed_ms, changes (each
// with id, recipe, action, summary, and where they apply diff, local, error); not_reached beside them.
nlohmann::ordered_json report_json(const Report& report, bool with_diff);

// The same keys for a run that ended before there was a report, with "error": the message.
void print_error_json(Environment& environment, const Error& error);

// Runs a command whose standard output is one JSON object: an error that it throws becomes one, too, and goes on its
// way.
template <typename Function>
ExitCode with_json_errors(Environment& environment, bool json, const Function& function) {
  try {
    return function();
  } catch (const Error& error) {
    if (json) print_error_json(environment, error);
    throw;
  }
}

// Every change as one line (with its diff below), and what failed, for `plan`.
std::string plan_text(const Report& report, bool with_diff);

// "Nothing to change: 250 things are as they should be (0.05 s)." or what was done.
std::string summary_text(const Report& report);

// What failed, where, why; what was not reached; what now. "" where nothing failed.
std::string failures_text(const Report& report);

// "0.4 s", "75 s", "3 min 20 s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace mailinabox
