// What follows from a change of users, aliases, records or keys: the recipes that use the models converge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/report.hpp"
#include "operations/held_lock.hpp"
#include "operations/load_box.hpp"

namespace mailinabox {

// What became of a stored change outside the database. Whatever is not published now, the next run publishes.
struct Publication {
  bool needed = true;  // false: the box has not been set up yet, nothing was tried
  BoxParts parts{};    // then: what of it is there; empty where the recipes cannot be read
  Report report{};
  std::vector<std::string> warnings{};  // of the models
  std::string error{};                  // why converging could not even begin; "" if it did
  ExitCode code = ExitCode::ok;
};

// Gathers the models, unless the caller has a box with those of after the change, and converges the recipes that use
// them. Throws nothing that the change before it caused: an Error becomes the result's `error`.
Publication publish(const Box& box, const HeldLock& lock, std::optional<LoadedBox> loaded = std::nullopt);

// The same for somebody who asks for just that, of what was put in place by other means: recorded in the audit log if
// it changes anything. With SignAgain::yes the name server gets new signatures for every zone. Throws Error if the box
// has not been set up.
enum class SignAgain : std::uint8_t { no, yes };
Publication publish_on_request(const Box& box, const LockRequest& request, SignAgain sign_again = SignAgain::no);

// What changed, by the parts that the original's management daemon names.
struct PublishedChanges {
  std::vector<std::string> zones{};  // rewritten
  bool name_server = false;          // its configuration
  bool signer = false;               // OpenDKIM's configuration
  bool web = false;
};
PublishedChanges published_changes(const Report& report);

// What a publication changed, as the original's management daemon words it: "updated DNS: example.com,example.org",
// "web updated". Programs look for these. Empty if it changed nothing.
std::vector<std::string> change_lines(const Report& report);

}  // namespace mailinabox
