// Which names need a certificate now, and which of those can have one.
#pragma once

#include <string>
#include <vector>

#include "operations/models/models.hpp"
#include "operations/tls/memory.hpp"
#include "operations/tls/order.hpp"
#include "operations/tls/roll.hpp"

namespace mailinabox {

struct Candidate {
  std::string name{};
  std::string reason{};    // why it is left out, whole sentences; "" if it can be asked for
  bool looked_up = false;  // `reason` is what DNS says
  bool has_good = false;   // it has a fresh certificate: nothing is needed
  bool urgent = false;     // less than a sixth of its certificate's lifetime is left
};

struct CandidateRequest {
  std::vector<std::string> names{};  // only these; empty: every name of the box
  bool due_only = false;             // leave those alone that the memory says to
  std::string nobody_asked{};        // why no authority is asked at all; "" if one is
  bool on_next_key = false;          // the box's own name needs a certificate on the next key
};

// Whether the name has a certificate that clients take and that is not due yet: also one that serves it only when
// another has ended. One of a private authority counts if that is the one that is asked; not one on a key that a roll
// has replaced. `on_next_key` is about the box's own name.
bool has_fresh_certificate(const Answers& answers, const BoxModels& models, const TlsMemory& memory,
                           const std::string& name, bool on_next_key, TimePoint now);

// In the order of the names. Asks resolvers about names that need a certificate. `memory` gets the zones for which the
// world asks this box. Throws Error (ExitCode::usage) for a name that is none of the box's.
std::vector<Candidate> find_candidates(const Box& box, const Answers& answers, const BoxModels& models,
                                       const CandidateRequest& request, TlsMemory& memory);

// The names that can be asked for, in requests of at most 100 names: one a zone, the box's own name first. Those that
// `memory` knows to be validated by DNS only have one a zone as well, each wildcard one by itself, and so has the box's
// own name if it needs a certificate on the next key.
std::vector<Order> make_orders(const Answers& answers, const BoxModels& models,
                               const std::vector<Candidate>& candidates, const TlsMemory& memory, bool on_next_key);

// For a name in TlsMemory::by_dns, with what the authority said.
std::string note_of_validation_by_dns(const std::string& name, const std::string& said);

// Why the box's zones cannot be validated by DNS: nobody asks this box for them.
std::string reason_of_foreign_zone(const std::string& zone);

}  // namespace mailinabox
