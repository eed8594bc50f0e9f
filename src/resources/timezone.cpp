// The machine's time zone: the link /etc/localtime, which the C library follows, and /etc/timezone, which Debian's
// packages and PHP read.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_zones = "/usr/share/zoneinfo";
constexpr const char* k_localtime = "/etc/localtime";
constexpr const char* k_timezone = "/etc/timezone";

// Names of all zones below `prefix` ("" or "America/"); needed only for a wrong name.
void collect_zones(const FileReader& files, const std::string& prefix, std::vector<std::string>& zones) {
  for (const std::string& name : files.list(std::string(k_zones) + "/" + prefix)) {
    if (prefix.empty() && (name == "posix" || name == "right")) continue;
    const bool is_directory = files.info(std::string(k_zones) + "/" + prefix + name).kind == FileKind::directory;
    if (is_directory) {
      collect_zones(files, prefix + name + "/", zones);
    } else {
      zones.push_back(prefix + name);
    }
  }
}

class TimezoneResource final : public Resource {
 public:
  explicit TimezoneResource(std::string zone) : zone_(std::move(zone)) {}

  Changes diff(const View& view) const override {
    check_zone(view.files);
    Changes changes;
    const std::string link = view.files.read_link(k_localtime).value_or("");
    if (link != target() && link != ".." + target()) changes.push_back({"localtime", link, target()});
    const std::string text = content_of(view.files, k_timezone);
    const std::string named = text.substr(0, text.find('\n'));
    if (named != zone_) changes.push_back({"timezone", named, zone_});
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    if (has_change(changes, "localtime")) system.files.make_symlink(k_localtime, target());
    if (has_change(changes, "timezone")) system.files.write(k_timezone, zone_ + "\n", FileAttributes{});
  }

  Action action(const Changes& /*changes*/) const override { return Action::update; }

 private:
  std::string target() const { return std::string(k_zones) + "/" + zone_; }

  // Before tzdata is installed names cannot be checked.
  void check_zone(const FileReader& files) const {
    const FileKind kind = files.info(target()).kind;
    if (kind == FileKind::regular || kind == FileKind::symlink) return;
    if (files.info(k_zones).kind == FileKind::absent) return;
    std::vector<std::string> zones;
    collect_zones(files, "", zones);
    const std::string nearest = nearest_spelling(zone_, zones);
    throw Error(fmt::format(
        "time zone {}: it does not exist in {}; {}", zone_, k_zones,
        nearest.empty() ? "expected a name such as Europe/Berlin or Etc/UTC" : "did you mean " + nearest + "?"));
  }

  std::string zone_;
};

bool is_zone_name(const std::string& name) {
  const auto allowed = [](char letter) {
    return is_letter(letter) || is_digit(letter) || std::string_view("/_-+").find(letter) != std::string_view::npos;
  };
  return !name.empty() && name.front() != '/' && name.back() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

std::shared_ptr<const Resource> make_timezone(const std::string& name, const Fields& fields) {
  if (!is_zone_name(name)) {
    fields.refuse("", fmt::format("\"{}\" is not a time zone; expected a name such as Europe/Berlin or Etc/UTC", name));
  }
  return std::make_shared<TimezoneResource>(name);
}

}  // namespace

Kind timezone_kind() {
  return {"timezone",
          "The machine's time zone: /etc/localtime and /etc/timezone.",
          FieldType::string,
          "A zone of /usr/share/zoneinfo, such as Europe/Berlin or Etc/UTC.",
          {},
          make_timezone};
}

}  // namespace mailinabox
