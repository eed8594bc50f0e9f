#include "os/apt_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/text.hpp"

namespace mailinabox {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// apt's units are powers of 1000 (SizeToStr): B, kB, MB, GB, TB.
std::optional<double> unit_factor(std::string_view unit) {
  constexpr std::string_view k_prefixes = "kMGT";
  if (unit.starts_with("B")) return 1.0;
  const std::size_t power = unit.empty() ? std::string_view::npos : k_prefixes.find(unit[0]);
  if (power == std::string_view::npos || unit.size() < 2 || unit[1] != 'B') return std::nullopt;
  return std::pow(1000.0, static_cast<double>(power) + 1.0);
}

}  // namespace

std::optional<PackageProgress> parse_apt_status(std::string_view line, std::uint64_t total) {
  const bool downloads = line.starts_with("dlstatus:");
  if (!downloads && !line.starts_with("pmstatus:")) return std::nullopt;
  line.remove_prefix(9);
  // The package may have an architecture ("libc6:amd64"), and the text may have colons: the percentage is the first
  // number after the first field.
  const auto fields = split(line, ':');
  const auto percent = std::find_if(fields.begin() + 1, fields.end(),
                                    [](std::string_view field) { return parse_fraction(field).has_value(); });
  if (fields.end() - percent < 2) return std::nullopt;
  PackageProgress progress;
  progress.fraction = std::clamp(*parse_fraction(*percent) / 100.0, 0.0, 1.0);
  if (downloads) {
    progress.step = PackageProgress::Step::downloading;
    progress.bytes_total = total;
    progress.bytes_done = static_cast<std::uint64_t>(progress.fraction * static_cast<double>(total));
    return progress;
  }
  progress.detail = fields.front();
  const std::string_view text = line.substr(static_cast<std::size_t>(percent[1].data() - line.data()));
  const bool configures = contains_any(text, {"onfigur", "Installed ", "trigger"});
  progress.step = configures ? PackageProgress::Step::configuring : PackageProgress::Step::installing;
  return progress;
}

std::optional<std::uint64_t> parse_apt_size(std::string_view output) {
  constexpr std::string_view k_begin = "Need to get ";
  const std::size_t found = output.find(k_begin);
  if (found == std::string_view::npos) return std::nullopt;
  const std::string_view rest = output.substr(found + k_begin.size());
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto number = parse_fraction(replaced(rest.substr(0, space), ",", ""));
  const auto factor = unit_factor(rest.substr(space + 1));
  if (!number || !factor) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*number * *factor));
}

ExitCode classify_apt_failure(std::string_view output) {
  if (contains_any(output, {"No space left on device", "don't have enough free space", "Disk quota exceeded"})) {
    return ExitCode::no_space;
  }
  if (contains_any(output, {"Could not get lock", "Unable to acquire the dpkg frontend lock",
                            "Unable to lock directory", "dpkg frontend lock was locked", "is locked by another process",
                            "dpkg status database is locked"})) {
    return ExitCode::packages_locked;
  }
  if (contains_any(output,
                   {"Could not resolve", "Temporary failure resolving", "Could not connect", "Unable to connect",
                    "Cannot initiate the connection", "Connection timed out", "Connection failed", "Connection refused",
                    "Network is unreachable", "Failed to fetch", "Unable to fetch"})) {
    return ExitCode::no_network;
  }
  return ExitCode::failed;
}

bool needs_fresh_indexes(std::string_view output) {
  return contains_any(output, {"Unable to locate package", "has no installation candidate", "Failed to fetch",
                               "Unable to fetch", "but it is not installable", "but it is not going to be installed"});
}

std::string apt_words(const std::string& output) {
  constexpr std::size_t k_most = 20;
  const std::vector<std::string_view> lines = lines_of(output);
  std::vector<std::string_view> marked;
  bool continues = false;
  for (const std::string_view view : lines) {
    const bool marks = view.starts_with("E: ") || view.starts_with("W: ") || view.starts_with("Err:") ||
                       view.starts_with("dpkg: error") || view.starts_with("dpkg: ");
    // Indented lines that follow give the reason.
    continues = marks || (continues && view.starts_with(" "));
    if (continues && std::find(marked.begin(), marked.end(), view) == marked.end()) marked.push_back(view);
  }
  const std::vector<std::string_view>& chosen = marked.empty() ? lines : marked;
  const std::size_t shown = std::min(k_most, chosen.size());
  return joined(std::vector(chosen.end() - static_cast<std::ptrdiff_t>(shown), chosen.end()), "\n");
}

}  // namespace mailinabox
