// The release of the distribution that this machine runs: whether it still gets security updates, whether the packages
// that are installed are its own, and whether the machine has moved to it from another. What is known of each release
// is in its platform file, under `release`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// "debian-12" as people write it: "Debian 12".
std::string release_name(std::string platform);

// `platform`: the machine's. Throws Error (ExitCode::unsuitable) if packages that decide what the recipes may say are
// another release's: an upgrade that was broken off, or a Dovecot whose settings have other names. Returns warnings,
// whole sentences: no security updates, or soon none, by the machine's clock; a single package of another release,
// which may be meant so.
std::vector<std::string> require_whole_release(const Box& box, const std::string& platform);

// Why `transaction`, of packages, would mix releases: it would bring one of those by which the platform's file knows a
// later release (`later_versions`), as apt's sources name that before the machine has been upgraded. What the machine
// has of it already is its administrator's will. `platform`: the machine's. Sentences with what to do; "" if it would
// not, or if it is not known what it would bring. Throws Error if the platform's file cannot be read.
std::string mixture_by(const Box& box, const std::string& platform, const Consequences& transaction);

// For RunOptions::on_packages: throws Error (ExitCode::unsuitable) where mixture_by() has something to say. `box` must
// outlive it.
std::function<void(const Consequences& transaction)> refuse_mixtures(const Box& box, const std::string& platform);

// The machine has been upgraded in place since a setup of the whole box last succeeded.
struct Move {
  std::string from{};  // "debian-12"
  std::string to{};    // "debian-13"
  // "This machine was Debian 12 when it was last set up; now it is Debian 13."
  std::string text() const;
};

// `platform`: the machine's. std::nullopt before the first setup, after one of a version that did not keep this, and
// for who is not root, who cannot know.
std::optional<Move> move_of(const Box& box, const std::string& platform);

// Marks the entries of the catalog, which `context` has given, that the recipes did not ask for in this form before the
// move. None if the recipes cannot be read for the platform of before, which may not be supported any more.
void mark_new_release(const Box& box, const Move& move, const Value& context, Catalog& catalog);

// Keeps that generations below `next_generation` were made before the move, unless this is known.
void remember_move(const Box& box, const Move& move, std::int64_t next_generation);

// Throws Error if the files of before `generation` are those of another release: its services do not work with them.
void require_same_release(const Box& box, std::int64_t generation);

}  // namespace mailinabox
