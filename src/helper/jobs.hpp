// Long work: each job is a process of its own, which goes on when whoever asked for it has gone, and when the helper
// is restarted. What it tells is kept in files, so that it can be read while it runs and afterwards:
//
//   STATE/jobs/ID/job.json       what, who, when, and at the end the result; replaced by rename
//   STATE/jobs/ID/request.json   what it shall do, on whose behalf
//   STATE/jobs/ID/events.jsonl   one event a line, only appended
//   STATE/jobs/ID/lock           held by the job's process while it lives
//
// Jobs are kept for a week, and at most 200 of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "messages/system.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// How a job tells what it does.
class JobTeller {
 public:
  virtual ~JobTeller() = default;
  virtual void tell(const std::string& kind, const std::string& text) = 0;
};

struct JobOutcome {
  bool ok = true;
  std::string error{};
  Json result{};
};

// What a job shall do.
struct JobRequest {
  std::string kind{};                // "setup", "plan", "certificates"
  std::vector<std::string> names{};  // recipes, or names of certificates; empty: all
  std::string account{};             // on whose behalf
  std::string by{};
  std::string from{};
  static Members members() {
    return {member("kind", &JobRequest::kind, ""), member("names", &JobRequest::names, ""),
            member("account", &JobRequest::account, ""), member("by", &JobRequest::by, ""),
            member("from", &JobRequest::from, "")};
  }
};

// Starts jobs: the helper as processes, tests as they like.
class JobStarter {
 public:
  virtual ~JobStarter() = default;
  // Returns when the job is on the disk and its process has begun.
  virtual JobInfo start(const Box& box, const JobRequest& request) = 0;
};

// As `mailinabox daemon --job ID`, by the program that runs: a process that has opened nothing before.
class ProcessJobStarter final : public JobStarter {
 public:
  JobInfo start(const Box& box, const JobRequest& request) override;
};

// Makes the job's files.
JobInfo create_job(const Box& box, const JobRequest& request);

// Does the job in this process, and keeps what it tells. False if it failed. Throws UnknownName.
bool run_job(const Box& box, const std::string& id);

// What each kind does (job_kinds.cpp). Throws Error for an unknown one, and as the operation does.
JobOutcome do_job(const Box& box, const JobRequest& request, JobTeller& teller);

class JobStore {
 public:
  explicit JobStore(const Box& box) : box_(box) {}

  std::vector<JobInfo> all() const;  // the newest first
  // Throws UnknownName. A job whose process has ended without a word is "lost".
  JobInfo job(const std::string& id) const;
  JobEvents events(const std::string& id, std::int64_t after) const;

 private:
  const Box& box_;
};

}  // namespace mailinabox
