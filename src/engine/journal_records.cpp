#include "engine/journal_records.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/diff.hpp"

namespace mailinabox {
namespace {

using nlohmann::json;

std::string line_of(const json& record) { return json_text(record, -1) + "\n"; }

// Paths may hold any byte but NUL, JSON only UTF-8.
json json_of(const std::string& path) {
  if (is_text(path)) return path;
  return {{"base64", to_base64(path)}};
}

std::string path_in(const json& value) {
  if (!value.is_object()) return value.get<std::string>();
  const auto bytes = from_base64(value.at("base64").get<std::string>());
  if (!bytes) throw Error("a path that is not valid base64");
  return *bytes;
}

constexpr std::array<const char*, 5> k_kinds{"absent", "regular", "directory", "symlink", "other"};
static_assert(static_cast<std::size_t>(FileKind::other) == k_kinds.size() - 1);

FileKind kind_of(const std::string& word) {
  const auto* const found = std::find(k_kinds.begin(), k_kinds.end(), word);
  if (found == k_kinds.end()) throw Error("unknown kind of path \"" + word + "\"");
  return static_cast<FileKind>(found - k_kinds.begin());
}

ResourceId id_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) throw Error("\"" + text + "\" is not a resource id");
  return {text.substr(0, colon), text.substr(colon + 1)};
}

ResourceId id_in(const json& record, const char* key) { return id_of(record.at(key).get<std::string>()); }

KeptPath kept_of(const json& record) {
  KeptPath kept;
  kept.path = path_in(record.at("path"));
  kept.info.kind = kind_of(record.at("was").get<std::string>());
  kept.whole = record.value("tree", false);
  kept.tree = record.value("moved", "");
  if (kept.info.kind == FileKind::absent) return kept;
  const auto mode = record.at("mode").get<std::string>();
  const auto bits = parse_number<unsigned>(mode, 8);
  if (!bits) throw Error("\"" + mode + "\" is not a mode");
  kept.info.mode = *bits;
  kept.info.uid = record.at("uid").get<unsigned>();
  kept.info.gid = record.at("gid").get<unsigned>();
  if (record.contains("content")) kept.content = record.at("content").get<std::string>();
  if (record.contains("target")) kept.target = path_in(record["target"]);
  return kept;
}

void begin_from(const json& record, JournalRecords& records) {
  const int format = record.at("format").get<int>();
  records.version = record.at("version").get<std::string>();
  if (format < 1 || format > k_journal_format) {
    throw Error(fmt::format("written by version {} in format {}, this one knows format {}", records.version, format,
                            k_journal_format));
  }
  records.started = record.at("started").get<std::string>();
  records.command = record.at("command").get<std::string>();
}

void add_path(const json& record, JournalRecords& records) {
  KeptPath kept = kept_of(record);
  if (record.contains("of")) records.touched[kept.path].insert(id_in(record, "of"));
  if (records.earlier.contains(kept.path)) return;
  if (records.restored.erase(kept.path) > 0) {
    std::erase_if(records.paths, [&](const KeptPath& known) { return known.path == kept.path; });
  }
  const bool below_new = any_above(kept.path, [&](const std::string& upper) { return records.made.contains(upper); });
  if (below_new) kept = {.path = kept.path};
  records.paths.push_back(std::move(kept));
}

// What was put back is as it was before the run, and may change in the next pass.
void begin_pass(JournalRecords& records) {
  std::erase_if(records.paths, [&](const KeptPath& kept) { return records.restored.contains(kept.path); });
  records.restored.clear();
  for (const KeptPath& kept : records.paths) {
    records.earlier.insert(kept.path);
    if (kept.info.kind == FileKind::absent) records.made.insert(kept.path);
  }
}

JournalChange change_in(const json& record) {
  JournalChange change{.id = id_in(record, "id")};
  for (const json& target : record.at("notifies")) change.notifies.push_back(id_of(target.get<std::string>()));
  if (record.contains("data")) {
    change.lasting = {.data = record["data"].get<std::vector<std::string>>(),
                      .computed = record.value("computed", std::vector<std::string>{}),
                      .beyond_files = record.value("lasting", false)};
  }
  return change;
}

void add_record(const json& record, JournalRecords& records) {
  const std::string type = record.at("type").get<std::string>();
  if (type == "begin") {
    begin_from(record, records);
  } else if (type == "touch") {
    records.touched[path_in(record.at("path"))].insert(id_in(record, "of"));
  } else if (type == "state") {
    records.states.emplace(id_in(record, "id"), record.at("state").get<std::string>());
  } else if (type == "path") {
    add_path(record, records);
  } else if (type == "pass") {
    begin_pass(records);
  } else if (type == "restore") {
    // Back to before its pass, which is not what it was before the run if an earlier one changed it, too.
    const std::string path = path_in(record.at("path"));
    if (!records.earlier.contains(path)) records.restored.insert(path);
  } else if (type == "owe") {
    const auto attributes = record.at("attributes").get<std::vector<std::string>>();
    records.owed.insert({id_in(record, "target"), {id_in(record, "cause"), attributes}});
  } else if (type == "settle") {
    const ResourceId target = id_in(record, "target");
    std::erase_if(records.owed, [&](const OwedNotice& notice) { return notice.target == target; });
  } else if (type == "done") {
    records.changed.push_back(id_in(record, "id"));
  } else if (type == "package") {
    records.packages = true;
    for (const json& name : record.at("install")) records.installed.push_back(name.get<std::string>());
    for (const json& name : record.at("remove")) records.removed.push_back(name.get<std::string>());
  } else if (type == "end") {
    records.ended = true;
    records.result = record.at("result").get<std::string>();
  } else if (type == "change") {
    records.changes.push_back(change_in(record));
  } else {
    throw Error("unknown record \"" + type + "\"");
  }
}

}  // namespace

