#include "operations/audit.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/stores.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

// A message may have lines below the first.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// "" if nothing failed.
std::string first_failure(const Report& report) {
  for (const std::vector<Outcome>* outcomes : {&report.outcomes, &report.refresh_failures}) {
    for (const Outcome& outcome : *outcomes) {
      if (outcome.status == Status::failed) return outcome.id.text() + ": " + first_line(outcome.error);
    }
  }
  return {};
}

Answers answers_with(const std::string& storage_root) {
  Answers answers;
  answers.set("STORAGE_ROOT", storage_root);
  return answers;
}

}  // namespace

AuditedChange::AuditedChange(const Box& box, std::string storage_root, AuditText text, IfUnwritable if_unwritable)
    : box_(box), storage_root_(std::move(storage_root)), text_(std::move(text)), if_unwritable_(if_unwritable) {}

AuditedChange::~AuditedChange() {
  if (begun_ && !ended_) failed("it was ended in the middle");
}

void AuditedChange::begin() {
  if (begun_) return;
  try {
    record();
    begun_ = true;
  } catch (const Error& error) {
    begun_ = if_unwritable_ == IfUnwritable::warn;
    const std::string why =
        "The audit log, which has who changed what, cannot be written: " + as_sentence(error.what());
    if (!begun_) throw DatabaseError(why + " Nothing was changed.", error.code());
    warning_ = why;
  }
}

void AuditedChange::record() {
  if (storage_root_.empty() || box_.system.files.info(storage_root_).kind == FileKind::absent) return;
  log_.emplace(open_audit_log(box_, answers_with(storage_root_)));
  const Actor& actor = box_.actor;
  id_ = log_->begin({.at = box_.system.clock.now(),
                     .account = actor.account.empty() ? "root" : actor.account,
                     .by = actor.by,
                     .from = actor.from,
                     .action = text_.action,
                     .target = text_.target,
                     .before = text_.before,
                     .after = text_.after,
                     .job = actor.job});
}

void AuditedChange::end(const AuditEnd& end) {
  if (!begun_ || ended_) return;
  ended_ = true;
  try {
    if (!log_ && warning_.empty()) record();
    if (log_) log_->finish(id_, end.result, end.generation);
  } catch (const std::exception& error) {
    warning_ = "The audit log does not have how this ended: " + as_sentence(error.what());
  }
}

void AuditedChange::failed(const std::string& sentence) { end({.result = "failed: " + first_line(sentence)}); }

AuditEnd audit_end(const Report& report) {
  AuditEnd end{.generation = report.generation};
  if (const std::string failure = first_failure(report); !failure.empty()) end.result = "failed: " + failure;
  return end;
}

AuditEnd audit_end(const Publication& publication) {
  AuditEnd end{.generation = publication.report.generation};
  if (!publication.needed || publication.code == ExitCode::ok) return end;
  const std::string why = publication.error.empty() ? first_failure(publication.report) : first_line(publication.error);
  end.result = "done, but not in effect everywhere: " + why;
  return end;
}

AuditPage read_audit_log(const Box& box, const AuditQuery& query) {
  const auto log = find_audit_log(box, require_answers(box));
  return log ? log->page(query) : AuditPage{};
}

}  // namespace mailinabox
