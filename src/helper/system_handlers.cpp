#include "base/text.hpp"
#include "box/access/audit_log.hpp"
#include "helper/handlers.hpp"
#include "operations/audit.hpp"
#include "operations/privacy.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_reboot_required = "/run/reboot-required";

RebootInfo reboot_info(const Box& box) {
  RebootInfo info{.required = box.view().files.info(k_reboot_required).kind != FileKind::absent};
  if (const auto packages = box.view().files.read(std::string(k_reboot_required) + ".pkgs")) {
    for (const std::string_view line : lines_of(packages->content)) {
      if (!line.empty() && !contains(info.packages, line)) info.packages.emplace_back(line);
    }
  }
  return info;
}

// Who may not ask about others sees the jobs that they started.
void require_own_job(const RequestContext& context, const JobInfo& job) {
  if (!context.caller.sees_others() && job.account != context.self().email)
    throw UnknownName("There is no job " + job.id + ". Jobs are kept for a week.");
}

JobInfo start_job(RequestContext& context, const std::string& kind, const std::vector<std::string>& names, bool wait) {
  const Actor& actor = context.box.actor;
  JobInfo job = context.jobs.start(
      context.box, {.kind = kind, .names = names, .account = actor.account, .by = actor.by, .from = actor.from});
  while (wait && job.state == "running") {
    context.box.system.clock.sleep(std::chrono::milliseconds(50));
    job = JobStore(context.box).job(job.id);
  }
  return job;
}

AuditInfo audit_info(const AuditEntry& entry) {
  return {.id = entry.id,
          .at = rfc3339(entry.at),
          .account = entry.account,
          .by = entry.by,
          .from = entry.from,
          .action = entry.action,
          .target = entry.target,
          .before = entry.before,
          .after = entry.after,
          .result = entry.result,
          .generation = entry.generation,
          .job = entry.job};
}

}  // namespace

VersionInfo handle(RequestContext& context, const GetVersion& /*message*/) {
  return {.version = "v" + context.box.version, .hostname = context.stores.primary_hostname()};
}

PrivacyInfo handle(RequestContext& context, const GetPrivacy& /*message*/) {
  return {.private_box = is_private(context.box)};
}

PrivacyInfo handle(RequestContext& context, const SetPrivacy& message) {
  set_private(context.box, message.private_box);
  return {.private_box = message.private_box};
}

RebootInfo handle(RequestContext& context, const GetReboot& /*message*/) { return reboot_info(context.box); }

RebootInfo handle(RequestContext& context, const Reboot& /*message*/) {
  const RebootInfo info = reboot_info(context.box);
  // In a minute, so that the answer still arrives.
  if (info.required) (void)run_or_throw(context.box.system.commands, {.argv = {"shutdown", "-r", "+1"}});
  return info;
}

JobList handle(RequestContext& context, const ListJobs& /*message*/) { return {JobStore(context.box).all()}; }

JobInfo handle(RequestContext& context, const GetJob& message) {
  JobInfo job = JobStore(context.box).job(message.id);
  require_own_job(context, job);
  return job;
}

JobEvents handle(RequestContext& context, const GetJobEvents& message) {
  require_own_job(context, JobStore(context.box).job(message.id));
  return JobStore(context.box).events(message.id, message.after);
}

JobInfo handle(RequestContext& context, const StartSetup& message) {
  return start_job(context, "setup", message.only, message.wait);
}

JobInfo handle(RequestContext& context, const StartPlan& message) {
  return start_job(context, "plan", message.only, message.wait);
}

JobInfo handle(RequestContext& context, const StartProvisioning& message) {
  return start_job(context, "certificates", message.names, message.wait);
}

AuditPageInfo handle(RequestContext& context, const PageOfAudit& message) {
  AuditQuery query{.account = message.account, .action = message.action, .target = message.target};
  const auto after = parse_number<std::int64_t>(message.after.empty() ? "0" : message.after);
  if (!after) throw InvalidValue("after", "Expected `next` of the page before.");
  if (message.limit < 1 || message.limit > 500) throw InvalidValue("limit", "Expected a number from 1 to 500.");
  query.before_id = *after;
  query.limit = static_cast<std::size_t>(message.limit);
  const AuditPage page = read_audit_log(context.box, query);
  AuditPageInfo result{.next = page.next == 0 ? "" : std::to_string(page.next)};
  for (const AuditEntry& entry : page.entries) result.entries.push_back(audit_info(entry));
  return result;
}

}  // namespace mailinabox
