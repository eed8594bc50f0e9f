#include "operations/release.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "facts/fact_sources.hpp"
#include "os/dpkg_version.hpp"
#include "os/trusted_files.hpp"

namespace mailinabox {
namespace {

// Nearly all packages need this one at least as new as it was when they were built: an upgrade brings it first.
constexpr const char* k_first_upgraded = "libc6";
// The settings of each series are errors in the other.
constexpr const char* k_own_dialect = "dovecot-core";
constexpr std::chrono::days k_soon{90};

std::string text_at(const Value& release, std::string_view path) {
  const Value* value = release.find(path);
  return value == nullptr || value->is_map() || value->is_list() ? "" : value->text();
}

// "2028-06-30". std::nullopt for what is not a date.
std::optional<std::chrono::sys_days> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_number<int>(text.substr(0, 4));
  const auto month = parse_number<unsigned>(text.substr(5, 2));
  const auto day = parse_number<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

void warn_of_support(const Box& box, const Value& release, const std::string& name,
                     std::vector<std::string>& warnings) {
  const std::string text = text_at(release, "security_updates_until");
  const auto last_day = date_of(text);
  if (!last_day) return;
  const auto today = std::chrono::floor<std::chrono::days>(box.system.clock.now());
  if (today + k_soon < *last_day) return;
  const std::string next = text_at(release, "next");
  const std::string how = next.empty() ? "Move the box to a new machine"
                                       : "Upgrade this machine to " + next + ", or move the box to a new one";
  const std::string where = "; the README says how, under \"Moving to a new release\".";
  if (today > *last_day) {
    warnings.push_back(
        fmt::format("{} has had no security updates since {}: what becomes known since then stays open in "
                    "the programs that face the Internet. {}{}",
                    name, text, how, where));
  } else {
    warnings.push_back(
        fmt::format("{} gets security updates until {}, then no more. {} before that{}", name, text, how, where));
  }
}

// What to do, whichever end of the upgrade the machine is at.
std::string way_to_one_release(const std::string& name) {
  return fmt::format(
      "Nothing was changed. Complete the upgrade: /etc/apt/sources.list and sources.list.d must name one release only, "
      "the one that you want; then run\n"
      "  sudo dpkg --configure -a\n"
      "  sudo apt --fix-broken install\n"
      "  sudo apt update && sudo apt full-upgrade\n"
      "and this again. `apt-mark showhold` lists packages that you have kept from upgrades. If the package is meant to "
      "be another one than {}'s: the recipes do not fit it, install {}'s.",
      name, name);
}

std::string moves_file(const Box& box) { return box.state_directory + "/moves"; }

struct KnownMove {
  std::int64_t first_after = 0;  // the first generation that was made after it
  Move move{};
};

std::vector<KnownMove> known_moves(const Box& box) {
  std::vector<KnownMove> moves;
  const auto file = box.system.files.read(moves_file(box));
  const std::string text = file ? file->content : "";
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    const auto number = words.size() == 3 ? parse_number<std::int64_t>(words[0]) : std::nullopt;
    if (number) moves.push_back({*number, {std::string(words[1]), std::string(words[2])}});
  }
  return moves;
}

class ReleaseCheck {
 public:
  ReleaseCheck(const Box& box, const Value& release, std::string name)
      : packages_(box.system.packages), release_(release), name_(std::move(name)) {}

  // What may be meant so is a sign of an upgrade that was broken off if dpkg was, too: to finish only that could remove
  // packages.
  void refuse_mixture() const {
    std::vector<std::string> found;
    for (const Stranger& stranger : strangers()) {
      if (stranger.decides || packages_.interrupted()) found.push_back(stranger.text);
    }
    if (found.empty()) return;
    throw Error(fmt::format("This machine is {}, says its /etc/os-release, but not all of its packages are: {}. {}",
                            name_, joined(found, ", "), way_to_one_release(name_)),
                ExitCode::unsuitable);
  }

  void warn_of_single_packages(std::vector<std::string>& warnings) const {
    for (const Stranger& stranger : strangers()) {
      warnings.push_back(
          fmt::format("This machine is {}, but {}. If that is not meant so, an upgrade was broken off: `sudo "
                      "apt update && sudo apt full-upgrade` completes it.",
                      name_, stranger.text));
    }
  }

  // "libc6 2.41-12": those that this release cannot have.
  std::vector<std::string> later_in(const Consequences& transaction) const {
    std::vector<std::string> found;
    for (const auto& [package, least] : versions("later_versions")) {
      const auto brought = transaction.brought.find(package);
      if (brought == transaction.brought.end() || compare_versions(brought->second, least) < 0) continue;
      const std::string version = present(package);
      if (version.empty() || compare_versions(version, least) < 0) found.push_back(package + " " + brought->second);
    }
    return found;
  }

 private:
  struct Stranger {
    std::string text{};    // "postfix 3.5.25-0+deb11u1 is an older release's"
    bool decides = false;  // the recipes do not work with it
  };

  std::vector<Stranger> strangers() const {
    std::vector<Stranger> found;
    for (const auto& [package, least] : versions("first_versions")) {
      const std::string version = present(package);
      if (version.empty() || compare_versions(version, least) >= 0) continue;
      found.push_back({fmt::format("{} {} is an older release's", package, version),
                       package == k_first_upgraded || package == k_own_dialect});
    }
    for (const auto& [package, least] : versions("later_versions")) {
      const std::string version = present(package);
      if (version.empty() || compare_versions(version, least) < 0) continue;
      found.push_back({fmt::format("{} {} is a later release's", package, version), package == k_own_dialect});
    }
    return found;
  }

