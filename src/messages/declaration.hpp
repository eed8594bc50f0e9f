// How a struct that goes between the front and the helper declares its members, once. Codec, validation, the closed
// set's test, the fuzz target and the OpenAPI description all follow from the declaration:
//
//   struct SetQuota {
//     static constexpr const char* k_name = "set_quota";
//     static constexpr const char* k_summary = "Change how much mail a user may keep";
//     static constexpr Rights k_rights{Area::mail, Effect::change};
//     using Result = Done;
//     std::string email{};
//     std::string quota{};
//     static constexpr auto members() {
//       return std::make_tuple(member("email", &SetQuota::email, "The user"),
//                              member("quota", &SetQuota::quota, "Bytes, or with M or G; 0: no limit"));
//     }
//   };
//
// Members may be texts, secrets, numbers, truth values, lists and optionals of them, and structs that declare
// members themselves.
#pragma once

#include <cstdint>
#include <tuple>

namespace mailinabox {

// What a message is about. A token's scopes are areas; `open` needs nobody, `self` any user.
enum class Area : std::uint8_t { open, self, mail, dns, tls, web, system };
constexpr const char* area_name(Area area) {
  switch (area) {
    case Area::open:
      return "open";
    case Area::self:
      return "self";
    case Area::mail:
      return "mail";
    case Area::dns:
      return "dns";
    case Area::tls:
      return "tls";
    case Area::web:
      return "web";
    case Area::system:
      return "admin";
  }
  return "";
}

enum class Effect : std::uint8_t {
  look,    // changes nothing: answered by a reader that lives for more than one message
  change,  // in a process of its own
  job,     // starts one that goes on by itself
};

struct Rights {
  Area area = Area::system;
  Effect effect = Effect::change;
  // A token for the challenge of one name may send it, for that name only.
  bool challenge = false;
};

enum class Presence : std::uint8_t { required, optional };

// What a text may be.
struct TextRule {
  std::size_t most = 1000;  // bytes
  bool lines = false;       // line ends and tabs are allowed; other control characters never are
};

template <typename Owner, typename Type>
struct Member {
  const char* name;
  Type Owner::*pointer;
  const char* doc;
  Presence presence;
  TextRule rule;
  bool measured = false;  // changes by itself, as the size of a mailbox does: nobody's change can be lost by it
};

template <typename Owner, typename Type>
constexpr Member<Owner, Type> member(const char* name, Type Owner::*pointer, const char* doc,
                                     Presence presence = Presence::required, TextRule rule = {}) {
  return {name, pointer, doc, presence, rule};
}

template <typename Owner, typename Type>
constexpr Member<Owner, Type> optional_member(const char* name, Type Owner::*pointer, const char* doc,
                                              TextRule rule = {}) {
  return {name, pointer, doc, Presence::optional, rule};
}

template <typename Owner, typename Type>
constexpr Member<Owner, Type> measured_member(const char* name, Type Owner::*pointer, const char* doc) {
  return {name, pointer, doc, Presence::required, {}, true};
}

template <typename Type>
concept DeclaresMembers = requires {
  Type::members();
};

// visit(declaration) for each member of a type.
template <DeclaresMembers Type, typename Visitor>
constexpr void for_each_member(Visitor&& visit) {
  std::apply([&](const auto&... each) { (visit(each), ...); }, Type::members());
}

template <DeclaresMembers Type>
constexpr bool has_measured_members() {
  return std::apply([](const auto&... each) { return (each.measured || ... || false); }, Type::members());
}

// The result of a message that has none.
struct Done {
  static constexpr auto members() { return std::make_tuple(); }
};

}  // namespace mailinabox
