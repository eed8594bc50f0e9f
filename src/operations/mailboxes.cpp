#include "operations/mailboxes.hpp"

#include <set>

#include "base/text.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

std::string mailboxes_folder(const Answers& answers) { return answers.get("STORAGE_ROOT") + "/mail/mailboxes"; }

}  // namespace

MailboxUsage usage_in_maildirsize(const std::string& text) {
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.empty()) return {};
  MailboxUsage usage{.used = 0, .limit = 0};
  for (const std::string_view part : split(lines.front(), ',')) {
    if (!part.ends_with('S')) continue;
    usage.limit = parse_number<std::int64_t>(part.substr(0, part.size() - 1));
    if (!usage.limit) return {};
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto size = parse_number<std::int64_t>(first_word(lines[i]));
    if (!size) return {};
    *usage.used += *size;
  }
  return usage;
}

MailboxUsage mailbox_usage(const Box& box, const Answers& answers, const std::string& email) {
  const std::string path = mailboxes_folder(answers) + "/" + std::string(domain_part(email)) + "/" +
                           std::string(local_part(email)) + "/maildirsize";
  try {
    const auto file = box.view().files.read(path);
    return file ? usage_in_maildirsize(file->content) : MailboxUsage{};
  } catch (const Error&) {
    return {};  // a list of users is worth more than this number
  }
}

std::vector<ArchivedMailbox> archived_mailboxes(const Box& box, const Answers& answers,
                                                const std::vector<std::string>& users) {
  const FileReader& files = box.view().files;
  const std::set<std::string> known(users.begin(), users.end());
  std::vector<ArchivedMailbox> archived;
  for (const std::string& domain : files.list(mailboxes_folder(answers))) {
    const std::string folder = mailboxes_folder(answers) + "/" + domain;
    if (files.info(folder).kind != FileKind::directory) continue;
    for (const std::string& name : files.list(folder)) {
      const std::string email = name + "@" + domain;
      if (known.count(email) > 0 || files.info(folder + "/" + name).kind != FileKind::directory) continue;
      archived.push_back({.email = email, .path = folder + "/" + name});
    }
  }
  return archived;
}

}  // namespace mailinabox