std::string content_digest(std::string_view content) { return sha256_hex(content); }

namespace journal_line {

std::string begin(const std::string& version, const std::string& started, const std::string& command) {
  return line_of({{"type", "begin"},
                  {"format", k_journal_format},
                  {"version", version},
                  {"started", started},
                  {"command", command},
                  {"pid", ::getpid()}});
}

std::string change(const ResourceId& id, const std::string& recipe, Action action,
                   const std::vector<ResourceId>& notifies, const Resource::Lasting& lasting) {
  json targets = json::array();
  for (const ResourceId& target : notifies) targets.push_back(target.text());
  json record = {{"type", "change"},
                 {"id", id.text()},
                 {"recipe", recipe},
                 {"action", to_string(action)},
                 {"notifies", std::move(targets)},
                 {"data", lasting.data}};
  if (!lasting.computed.empty()) record["computed"] = lasting.computed;
  if (lasting.beyond_files) record["lasting"] = true;
  return line_of(record);
}

std::string path(const KeptPath& kept, const ResourceId& of) {
  json record = {
      {"type", "path"}, {"path", json_of(kept.path)}, {"was", k_kinds.at(static_cast<std::size_t>(kept.info.kind))}};
  if (!of.kind.empty()) record["of"] = of.text();
  if (kept.whole) record["tree"] = true;
  if (!kept.tree.empty()) record["moved"] = kept.tree;
  if (kept.info.kind != FileKind::absent) {
    record["mode"] = fmt::format("{:04o}", kept.info.mode);
    record["uid"] = kept.info.uid;
    record["gid"] = kept.info.gid;
  }
  if (kept.content) record["content"] = *kept.content;
  if (kept.info.kind == FileKind::symlink) record["target"] = json_of(kept.target);
  return line_of(record);
}

std::string touch(const std::string& path, const ResourceId& of) {
  return line_of({{"type", "touch"}, {"path", json_of(path)}, {"of", of.text()}});
}

std::string state(const ResourceId& id, const std::string& state) {
  return line_of({{"type", "state"}, {"id", id.text()}, {"state", state}});
}

std::string restore(const std::string& path) { return line_of({{"type", "restore"}, {"path", json_of(path)}}); }

std::string pass() { return line_of({{"type", "pass"}}); }

std::string owe(const OwedNotice& notice) {
  return line_of({{"type", "owe"},
                  {"target", notice.target.text()},
                  {"cause", notice.notice.cause.text()},
                  {"attributes", notice.notice.attributes}});
}

std::string done(const ResourceId& id) { return line_of({{"type", "done"}, {"id", id.text()}}); }

std::string settle(const ResourceId& target) { return line_of({{"type", "settle"}, {"target", target.text()}}); }

std::string packages(const std::vector<std::string>& install, const std::vector<std::string>& remove) {
  return line_of({{"type", "package"}, {"install", install}, {"remove", remove}});
}

std::string end(bool ok, std::size_t changed) {
  return line_of({{"type", "end"}, {"result", ok ? "ok" : "failed"}, {"changed", changed}});
}

}  // namespace journal_line

bool JournalRecords::leaves_changes() const {
  if (packages || !changed.empty()) return true;
  return std::any_of(paths.begin(), paths.end(), [&](const KeptPath& kept) { return !restored.contains(kept.path); });
}

JournalRecords read_journal(std::string_view text) {
  JournalRecords records;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) break;  // cut off while it was written
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    const json record = json::parse(line, nullptr, false);
    try {
      if (record.is_discarded()) throw Error("no JSON object");
      add_record(record, records);
    } catch (const std::exception& error) {
      // Power may have gone before the last sync: what follows the last whole line is nothing.
      if (record.is_discarded() && text.empty()) break;
      if (records.damage.empty()) records.damage = fmt::format("line {}: {}", number, error.what());
    }
  }
  return records;
}

std::string joined_journals(std::string_view first, std::string_view second) {
  std::string text;
  std::set<std::string, std::less<>> said;
  std::string end;
  const auto add = [&](std::string_view journal, bool again) {
    for (const std::string_view line : lines_of(journal)) {
      const json record = json::parse(line, nullptr, false);
      if (record.is_discarded()) continue;  // cut off while it was written
      const std::string type = record.at("type").get<std::string>();
      if (type == "end") end = std::string(line) + "\n";
      // What is pending stands elsewhere since the run was closed. A pass that says the same again says nothing.
      const bool repeats = !said.emplace(line).second && (type == "change" || type == "done" || type == "touch");
      if (type == "end" || type == "owe" || type == "settle" || (again && type == "begin") || repeats) continue;
      text += std::string(line) + "\n";
    }
  };
  add(first, false);
  text += journal_line::pass();
  const std::set<std::string> known = read_journal(text).earlier;
  std::string later;
  for (const std::string_view line : lines_of(second)) {
    const json record = json::parse(line, nullptr, false);
    const bool path = !record.is_discarded() && record.at("type") == "path";
    if (!path || !known.contains(path_in(record.at("path")))) later += std::string(line) + "\n";
  }
  add(later, true);
  return text + end;
}

}  // namespace mailinabox
