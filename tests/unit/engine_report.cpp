#include <chrono>
#include <random>

#include "engine/diff.hpp"
#include "engine/report.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

Outcome outcome_with(Changes changes) {
  Outcome outcome;
  outcome.id = {"file", "/etc/x"};
  outcome.status = Status::would_change;
  outcome.changes = std::move(changes);
  return outcome;
}

// Does what patch(1) would: applies hunks to a text.
std::string patched(const std::string& before, const std::string& hunks) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < before.size();) {
    const std::size_t newline = std::min(before.find('\n', from), before.size() - 1);
    lines.push_back(before.substr(from, newline + 1 - from));
    from = newline + 1;
  }
  std::string result;
  std::size_t next = 0;
  char last = ' ';
  for (std::size_t from = 0; from < hunks.size();) {
    const std::size_t newline = hunks.find('\n', from);
    const std::string line = hunks.substr(from, newline - from);
    from = newline + 1;
    if (line[0] == '@') {
      const std::size_t start = std::stoul(line.substr(4));
      const bool none = line.find(",0 +") != std::string::npos;
      while (next + (none ? 0 : 1) < start) result += lines.at(next++);
      continue;
    }
    if (line[0] == '\\') {
      if (last != '-') result.pop_back();
      continue;
    }
    last = line[0];
    if (last == ' ') REQUIRE(lines.at(next).find(line.substr(1)) == 0);
    if (last != '+') ++next;
    if (last != '-') result += line.substr(1) + "\n";
  }
  while (next < lines.size()) result += lines[next++];
  return result;
}

TEST_CASE("a unified diff shows what differs with its context", "[engine][diff]") {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
  CHECK(unified_hunks(before, before).empty());
  CHECK(unified_hunks(before, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n") ==
        "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  CHECK(unified_hunks(before, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\ntwelve\n") ==
        "@@ -2,11 +2,11 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n+twelve\n");
  CHECK(unified_hunks(before, "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n") ==
        "@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -9,4 +9,4 @@\n 9\n 10\n 11\n-12\n+twelve\n");
  CHECK(unified_hunks("", "a\nb\n", " (local)") == "@@ -0,0 +1,2 @@\n+a (local)\n+b (local)\n");
  CHECK(unified_hunks("a\n", "") == "@@ -1 +0,0 @@\n-a\n");
  CHECK(unified_hunks("a\n", "a") == "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
}

TEST_CASE("a unified diff leads from any text to any other", "[engine][diff]") {
  std::mt19937 random(20261123);
  for (int round = 0; round < 2000; ++round) {
    std::string texts[2];
    for (std::string& text : texts) {
      for (auto count = random() % 25; count > 0; --count)
        text += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      if (!text.empty() && random() % 5 == 0) text.pop_back();
    }
    const std::string hunks = unified_hunks(texts[0], texts[1]);
    CHECK(patched(texts[0], hunks) == texts[1]);
  }
}

TEST_CASE("large files are compared quickly", "[engine][diff]") {
  std::string before;
  std::string after;
  std::string other;
  for (int line = 0; line < 20'000; ++line) {
    before += "setting number " + std::to_string(line) + "\n";
    after += (line % 50 == 0 ? "changed " : "setting number ") + std::to_string(line) + "\n";
    other += "nothing alike " + std::to_string(line) + "\n";
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(patched(before, unified_hunks(before, after)) == after);
  CHECK(count_changed_lines(before, after).added == 400);
  CHECK(patched(before, unified_hunks(before, other)) == other);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("a sensitive change is never shown", "[engine][report]") {
  const Outcome outcome = outcome_with(
      {{"content", "old password\n", "new password\n", true, false}, {"password", "hunter2", "hunter3", true, true}});
  const std::string shown = render_diff(outcome) + summarize(outcome);
  CHECK(shown.find("password\n") == std::string::npos);
  CHECK(shown.find("hunter") == std::string::npos);
  CHECK(render_diff(outcome) == "content: differs (not shown)\npassword: differs (not shown) (local)\n");
  CHECK(summarize(outcome) == "content differs, password differs");
}

TEST_CASE("changes are shown attribute by attribute, contents line by line", "[engine][report]") {
  const Outcome outcome =
      outcome_with({{"content", "a\nb\n", "a\nc\n", false, true}, {"mode", "0644", "0640", false, true}});
  CHECK(render_diff(outcome) ==
        "--- /etc/x\n+++ /etc/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c (local)\nmode: 0644 -> 0640 (local)\n");
  CHECK(summarize(outcome) == "content +1 -1 lines, mode 0644 -> 0640");
  CHECK(render_diff(outcome_with({{"content", "", "a\n", false, false}})) ==
        "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1 @@\n+a\n");
  CHECK(render_diff(outcome_with({{"content", std::string("\0", 1), "\xff\xfe", false, false}})) ==
        "content: 1 bytes -> 2 bytes, not text\n");
}

TEST_CASE("a summary is at most a hundred bytes and never ends inside a letter", "[engine][report]") {
  for (std::size_t length = 80; length < 110; ++length) {
    const std::string summary =
        summarize(outcome_with({{"value", std::string(length, 'x') + "äöüäöüäöüäöü", "", false, false}}));
    CHECK(summary.size() <= 100);
    CHECK(is_text(summary));
  }
}

TEST_CASE("text is what a terminal may be given", "[engine][diff]") {
  CHECK(is_text(""));
  CHECK(is_text("a\nä€𝄞"));
  CHECK_FALSE(is_text(std::string("a\0b", 3)));
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    CHECK_FALSE(is_text(bad));
  }
}

TEST_CASE("the exit code is that of the first failure that has one of its own", "[engine][report]") {
  Report report;
  CHECK(report.exit_code() == ExitCode::ok);
  report.outcomes.resize(3);
  report.outcomes[0].status = Status::failed;
  report.outcomes[0].code = ExitCode::failed;
  CHECK(report.exit_code() == ExitCode::failed);
  report.outcomes[2].status = Status::failed;
  report.outcomes[2].code = ExitCode::no_space;
  CHECK(report.exit_code() == ExitCode::no_space);
  Report refused;
  refused.refresh_failures.resize(1);
  refused.refresh_failures[0].status = Status::failed;
  CHECK(refused.exit_code() == ExitCode::failed);
}

}  // namespace
