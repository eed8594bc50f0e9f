#include "operations/json_forms.hpp"

#include <nlohmann/json.hpp>

namespace mailinabox {
namespace {

bool worth_telling(const Outcome& outcome) { return outcome.status != Status::in_sync; }

Json change_json(const Outcome& outcome, bool with_diff) {
  Json change = {{"id", outcome.id.text()},
                 {"recipe", outcome.recipe},
                 {"action", to_string(outcome.action)},
                 {"summary", summarize(outcome)}};
  if (with_diff && !outcome.changes.empty()) change["diff"] = render_diff(outcome);
  if (outcome.local) change["local"] = true;
  if (!outcome.new_release.empty()) change["new_release"] = outcome.new_release;
  if (outcome.status == Status::failed) change["status"] = "failed";
  if (outcome.status == Status::not_reached) change["status"] = "not_reached";
  if (!outcome.error.empty()) change["error"] = outcome.error;
  return change;
}

const char* result_word(CertificateRequest::Result result) {
  static constexpr const char* k_words[] = {"installed", "skipped", "error"};
  return k_words[static_cast<std::size_t>(result)];
}

}  // namespace

Json report_json(const Report& report, bool with_diff) {
  const std::size_t changed = report.count(Status::changed) + report.count(Status::would_change);
  Json json = {{"result", report.failed() ? "failed" : "ok"},
               {"changed", changed},
               {"unchanged", report.count(Status::in_sync)},
               {"failed", report.count(Status::failed) + report.refresh_failures.size()},
               {"not_reached", report.count(Status::not_reached)},
               {"reloaded", report.reloaded},
               {"restarted", report.restarted},
               {"left_over", report.left_over},
               {"generation", nullptr},
               {"elapsed_ms", report.elapsed.count()},
               {"changes", Json::array()}};
  if (report.generation) json["generation"] = *report.generation;
  for (const Outcome& outcome : report.outcomes) {
    if (worth_telling(outcome)) json["changes"].push_back(change_json(outcome, with_diff));
  }
  for (const Outcome& outcome : report.refresh_failures) json["changes"].push_back(change_json(outcome, with_diff));
  json["removed_packages"] = Json::array();
  for (const RemovedPackage& package : report.packages.removed) {
    json["removed_packages"].push_back(
        {{"name", package.name}, {"version", package.version}, {"reason", package.reason}});
  }
  // An empty list would look as if there were none.
  if (!report.packages.unknown.empty()) {
    json["removed_packages_unknown"] = report.packages.unknown;
    if (report.packages.removed.empty()) json["removed_packages"] = nullptr;
  }
  return json;
}

Json requests_json(const std::vector<CertificateRequest>& requests) {
  Json all = Json::array();
  for (const CertificateRequest& one : requests)
    all.push_back({{"domains", one.domains}, {"result", result_word(one.result)}, {"log", one.log}});
  return all;
}

}  // namespace mailinabox
