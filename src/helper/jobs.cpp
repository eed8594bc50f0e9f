#include "helper/jobs.hpp"

#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/interruption.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "messages/json_form.hpp"
#include "os/lock.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_most_jobs = 200;
constexpr std::chrono::hours k_kept_for{24 * 7};
constexpr FileAttributes k_root_only{.mode = 0600};

std::string jobs_folder(const Box& box) { return box.state_directory + "/jobs"; }
std::string job_folder(const Box& box, const std::string& id) { return jobs_folder(box) + "/" + id; }

bool valid_job_id(const std::string& id) {
  return id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void write_job(const Box& box, const JobInfo& info) {
  box.system.files.write(job_folder(box, info.id) + "/job.json", json_text(json_of(info)) + "\n", k_root_only);
}

// Held by the job's process for as long as it lives, however it ends.
std::string job_lock_path(const Box& box, const std::string& id) {
  return box.system.files.real_path(job_folder(box, id) + "/lock");
}

std::optional<JobInfo> read_job(const Box& box, const std::string& id) {
  if (!valid_job_id(id)) return std::nullopt;
  const auto file = box.view().files.read(job_folder(box, id) + "/job.json");
  if (!file) return std::nullopt;
  JobInfo info = read_trusted_json<JobInfo>(parse_json(file->content, "job.json"));
  if (info.state == "running" && !MachineLock(job_lock_path(box, id)).holder()) {
    info.state = "lost";
    info.error = "The job's process ended without a word: the machine or an administrator stopped it. Start it again.";
  }
  return info;
}

void forget_old_jobs(const Box& box) {
  std::vector<JobInfo> jobs = JobStore(box).all();
  const std::string oldest = rfc3339(box.system.clock.now() - k_kept_for);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].state != "running" && (i + 1 >= k_most_jobs || jobs[i].created < oldest))
      box.system.files.remove(job_folder(box, jobs[i].id), true);
  }
}

class FileTeller final : public JobTeller {
 public:
  FileTeller(const Box& box, const std::string& id) : box_(box), path_(job_folder(box, id) + "/events.jsonl") {}

  // A disk that is full does not end the job in the middle of its work because nobody can be told of it.
  void tell(const std::string& kind, const std::string& text) override {
    const JobEvent event{.number = ++last_, .at = rfc3339(box_.system.clock.now()), .kind = kind, .text = text};
    try {
      box_.system.files.append(path_, json_text(json_of(event), -1) + "\n", k_root_only);
    } catch (const SystemError& error) {
      syslog(LOG_ERR, "management: %s", error.what());
    }
  }

 private:
  const Box& box_;
  std::string path_;
  std::int64_t last_ = 0;
};

JobOutcome outcome_of(const Box& box, const JobRequest& request, JobTeller& teller) {
  try {
    return do_job(box, request, teller);
  } catch (const Interrupted&) {
    return {.ok = false, .error = "Interrupted. What was done is recorded; start it again, and it goes on from there."};
  } catch (const std::exception& error) {
    return {.ok = false, .error = error.what()};
  }
}

pid_t begin_job_process(const std::string& id) {
  const pid_t process = ::fork();
  if (process < 0) throw SystemError("start a process for", "the job " + id, errno);
  if (process > 0) return process;
  ::setsid();  // what ends the helper's group does not end the job
  ::execl("/proc/self/exe", "mailinabox", "daemon", "--job", id.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

JobInfo create_job(const Box& box, const JobRequest& request) {
  forget_old_jobs(box);
  JobInfo info{.id = to_hex(random_bytes(8).reveal()),
               .kind = request.kind,
               .account = request.account,
               .created = rfc3339(box.system.clock.now()),
               .state = "running"};
  FileSystem& files = box.system.files;
  if (files.info(jobs_folder(box)).kind == FileKind::absent) files.make_directory(jobs_folder(box), {.mode = 0700});
  try {
    files.make_directory(job_folder(box, info.id), {.mode = 0700});
    files.write(job_folder(box, info.id) + "/request.json", json_text(json_of(request)) + "\n", k_root_only);
    write_job(box, info);
  } catch (const SystemError&) {
    files.remove(job_folder(box, info.id), true);
    throw;
  }
  return info;
}

bool run_job(const Box& box, const std::string& id) {
  if (!valid_job_id(id)) throw UnknownName("There is no job " + id + ".");
  MachineLock lock(job_lock_path(box, id));
  if (!lock.try_acquire("job " + id, box.system.clock)) throw Error("The job " + id + " is under way.");
  JobInfo info = JobStore(box).job(id);
  const auto file = box.view().files.read(job_folder(box, id) + "/request.json");
  if (!file) throw UnknownName("The job " + id + " has no request.");
  const JobRequest request = read_json<JobRequest>(parse_json(file->content, "request.json"));
  Box own = box;
  own.actor = {.account = request.account, .by = request.by, .from = request.from, .job = id};
  FileTeller teller(own, id);
  teller.tell("begin", info.kind);
  const JobOutcome outcome = outcome_of(own, request, teller);
  if (!outcome.error.empty()) teller.tell("failure", outcome.error);
  info.state = outcome.ok ? "done" : "failed";
  info.error = outcome.error;
  info.result = outcome.result;
  info.ended = rfc3339(box.system.clock.now());
  write_job(own, info);
  teller.tell("end", info.state);
  return outcome.ok;
}

JobInfo ProcessJobStarter::start(const Box& box, const JobRequest& request) {
  const JobInfo info = create_job(box, request);
  const pid_t process = begin_job_process(info.id);
  // Until it holds its lock, it would count as lost.
  constexpr std::chrono::seconds k_limit{10};
  const auto until = box.system.clock.monotonic() + k_limit;
  int status = 0;
  while (!MachineLock(job_lock_path(box, info.id)).holder() && ::waitpid(process, &status, WNOHANG) == 0 &&
         box.system.clock.monotonic() < until) {
    box.system.clock.sleep(std::chrono::milliseconds(2));
  }
  return JobStore(box).job(info.id);
}

std::vector<JobInfo> JobStore::all() const {
  std::vector<JobInfo> jobs;
  for (const std::string& id : box_.view().files.list(jobs_folder(box_))) {
    try {
      if (auto info = read_job(box_, id)) jobs.push_back(std::move(*info));
    } catch (const Error& error) {  // the others are worth seeing
      syslog(LOG_ERR, "management: job %s: %s", id.c_str(), error.what());
    }
  }
  std::sort(jobs.begin(), jobs.end(), [](const JobInfo& left, const JobInfo& right) {
    return left.created == right.created ? left.id < right.id : left.created > right.created;
  });
  for (JobInfo& job : jobs) job.result = Json();  // lists tell no results
  return jobs;
}

JobInfo JobStore::job(const std::string& id) const {
  auto info = read_job(box_, id);
  if (!info) throw UnknownName("There is no job " + id + ". Jobs are kept for a week.");
  return *info;
}

JobEvents JobStore::events(const std::string& id, std::int64_t after) const {
  JobEvents result{.ended = job(id).state != "running"};
  const auto file = box_.view().files.read(job_folder(box_, id) + "/events.jsonl");
  if (!file) return result;
  for (const std::string_view line : lines_of(file->content)) {
    try {
      auto event = read_trusted_json<JobEvent>(parse_json(line, "events.jsonl"));
      if (event.number > after) result.events.push_back(std::move(event));
    } catch (const Error&) {  // is being written, or was cut off by a full disk
    }
  }
  return result;
}

}  // namespace mailinabox
