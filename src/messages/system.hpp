// Messages about the machine, its jobs and what was done.
#pragma once

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "messages/run_info.hpp"

namespace mailinabox {

struct VersionInfo {
  std::string version{};
  std::string hostname{};
  static Members members() {
    return {member("version", &VersionInfo::version, "Of the program: \"v0.1.0\""),
            member("hostname", &VersionInfo::hostname, "The box's name")};
  }
};

struct GetVersion {
  static constexpr const char* k_name = "get_version";
  static constexpr const char* k_summary = "The program's version and the box's name";
  static constexpr Rights k_rights{Area::system, Effect::look};
  using Result = VersionInfo;
  static Members members() { return {}; }
};

struct PrivacyInfo {
  bool private_box = true;
  static Members members() {
    return {member("private", &PrivacyInfo::private_box, "Whether nobody is asked about new versions")};
  }
};

struct GetPrivacy {
  static constexpr const char* k_name = "get_privacy";
  static constexpr const char* k_summary = "Whether the box asks nobody about new versions";
  static constexpr Rights k_rights{Area::system, Effect::look};
  using Result = PrivacyInfo;
  static Members members() { return {}; }
};

struct SetPrivacy {
  static constexpr const char* k_name = "set_privacy";
  static constexpr const char* k_summary = "Let the box ask about new versions, or not";
  static constexpr Rights k_rights{Area::system, Effect::change};
  using Result = PrivacyInfo;
  using Current = GetPrivacy;
  bool private_box = true;
  static Members members() { return {member("private", &SetPrivacy::private_box, "Whether nobody is asked")}; }
};

struct RebootInfo {
  bool required = false;
  std::vector<std::string> packages{};
  static Members members() {
    return {member("required", &RebootInfo::required, "Whether packages ask for it"),
            member("packages", &RebootInfo::packages, "Which")};
  }
};

struct GetReboot {
  static constexpr const char* k_name = "get_reboot";
  static constexpr const char* k_summary = "Whether packages ask for a reboot";
  static constexpr Rights k_rights{Area::system, Effect::look};
  using Result = RebootInfo;
  static Members members() { return {}; }
};

struct Reboot {
  static constexpr const char* k_name = "reboot";
  static constexpr const char* k_summary = "Reboot the machine, if packages ask for it";
  static constexpr Rights k_rights{Area::system, Effect::change};
  using Result = RebootInfo;  // required: false, nothing was done
  static Members members() { return {}; }
};

// ---- Jobs -----------------------------------------------------------------------------------------------------------

struct JobEvent {
  std::int64_t number = 0;
  std::string at{};
  std::string kind{};
  std::string text{};
  static Members members() {
    return {member("number", &JobEvent::number, "From 1"), member("at", &JobEvent::at, "When"),
            member("kind", &JobEvent::kind, "begin, plan, progress, change, warning, failure or end"),
            member("text", &JobEvent::text, "What happened")};
  }
};

struct JobInfo {
  std::string id{};
  std::string kind{};
  std::string account{};
  std::string created{};
  std::string ended{};
  std::string state{};
  std::string error{};
  Json result{};
  static Members members() {
    return {member("id", &JobInfo::id, "Names it"),
            member("kind", &JobInfo::kind, "setup, plan, certificates"),
            member("account", &JobInfo::account, "Who started it"),
            member("created", &JobInfo::created, "When"),
            member("ended", &JobInfo::ended, "When it ended; empty while it runs"),
            member("state", &JobInfo::state, "running, done, failed, or lost if its process ended without a word"),
            member("error", &JobInfo::error, "Why it failed"),
            member("result", &JobInfo::result, "What it found or did; null while it runs")};
  }
};

struct JobList {
  std::vector<JobInfo> jobs{};
  static Members members() { return {member("jobs", &JobList::jobs, "The newest first")}; }
};

struct ListJobs {
  static constexpr const char* k_name = "list_jobs";
  static constexpr const char* k_summary = "The jobs of the last days";
  static constexpr Rights k_rights{Area::system, Effect::look};
  using Result = JobList;
  static Members members() { return {}; }
};

struct GetJob {
  static constexpr const char* k_name = "get_job";
  static constexpr const char* k_summary = "A job: its state and its result";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = JobInfo;
  std::string id{};
  static Members members() { return {member("id", &GetJob::id, "The job")}; }
};

struct JobEvents {
  std::vector<JobEvent> events{};
  bool ended = false;
  static Members members() {
    return {member("events", &JobEvents::events, "In order"),
            member("ended", &JobEvents::ended, "Whether these are the last ones")};
  }
};

struct GetJobEvents {
  static constexpr const char* k_name = "get_job_events";
  static constexpr const char* k_summary = "What a job has told so far";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = JobEvents;
  std::string id{};
  std::int64_t after = 0;
  static Members members() {
    return {member("id", &GetJobEvents::id, "The job"),
            optional_member("after", &GetJobEvents::after, "Only events after this number")};
  }
};

struct StartSetup {
  static constexpr const char* k_name = "start_setup";
  static constexpr const char* k_summary = "Make the box what its recipes say: a job";
  static constexpr Rights k_rights{Area::system, Effect::job};
  using Result = JobInfo;
  std::vector<std::string> only{};
  bool wait = false;
  static Members members() {
    return {optional_member("wait", &StartSetup::wait, "Reply when it has ended, with its result"),
            optional_member("only", &StartSetup::only, "Only these recipes and what they require")};
  }
};

struct StartPlan {
  static constexpr const char* k_name = "start_plan";
  static constexpr const char* k_summary = "What setup would change: a job that changes nothing";
  static constexpr Rights k_rights{Area::system, Effect::job};
  using Result = JobInfo;
  std::vector<std::string> only{};
  bool wait = false;
  static Members members() {
    return {optional_member("wait", &StartPlan::wait, "Reply when it has ended, with its result"),
            optional_member("only", &StartPlan::only, "Only these recipes and what they require")};
  }
};

struct StartProvisioning {
  static constexpr const char* k_name = "start_provisioning";
  static constexpr const char* k_summary = "Ask the authority for the certificates that are needed: a job";
  static constexpr Rights k_rights{Area::tls, Effect::job};
  using Result = JobInfo;
  std::vector<std::string> names{};
  bool wait = false;
  static Members members() {
    return {optional_member("wait", &StartProvisioning::wait, "Reply when it has ended, with its result"),
            optional_member("names", &StartProvisioning::names, "Only these; every name of the box without")};
  }
};

// ---- What was done --------------------------------------------------------------------------------------------------

struct AuditInfo {
  std::int64_t id = 0;
  std::string at{};
  std::string account{};
  std::string by{};
  std::string from{};
  std::string action{};
  std::string target{};
  std::string before{};
  std::string after{};
  std::string result{};
  std::optional<std::int64_t> generation{};
  std::string job{};
  static Members members() {
    return {member("id", &AuditInfo::id, "Its number"),
            member("at", &AuditInfo::at, "When"),
            member("account", &AuditInfo::account, "Who"),
            member("by", &AuditInfo::by, "session, password, token NAME, API key or command line"),
            member("from", &AuditInfo::from, "From which address; empty for the command line"),
            member("action", &AuditInfo::action, "What: \"user add\""),
            member("target", &AuditInfo::target, "Of what"),
            member("before", &AuditInfo::before, "The value before, without secrets"),
            member("after", &AuditInfo::after, "The value after, without secrets"),
            member("result", &AuditInfo::result, "done, or why it failed; empty if it was cut off or is under way"),
            member("generation", &AuditInfo::generation, "The run that followed, in `mailinabox history`"),
            member("job", &AuditInfo::job, "The job that it was part of")};
  }
};

struct AuditPageInfo {
  std::vector<AuditInfo> entries{};
  std::string next{};
  static Members members() {
    return {member("entries", &AuditPageInfo::entries, "The newest first"),
            member("next", &AuditPageInfo::next, "`after` for the next page; empty at the end")};
  }
};

struct PageOfAudit {
  static constexpr const char* k_name = "page_of_audit";
  static constexpr const char* k_summary = "Who changed what, a page at a time";
  static constexpr Rights k_rights{Area::system, Effect::look};
  using Result = AuditPageInfo;
  std::string account{};
  std::string action{};
  std::string target{};
  std::string after{};
  std::int64_t limit = 50;
  static Members members() {
    return {optional_member("account", &PageOfAudit::account, "Only of this account"),
            optional_member("action", &PageOfAudit::action, "Only actions that begin so: \"user\""),
            optional_member("target", &PageOfAudit::target, "Only if this is part of the target"),
            optional_member("after", &PageOfAudit::after, "`next` of the page before"),
            optional_member("limit", &PageOfAudit::limit, "How many, 1 to 500; 50 if not given")};
  }
};

}  // namespace mailinabox
