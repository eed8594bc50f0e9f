#include <catch2/catch.hpp>

#include "support/cases.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxyz\n-----END PGP PUBLIC KEY BLOCK-----\n";
constexpr const char* k_sources =
    "Types: deb\nURIs: https://packages.example.org/debian\nSuites: bookworm\nComponents: main extra\n"
    "Signed-By: /etc/apt/keyrings/example.asc\n";

std::shared_ptr<const Resource> example() {
  return make_resource("repository", "example",
                       {{"uris", ValueList{"https://packages.example.org/debian"}},
                        {"suites", ValueList{"bookworm"}},
                        {"components", ValueList{"main", "extra"}},
                        {"key", k_key}});
}

void put_apt(TestHost& host, int exit_code = 0, const std::string& words = "") {
  host.put_directory("/etc/apt/sources.list.d");
  host.commands.on({"apt-get", "update"},
                   [=](const Command&) { return CommandResult{.exit_code = exit_code, .err = words}; });
}

}  // namespace

TEST_CASE("repository: absent", "[cases]") {
  TestHost host;
  put_apt(host);
  const auto repository = example();
  CHECK(repository->phase() == Phase::repositories);
  const Changes changes = converge(host, *repository);
  CHECK(attributes_of(changes) == "sources key");
  CHECK(repository->action(changes) == Action::create);
  CHECK(host.content("/etc/apt/sources.list.d/example.sources") == k_sources);
  CHECK(host.content("/etc/apt/keyrings/example.asc") == k_key);
  REQUIRE(host.commands.calls.size() == 1);
  CHECK(host.commands.calls[0].argv.at(3) == "Dir::Etc::sourcelist=/etc/apt/sources.list.d/example.sources");

  SECTION("without a key of its own apt's keys count") {
    converge(host, *make_resource("repository", "universe",
                                  {{"uris", ValueList{"http://archive.example"}}, {"suites", ValueList{"./"}}}));
    CHECK(host.content("/etc/apt/sources.list.d/universe.sources") ==
          "Types: deb\nURIs: http://archive.example\nSuites: ./\n");
    CHECK_FALSE(host.exists("/etc/apt/keyrings/universe.asc"));
  }
}

TEST_CASE("repository: drifted", "[cases]") {
  TestHost host;
  put_apt(host);
  host.put("/etc/apt/sources.list.d/example.sources", k_sources);
  host.put("/etc/apt/keyrings/example.asc", k_key);
  const auto repository = example();
  SECTION("another suite") {
    host.put("/etc/apt/sources.list.d/example.sources", "Types: deb\nSuites: buster\n");
    const Changes changes = converge(host, *repository);
    CHECK(attributes_of(changes) == "sources");
    CHECK(repository->action(changes) == Action::update);
  }
  SECTION("a key that apt's user cannot read") {
    host.put("/etc/apt/keyrings/example.asc", k_key, 0600);
    CHECK(attributes_of(converge(host, *repository)) == "key");
    CHECK(host.info("/etc/apt/keyrings/example.asc").mode == 0644);
  }
}

TEST_CASE("repository: in sync", "[cases]") {
  TestHost host;
  put_apt(host);
  host.put("/etc/apt/sources.list.d/example.sources", k_sources);
  host.put("/etc/apt/keyrings/example.asc", k_key);
  check_in_sync(host, *example());
  CHECK(host.commands.calls.empty());
}

TEST_CASE("repository: error", "[cases]") {
  TestHost host;
  put_apt(host, 100, "E: The repository 'https://packages.example.org bookworm Release' does not have a Release file.");
  host.put("/etc/apt/keyrings/example.asc", k_key);
  check_error(host, *example(), "does not have a Release file");
  CHECK_FALSE(host.exists("/etc/apt/sources.list.d/example.sources"));
  host.put("/etc/apt/sources.list.d/example.sources", "Types: deb\n", 0600);
  check_error(host, *example(), "does not have a Release file");
  CHECK(host.content("/etc/apt/sources.list.d/example.sources") == "Types: deb\n");

  const ValueList uri{"https://packages.example.org"};
  const ValueList suite{"bookworm"};
  check_refused("repository", "a/b", {{"uris", uri}, {"suites", suite}}, "cannot name a file of apt");
  check_refused("repository", "a", {{"uris", ValueList{}}, {"suites", suite}}, "at least one address");
  check_refused("repository", "a", {{"uris", uri}, {"suites", ValueList{"x\nTrusted: yes"}}}, "has blanks");
  check_refused("repository", "a", {{"uris", uri}, {"suites", suite}, {"key", "\x99\x01"}}, "not ASCII-armored");
}
