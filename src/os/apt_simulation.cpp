#include "os/apt_simulation.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace mailinabox {
namespace {

using Names = std::set<std::string, std::less<>>;

// The relations of one package in all its versions that apt knows, without the bounds on versions: possible reasons.
struct Relations {
  Names provides{};  // itself included
  Names excludes{};
  Names needs{};
};

// "mail-transport-agent", from "mail-transport-agent:any (>= 1)".
std::string name_in(std::string_view relation) {
  const std::string_view text = trim(relation, " ");
  return std::string(text.substr(0, text.find_first_of(" (:")));
}

void add_names(std::string_view list, Names& names) {
  for (const std::string_view alternatives : split(list, ',')) {
    for (const std::string_view relation : split(alternatives, '|')) names.insert(name_in(relation));
  }
}

std::map<std::string, Relations> parse_relations(std::string_view records) {
  std::map<std::string, Relations> packages;
  Relations* package = nullptr;
  for (const std::string_view line : lines_of(records)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.starts_with(" ")) continue;
    const std::string_view field = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 2);
    if (field == "Package") {
      package = &packages[std::string(value)];
      package->provides.insert(std::string(value));
    }
    if (package == nullptr) continue;
    if (field == "Provides") add_names(value, package->provides);
    if (field == "Conflicts" || field == "Breaks") add_names(value, package->excludes);
    if (field == "Depends" || field == "Pre-Depends") add_names(value, package->needs);
  }
  return packages;
}

bool common(const Names& left, const Names& right) {
  return std::any_of(left.begin(), left.end(), [&](const std::string& name) { return right.contains(name); });
}

std::string reason_for(const std::string& name, const SimulatedTransaction& transaction,
                       std::map<std::string, Relations>& packages) {
  const Relations& removed = packages[name];
  for (const std::string& added : transaction.installed) {
    const Relations& its = packages[added];
    if (common(its.excludes, removed.provides) || common(removed.excludes, its.provides)) {
      return "it may conflict with " + added;
    }
  }
  for (const RemovedPackage& other : transaction.removed) {
    if (other.name != name && removed.needs.contains(other.name)) return "it may need " + other.name;
  }
  return "";
}

}  // namespace

SimulatedTransaction parse_simulation(std::string_view output) {
  SimulatedTransaction transaction;
  for (const std::string_view line : lines_of(output)) {
    const auto words = words_of(line);
    if (words.size() < 2) continue;
    const std::string name(words[1].substr(0, words[1].find(':')));
    const std::string_view third = words.size() > 2 ? words[2] : "";
    if (words[0] == "Remv" || words[0] == "Purg") {
      transaction.removed.push_back({.name = name, .version = std::string(trim(third, "[]"))});
    } else if (words[0] == "Inst") {
      const bool upgrade = third.starts_with("[");
      const std::string_view version = upgrade && words.size() > 3 ? words[3] : third;
      transaction.brought[name] = std::string(trim(version, "()"));
      if (!upgrade) transaction.installed.push_back(name);
    }
  }
  return transaction;
}

void explain_removals(SimulatedTransaction& transaction, std::string_view records) {
  auto packages = parse_relations(records);
  for (RemovedPackage& removed : transaction.removed) removed.reason = reason_for(removed.name, transaction, packages);
}

}  // namespace mailinabox
