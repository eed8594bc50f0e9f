// A report as people and as programs read it.
#pragma once

#include <iosfwd>
#include <string>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "engine/report.hpp"
#include "operations/json_forms.hpp"
#include "operations/publish.hpp"
#include "operations/release.hpp"
#include "operations/users.hpp"

namespace mailinabox {

// These keys, for --help, and what the command has `besides`.
std::vector<JsonKey> report_keys(const std::vector<JsonKey>& besides);

// The JSON object of every command that ends before it has a result: the keys of a report, as of a run that did
// nothing, with "result": "failed", "error": why, and "exit_code": the program's exit status.
void print_error_json(Console& console, const std::string& error, int exit_status);

// Prints an object with a line's end.
void print_json(Console& console, const Json& json);

// That the machine has moved to another release, and how the changes that stem from that are marked: a line, and an
// object.
std::string move_text(const Move& move);
Json move_json(const Move& move);

// Every change as one line (with its diff below), and what failed, for `plan`.
std::string plan_text(const Report& report, bool with_diff);

// "Nothing to do: all 250 resources are up to date (0.05 s).", or what was done.
std::string summary_text(const Report& report);

// Each failure with its place and reason, how many resources were skipped, and what to do. "" if nothing failed.
std::string failures_text(const Report& report);

// "Set up so far: system, ssh.\nNot yet: dns.\n"; "" where nothing has been.
std::string parts_text(const BoxParts& parts);

// Prints the warnings, what changed and what is not yet published; `otherwise` if nothing changed. Returns how it went.
ExitCode print_publication(Console& console, const Publication& publication, const std::string& otherwise = "");

// The same as a JSON object: a report's keys, "updated" (change_lines), "warnings", "published", "error" if there is
// one, and `more`.
ExitCode print_publication_json(Console& console, const Publication& publication, const Json& more);
std::vector<JsonKey> publication_keys(const std::vector<JsonKey>& besides);

// The same after the directory's own lines.
ExitCode print_directory_change(Console& console, const DirectoryChange& change);

// "0.4 s", "75 s", "3 min 20 s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace mailinabox
