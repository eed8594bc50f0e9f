#include "operations/box.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/trusted_files.hpp"

namespace mailinabox {
namespace {

std::string stamp(const Box& box) { return box.state_directory + "/set-up"; }

std::string parts_file(const Box& box) { return box.state_directory + "/set-up-parts"; }

std::string name_file(const Box& box) { return box.state_directory + "/host-name-left"; }

}  // namespace

void require_root(const Box& box) {
  if (!box.root) throw Error("This must be run as root: put `sudo` in front of it.", ExitCode::unsuitable);
}

bool answered_before(const Box& box) { return box.system.files.info(box.answers_file).kind != FileKind::absent; }

Answers read_answers(const Box& box) {
  const TrustedFiles trusted(box.system.files);
  const auto file = box.root ? trusted.read(box.answers_file) : box.system.files.read(box.answers_file);
  return file ? Answers::parse(file->content) : Answers();
}

Answers require_answers(const Box& box) {
  require_root(box);
  Answers answers = read_answers(box);
  if (!answers.get("STORAGE_ROOT").empty() && !answers.get("PRIMARY_HOSTNAME").empty()) return answers;
  throw Error("There is no box on this machine yet (" + box.answers_file +
              " does not say where its data is). Run `sudo mailinabox setup` first.");
}

// A rollback to before the first setup that was cut off has removed the answers and may have left the stamp.
bool is_set_up(const Box& box) {
  return box.system.files.info(stamp(box)).kind == FileKind::regular && answered_before(box);
}

void mark_set_up(const Box& box, const std::string& platform) {
  if (is_set_up(box) && last_set_up_on(box) == platform) return;
  box.system.files.make_directory(box.state_directory, {.mode = 0700});
  box.system.files.write(stamp(box), platform + "\n", {.mode = 0600});
  forget_parts_set_up(box);
}

std::string last_set_up_on(const Box& box) {
  const auto file = box.system.files.read(stamp(box));
  return file ? std::string(trim(file->content)) : "";
}

std::set<std::string> parts_set_up(const Box& box) {
  std::set<std::string> parts;
  const auto file = box.system.files.read(parts_file(box));
  const std::string text = file ? file->content : "";
  for (const std::string_view line : lines_of(text)) parts.emplace(line);
  return parts;
}

void mark_parts_set_up(const Box& box, const std::set<std::string>& recipes) {
  std::set<std::string> parts = parts_set_up(box);
  const std::size_t before = parts.size();
  parts.insert(recipes.begin(), recipes.end());
  if (parts.size() == before) return;
  box.system.files.make_directory(box.state_directory, {.mode = 0700});
  box.system.files.write(parts_file(box), joined(parts, "\n") + "\n", {.mode = 0600});
}

BoxParts parts_of(const Box& box, const std::vector<std::string>& recipe_names) {
  const std::set<std::string> done = parts_set_up(box);
  BoxParts parts;
  for (const std::string& name : recipe_names) (done.contains(name) ? parts.done : parts.missing).push_back(name);
  return parts;
}

void forget_parts_set_up(const Box& box) { box.system.files.remove(parts_file(box)); }

void forget_set_up(const Box& box) {
  box.system.files.remove(stamp(box));
  forget_parts_set_up(box);
}

std::string host_name_left(const Box& box) {
  const auto file = box.system.files.read(name_file(box));
  return file ? std::string(trim(file->content)) : "";
}

void remember_host_name_left(const Box& box, const std::string& name) {
  box.system.files.make_directory(box.state_directory, {.mode = 0700});
  box.system.files.write(name_file(box), name + "\n", {.mode = 0600});
}

void forget_host_name_left(const Box& box) { box.system.files.remove(name_file(box)); }

}  // namespace mailinabox