  // Package to version.
  std::map<std::string, std::string> versions(std::string_view list) const {
    std::map<std::string, std::string> versions;
    const Value* value = release_.find(list);
    if (value == nullptr || !value->is_map()) return versions;
    for (const auto& [package, version] : value->as_map()) {
      if (version.truthy()) versions.emplace(package, version.text());
    }
    return versions;
  }

  std::string present(const std::string& package) const { return packages_.present_version(package).value_or(""); }

  const PackageReader& packages_;
  const Value& release_;
  const std::string name_;
};

}  // namespace

std::string release_name(std::string platform) {
  if (!platform.empty() && platform[0] >= 'a' && platform[0] <= 'z') platform[0] = static_cast<char>(platform[0] - 32);
  const std::size_t dash = platform.rfind('-');
  if (dash != std::string::npos) platform[dash] = ' ';
  return platform;
}

std::string Move::text() const {
  return fmt::format("This machine was {} when it was last set up; now it is {}.", release_name(from),
                     release_name(to));
}

std::optional<Move> move_of(const Box& box, const std::string& platform) {
  if (!box.root) return std::nullopt;  // the folder is root's
  const std::string before = is_set_up(box) ? last_set_up_on(box) : "";
  return before.empty() || before == platform ? std::nullopt : std::optional(Move{before, platform});
}

void mark_new_release(const Box& box, const Move& move, const Value& context, Catalog& catalog) {
  try {
    const TrustedFiles trusted(box.system.files);
    const std::set<ResourceId> differing = wanted_otherwise(trusted, box.sources, context, move.to, move.from);
    for (CatalogEntry& entry : catalog.entries) {
      if (differing.contains(entry.id)) entry.new_release = release_name(move.to);
    }
  } catch (const Error&) {
    // The marks are a help to whoever reads the plan; the recipes of the present platform have been read.
  }
}

void remember_move(const Box& box, const Move& move, std::int64_t next_generation) {
  const std::vector<KnownMove> known = known_moves(box);
  if (!known.empty() && known.back().move.from == move.from && known.back().move.to == move.to) return;
  std::string text;
  for (const KnownMove& one : known) {
    text += fmt::format("{} {} {}\n", one.first_after, one.move.from, one.move.to);
  }
  text += fmt::format("{} {} {}\n", next_generation, move.from, move.to);
  box.system.files.write(moves_file(box), text, {.mode = 0600});
}

void require_same_release(const Box& box, std::int64_t generation) {
  for (const KnownMove& known : known_moves(box)) {
    if (generation > known.first_after) continue;
    throw Error(fmt::format(
        "Before generation {} this machine was {}, and now it is {}: the files of that time are for that release's "
        "programs, and services would not start with them. Nothing was changed. A rollback goes back to before "
        "generation {} at the most. If one setting must be as it was, put it in a file in {}; the old files are in "
        "{}/generations.",
        known.first_after, release_name(known.move.from), release_name(known.move.to), known.first_after + 1,
        box.sources.local, box.state_directory));
  }
}

std::string mixture_by(const Box& box, const std::string& platform, const Consequences& transaction) {
  if (transaction.brought.empty()) return "";
  const Value all = load_platform(TrustedFiles(box.system.files), box.sources, platform);
  const Value* release = all.find("release");
  if (release == nullptr || !release->is_map()) return "";
  const std::string name = release_name(platform);
  const auto later = ReleaseCheck(box, *release, name).later_in(transaction);
  if (later.empty()) return "";
  const std::string own = os_release(box.view(), "VERSION_CODENAME");
  const std::string first = later.front().substr(0, later.front().find(' '));
  return fmt::format(
      "This machine is {0}, but apt would install packages of a later release: {1}. A part of a release does not work "
      "with the rest. `apt-cache policy {2}` shows which source has it. To stay with {0}, let /etc/apt/sources.list "
      "and "
      "sources.list.d name {3} only, and run `sudo apt update`; to upgrade the machine, go on as the README says under "
      "\"Moving to a new release\".",
      name, joined(later, ", "), first, own.empty() ? name : own);
}

std::function<void(const Consequences& transaction)> refuse_mixtures(const Box& box, const std::string& platform) {
  return [&box, platform](const Consequences& transaction) {
    const std::string mixture = mixture_by(box, platform, transaction);
    if (!mixture.empty()) throw Error(mixture + " No package was installed or upgraded.", ExitCode::unsuitable);
  };
}

std::vector<std::string> require_whole_release(const Box& box, const std::string& platform) {
  const TrustedFiles trusted(box.system.files);
  const Value all = load_platform(trusted, box.sources, platform);
  std::vector<std::string> warnings;
  const Value* release = all.find("release");
  if (release == nullptr || !release->is_map()) return warnings;
  const std::string name = release_name(platform);
  const ReleaseCheck check(box, *release, name);
  check.refuse_mixture();
  check.warn_of_single_packages(warnings);
  warn_of_support(box, *release, name, warnings);
  return warnings;
}

}  // namespace mailinabox
