// The cases that every resource kind has: absent, drifted, in sync, error.
//
//   TestHost host;
//   const auto resource = make_resource("file", "/etc/x", {{"content", "new\n"}, {"mode", 0640}});
//   const Changes changes = converge(host, *resource);         // absent or drifted
//   CHECK(attributes_of(changes) == "content");
//   check_in_sync(host, *resource);                             // in sync
//   check_error(host, *resource, "a directory stands where");   // error
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resources/kind.hpp"
#include "support/host.hpp"

namespace mailinabox::test {

// A resource as the recipe loader would make it. A field that the kind does not declare, one of another type than it
// declares (modes are integers, lists of texts ValueLists), or a required one that is missing throws std::logic_error.
// Fields named in `local` count as set in recipes.d; a map field's keys alike ("values.key").
std::shared_ptr<const Resource> make_resource(std::string_view kind, const std::string& name,
                                              const std::map<std::string, Value>& fields = {},
                                              const std::vector<std::string>& local = {});

// diff: something differs, and looking touched nothing. apply. diff: empty. Once more, as a second run would: nothing
// is touched and the machine is the same, byte by byte. Returns what differed at first.
Changes converge(TestHost& host, const Resource& resource);

// The diff is empty and nothing was touched.
void check_in_sync(TestHost& host, const Resource& resource);

// diff(), or else apply(), throws an Error that contains `message`, and the machine is as it was.
void check_error(TestHost& host, const Resource& resource, std::string_view message);

// Making the resource is refused at its place with a message that contains `message`.
void check_refused(std::string_view kind, const std::string& name, const std::map<std::string, Value>& fields,
                   std::string_view message);

// "content mode": the changes' attributes in order.
std::string attributes_of(const Changes& changes);

// The change of one attribute; throws std::logic_error where there is none.
const Change& change_of(const Changes& changes, std::string_view attribute);

}  // namespace mailinabox::test
