// Every answer that a run needs: the value given for this run, else the stored one, else a default.
//
//   AnswerSheet sheet(box, facts, {.given = …, .first_user = true});
//   …a person may be asked here; sheet.give("PUBLIC_IP", typed)…
//   CompleteAnswers complete = sheet.complete();
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.hpp"
#include "base/value.hpp"
#include "box/answers.hpp"
#include "box/directory/directory.hpp"
#include "operations/answers/storage_place.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct FirstUser {
  std::string email{};
  Secret password{};
  bool generated = false;  // the password was made by complete(): it must be shown
};

struct CompleteAnswers {
  Answers answers{};             // complete and valid
  bool address_assumed = false;  // there is no network to take PUBLIC_IP from: a guess, which is not stored
  std::string time_zone{};
  std::optional<FirstUser> first_user{};   // if there is no user yet and one was wanted
  std::shared_ptr<Directory> directory{};  // null if there is no database yet
  std::vector<std::string> warnings{};     // about addresses and storage, whole sentences
};

// Values for one run by key, which replace the stored ones. "auto" stands for what would be found if nothing had been
// stored; "" unsets an answer that may be empty and is ignored for any other.
using GivenAnswers = std::map<std::string, std::string>;

struct AnswerRequest {
  GivenAnswers given{};
  bool first_user = false;     // if there is no user yet, one is made
  bool no_directory = false;   // nothing below STORAGE_ROOT is looked at
  bool probe_network = false;  // try how this network resolves names, if that is not known yet
  Directory::Access access = Directory::Access::look;
};

class AnswerSheet {
 public:
  // `facts` must outlive it. Reads the stored answers, and the directory once its place is known.
  AnswerSheet(const Box& box, const ValueMap& facts, AnswerRequest request);

  const Answers& stored() const { return stored_; }
  bool first_time() const { return stored_.get("PRIMARY_HOSTNAME").empty(); }
  bool wants_first_user() const { return first_user_; }

  // What is given or stored, in its normal form; "" if there is nothing.
  std::string known(const std::string& key) const;
  // Whether a person should be asked about passwords over SSH: nothing is known, they are taken, and nobody needs them.
  bool ssh_question() const;
  // What a person who is asked is offered; complete() takes the same, but judges nothing by the person's other answers.
  std::string suggestion(const std::string& key) const;
  // What is wrong with a value, one sentence; "" if it is good.
  std::string problem(const std::string& key, const std::string& value) const;
  // As it is stored: without blanks around it, host names in ASCII form.
  std::string normal(const std::string& key, const std::string& value) const;

  void give(const std::string& key, const std::string& value);

  // Throws Error (ExitCode::missing_answers) with all problems at once.
  CompleteAnswers complete();

 private:
  std::optional<std::string> given(const std::string& key) const;
  std::string found(const std::string& key) const;
  std::string own_address(const std::string& key) const;
  bool is_own(const std::string& address) const;
  StoragePlace storage_place(const std::string& path) const;
  std::string stored_public(const std::string& key) const;
  bool may_default(const std::string& key) const;
  std::string fallback(const std::string& key) const;
  std::string settle(const std::string& key);
  void keep(const std::string& key);
  void settle_own_address(const std::string& key);
  void settle_if_given(const std::string& key);
  void settle_optional();
  void compare_address(const std::string& key);
  void settle_first_user();
  void settle_storage();
  void open_directory();
  std::string problem_with_storage(const std::string& key, const std::string& value) const;
  std::string problems() const;

  const Box& box_;
  const ValueMap& facts_;
  AnswerRequest request_;
  Answers stored_;
  std::shared_ptr<Directory> directory_{};
  bool first_user_ = false;
  CompleteAnswers complete_{};
  std::vector<std::string> problems_{};
};

// The machine's own full name, from its host name and /etc/hosts; "" if it has none.
std::string full_machine_name(const View& view);

}  // namespace mailinabox
