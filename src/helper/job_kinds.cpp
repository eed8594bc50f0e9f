#include "base/text.hpp"
#include "engine/engine.hpp"
#include "helper/jobs.hpp"
#include "operations/hold.hpp"
#include "operations/json_forms.hpp"
#include "operations/plan.hpp"
#include "operations/publish.hpp"
#include "operations/setup.hpp"
#include "operations/tls/provision.hpp"

namespace mailinabox {
namespace {

Scope scope_of(const std::vector<std::string>& only) {
  return only.empty() ? Scope::everything() : Scope::recipes(only);
}

// What a run does, as events.
class TellingReporter final : public Reporter {
 public:
  explicit TellingReporter(JobTeller& teller) : teller_(teller) {}

  void on_recipe(const CatalogRecipe& recipe, Phase /*phase*/) override { teller_.tell("progress", recipe.name); }
  void on_outcome(const Outcome& outcome) override {
    if (outcome.status == Status::changed) teller_.tell("change", outcome.id.text() + ": " + summarize(outcome));
    if (outcome.status == Status::failed) teller_.tell("failure", outcome.id.text() + ": " + outcome.error);
  }
  void on_refresh(const std::string& service, Refreshed what) override {
    teller_.tell("change", (what == Refreshed::reloaded ? "reloaded " : "restarted ") + service);
  }
  void on_note(const std::string& line) override { teller_.tell("warning", line); }

 private:
  JobTeller& teller_;
};

LockRequest job_lock(const std::string& command, JobTeller& teller) {
  return {.command = command, .on_wait = [&teller](const std::string& message) { teller.tell("progress", message); }};
}

JobOutcome plan_job(const Box& box, JobTeller& teller, const std::vector<std::string>& only) {
  const PlanResult result = plan_box(box, scope_of(only));
  for (const std::string& warning : result.warnings) teller.tell("warning", warning);
  for (const Outcome& outcome : result.report.outcomes) {
    if (outcome.status == Status::would_change) teller.tell("plan", outcome.id.text() + ": " + summarize(outcome));
  }
  return {.ok = !result.report.failed(), .result = report_json(result.report, true)};
}

JobOutcome setup_job(const Box& box, JobTeller& teller, const std::vector<std::string>& only) {
  const HeldLock lock(box, job_lock("setup", teller));
  if (const auto held = read_hold(box))
    throw Error(held->text() + " `sudo mailinabox rollback --release` on the machine ends this.");
  LoadedBox loaded = load_answers(box);
  PreparedSetup prepared = prepare_setup(box, lock, scope_of(only), loaded.facts, read_answers(box), loaded.complete);
  for (const std::string& warning : prepared.warnings) teller.tell("warning", warning);
  TellingReporter reporter(teller);
  const SetupResult result = set_up(box, lock, std::move(prepared), {}, reporter);
  for (const std::string& warning : result.warnings) teller.tell("warning", warning);
  return {.ok = result.succeeded(), .error = result.first_user_error, .result = report_json(result.report, false)};
}

JobOutcome provisioning_job(const Box& box, JobTeller& teller, const std::vector<std::string>& names) {
  const Provisioned done = provision_certificates(box, {.names = names}, job_lock("tls provision", teller));
  for (const CertificateRequest& request : done.requests) {
    const bool failed = request.result == CertificateRequest::Result::error;
    teller.tell(failed ? "failure" : "progress", joined(request.domains, ", ") + ": " + joined(request.log, " "));
  }
  Json result = {
      {"requests", requests_json(done.requests)}, {"updated", Json::array()}, {"installed", done.installed()}};
  if (done.publication) result["updated"] = change_lines(done.publication->report);
  return {.ok = done.exit_code() == ExitCode::ok, .result = result};
}

}  // namespace

JobOutcome do_job(const Box& box, const JobRequest& request, JobTeller& teller) {
  if (request.kind == "setup") return setup_job(box, teller, request.names);
  if (request.kind == "plan") return plan_job(box, teller, request.names);
  if (request.kind == "certificates") return provisioning_job(box, teller, request.names);
  throw Error("There is no job of the kind \"" + request.kind + "\".");
}

}  // namespace mailinabox
