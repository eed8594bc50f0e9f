#include "box/storage/migrations.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"

namespace mailinabox {
namespace {

using NodeKind = StorageNode::Kind;
using StepKind = StorageStep::Kind;

bool exists(const StorageTree& tree, const std::string& path) { return tree.contains(path); }

bool is_kind(const StorageTree& tree, const std::string& path, NodeKind kind) {
  const auto found = tree.find(path);
  return found != tree.end() && found->second.kind == kind;
}

// Names directly below a folder.
std::vector<std::string> names_in(const StorageTree& tree, const std::string& folder) {
  std::vector<std::string> names;
  const std::string start = folder + "/";
  for (auto node = tree.lower_bound(start); node != tree.end() && node->first.starts_with(start); ++node) {
    const std::string name = node->first.substr(start.size());
    if (name.find('/') == std::string::npos) names.push_back(name);
  }
  return names;
}

std::vector<StorageStep> certificates_into_folders(const StorageTree& tree) {
  // The original really misspelt the first name.
  static const std::array<std::pair<std::string, std::string>, 3> k_names = {
      std::pair("_certifiate.pem", "ssl_certificate.pem"),
      std::pair("_cert_sign_req.csr", "certificate_signing_request.csr"),
      std::pair("_private_key.pem", "private_key.pem")};
  std::vector<StorageStep> steps;
  std::set<std::string> folders;
  for (const std::string& name : names_in(tree, "ssl/domains")) {
    for (const auto& [ending, new_name] : k_names) {
      if (!name.ends_with(ending) || name == ending) continue;
      const std::string folder = "ssl/" + name.substr(0, name.size() - ending.size());
      if (exists(tree, folder + "/" + new_name)) continue;
      if (!exists(tree, folder) && folders.insert(folder).second) {
        steps.push_back({.kind = StepKind::make_directory, .path = folder});
      }
      steps.push_back({.kind = StepKind::move, .path = "ssl/domains/" + name, .other = folder + "/" + new_name});
    }
  }
  const auto moved = std::count_if(steps.begin(), steps.end(), [](const auto& s) { return s.kind == StepKind::move; });
  const bool emptied = static_cast<std::size_t>(moved) == names_in(tree, "ssl/domains").size();
  if (emptied && is_kind(tree, "ssl/domains", NodeKind::directory)) {
    steps.push_back({.kind = StepKind::remove_directory, .path = "ssl/domains"});
  }
  return steps;
}

std::vector<StorageStep> filters_out_of_mailboxes(const StorageTree& tree) {
  std::vector<StorageStep> steps;
  for (const auto& [path, node] : tree) {
    const std::string_view name = base_name(path);
    const bool filter = name == ".dovecot.sieve" || name == ".dovecot.svbin";
    if (filter && path.starts_with("mail/mailboxes/") && std::count(path.begin(), path.end(), '/') == 4) {
      if (node.kind == NodeKind::file || node.kind == NodeKind::link) {
        steps.push_back({.kind = StepKind::remove_file, .path = path});
      }
    }
  }
  return steps;
}

std::vector<StorageStep> private_backup_key(const StorageTree& tree) {
  const std::string path = "backup/secret_key.txt";
  const auto found = tree.find(path);
  if (found == tree.end() || found->second.kind != NodeKind::file || found->second.mode == 0600) return {};
  return {{.kind = StepKind::make_private, .path = path}};
}

std::vector<StorageStep> zone_keys_by_algorithm(const StorageTree& tree) {
  const std::string before = "dns/dnssec/keys.conf";
  const std::string after = "dns/dnssec/RSASHA1-NSEC3-SHA1.conf";
  if (!exists(tree, before) || exists(tree, after)) return {};
  return {{.kind = StepKind::move, .path = before, .other = after}};
}

std::vector<StorageStep> no_short_dkim_key(const StorageTree& tree) {
  if (!is_kind(tree, "mail/dkim/mail.private", NodeKind::file)) return {};
  return {{.kind = StepKind::remove_file, .path = "mail/dkim/mail.private"}};
}

std::string unused_name(const StorageTree& tree, const std::string& stem, const std::string& ending) {
  std::string name = stem + ending;
  for (int number = 2; exists(tree, name); ++number) name = stem + "-" + std::to_string(number) + ending;
  return name;
}

std::vector<StorageStep> certificates_by_name(const StorageTree& tree, const MigrationNames& names) {
  std::vector<StorageStep> steps;
  const std::string link = "ssl/ssl_certificate.pem";
  if (is_kind(tree, link, NodeKind::file)) {
    // If a run was cut off in between, its copy is already there: one more does no harm.
    const std::string host = names.primary_hostname.empty() ? "box" : names.primary_hostname;
    const std::string file = unused_name(tree, "ssl/" + host + "-" + names.date, ".pem");
    steps.push_back({.kind = StepKind::duplicate, .path = link, .other = file});
    steps.push_back({.kind = StepKind::link, .path = link, .other = file.substr(4)});
  }
  for (const std::string& name : names_in(tree, "ssl")) {
    const std::string folder = "ssl/" + name;
    if (!is_kind(tree, folder, NodeKind::directory)) continue;
    const std::vector<std::string> inside = names_in(tree, folder);
    const bool certificate_only = inside == std::vector<std::string>{"ssl_certificate.pem"};
    if (certificate_only && !exists(tree, folder + ".pem")) {
      steps.push_back({.kind = StepKind::move, .path = folder + "/ssl_certificate.pem", .other = folder + ".pem"});
      steps.push_back({.kind = StepKind::remove_directory, .path = folder});
    } else if (inside.empty() && exists(tree, folder + ".pem")) {
      steps.push_back({.kind = StepKind::remove_directory, .path = folder});
    }
  }
  return steps;
}

std::vector<StorageStep> room_for_certbot(const StorageTree& tree) {
  const std::string before = "ssl/lets_encrypt";
  if (!exists(tree, before) || exists(tree, before + "-old")) return {};
  return {{.kind = StepKind::move, .path = before, .other = before + "-old"}};
}

}  // namespace

std::vector<std::pair<std::string, int>> folders_of_migration(int number) {
  switch (number) {
    case 1:
    case 10:
      return {{"ssl", 2}};
    case 2:
      return {{"mail/mailboxes", 3}};
    case 5:
      return {{"backup", 1}};
    case 6:
      return {{"dns/dnssec", 1}};
    case 8:
      return {{"mail/dkim", 1}};
    case 11:
      return {{"ssl", 1}};
    default:
      return {};
  }
}

std::string describe(const StorageStep& step) {
  switch (step.kind) {
    case StepKind::make_directory:
      return "make the folder " + step.path;
    case StepKind::move:
      return "move " + step.path + " to " + step.other;
    case StepKind::duplicate:
      return "copy " + step.path + " to " + step.other;
    case StepKind::link:
      return "make " + step.path + " a link to " + step.other;
    case StepKind::remove_file:
      return "remove " + step.path;
    case StepKind::remove_directory:
      return "remove the empty folder " + step.path;
    case StepKind::make_private:
      break;
  }
  return "let nobody but root read " + step.path;
}

void perform(const StorageStep& step, StorageTree& tree) {
  switch (step.kind) {
    case StepKind::make_directory:
      tree[step.path] = {.kind = NodeKind::directory, .mode = 0755};
      return;
    case StepKind::move: {
      StorageTree moved;
      for (auto node = tree.begin(); node != tree.end();) {
        const bool below = node->first.starts_with(step.path + "/");
        if (node->first == step.path || below) {
          moved[step.other + node->first.substr(step.path.size())] = node->second;
          node = tree.erase(node);
        } else {
          ++node;
        }
      }
      tree.merge(moved);
      return;
    }
    case StepKind::duplicate:
      tree[step.other] = tree[step.path];
      return;
    case StepKind::link:
      tree[step.path] = {.kind = NodeKind::link};
      return;
    case StepKind::remove_file:
    case StepKind::remove_directory:
      tree.erase(step.path);
      return;
    case StepKind::make_private:
      tree[step.path].mode = 0600;
      return;
  }
}

std::string migration_summary(int number) {
  static const std::array<std::string, k_storage_version> k_summaries = {
      "Certificates of domains get folders of their own",
      "Filters that Dovecot no longer reads are removed from the mailboxes",
      "The layout's number moves from /etc/mailinabox.conf to the data",
      "Users get privileges",
      "The backup's passphrase is readable by root only",
      "DNSSEC keys are named by their algorithm",
      "The domains of aliases are kept in their ASCII form",
      "The DKIM key of 1024 bits, which others refuse, is removed for a longer one",
      "Aliases get permitted senders",
      "Certificates are named by what they are for; the one in use is a link",
      "Files of an old certificate program make room for certbot",
      "Webmail's old address books and sessions are dropped",
      "Users get second factors",
      "Automatic aliases get a table of their own",
      "Users get a quota"};
  return k_summaries.at(static_cast<std::size_t>(number) - 1);
}

std::vector<StorageStep> migration_steps(int number, const StorageTree& tree, const MigrationNames& names) {
  switch (number) {
    case 1:
      return certificates_into_folders(tree);
    case 2:
      return filters_out_of_mailboxes(tree);
    case 5:
      return private_backup_key(tree);
    case 6:
      return zone_keys_by_algorithm(tree);
    case 8:
      return no_short_dkim_key(tree);
    case 10:
      return certificates_by_name(tree, names);
    case 11:
      return room_for_certbot(tree);
    default:
      return {};
  }
}

}  // namespace mailinabox
