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
//     static Members members() {
//       return {member("email", &SetQuota::email, "The user"),
//               member("quota", &SetQuota::quota, "Bytes, or with M or G; 0: no limit")};
//     }
//   };
//
// Members may be texts, secrets, numbers, truth values, lists and optionals of them, and structs that declare
// members themselves. What works on declared structs takes a Shape, which says at run time what a type is: so it is
// compiled once, and not for each of more than a hundred types.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/secret.hpp"

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

struct Shape;

// One member of a declared struct.
struct Member {
  const char* name;
  const Shape* shape;
  std::size_t offset;  // of the member in its struct, in bytes
  const char* doc;
  Presence presence;
  TextRule rule;
  bool measured;  // changes by itself, as the size of a mailbox does: nobody's change can be lost by it

  const void* in(const void* owner) const { return static_cast<const std::byte*>(owner) + offset; }
  void* in(void* owner) const { return static_cast<std::byte*>(owner) + offset; }
};
using Members = std::vector<Member>;

// A value whose type only its Shape tells.
using ErasedValue = std::unique_ptr<void, void (*)(void*)>;
template <typename Type>
ErasedValue erased(Type value) {
  return ErasedValue(new Type(std::move(value)), [](void* erased) { delete static_cast<Type*>(erased); });
}

// What a type is, and how to go through its values. Of the functions, a shape has those of its kind; each takes the
// address of such a value.
struct Shape {
  enum class Kind : std::uint8_t { text, secret, truth, number, tree, list, optional, structure };
  Kind kind;

  // number: of any width, and enumerations.
  std::int64_t (*number)(const void* value) = nullptr;
  void (*set_number)(void* value, std::int64_t number) = nullptr;

  // list and optional: what is in it. The items of a list are item_size bytes apart; `first` is that of the first one.
  const Shape* item = nullptr;
  std::size_t item_size = 0;
  std::size_t (*size)(const void* list) = nullptr;
  const void* (*first)(const void* list) = nullptr;
  void (*clear)(void* value) = nullptr;
  void* (*add)(void* value) = nullptr;                   // an empty item at the end of a list, or in an optional
  const void* (*value)(const void* optional) = nullptr;  // nullptr: there is none

  // structure
  Members members{};
  ErasedValue (*create)() = nullptr;

  bool has_measured_members() const;
  const Member* member(std::string_view name) const;  // nullptr if there is none
};

template <typename Type>
concept DeclaresMembers = requires {
  { Type::members() } -> std::same_as<Members>;
};

// The shape of a type; the same object each time.
template <typename Type>
const Shape& shape_of();

namespace shapes {

template <typename Type>
struct IsList : std::false_type {};
template <typename Item>
struct IsList<std::vector<Item>> : std::true_type {};
template <typename Type>
struct IsOptional : std::false_type {};
template <typename Item>
struct IsOptional<std::optional<Item>> : std::true_type {};

template <typename Type>
Shape number() {
  return {
      .kind = Shape::Kind::number,
      .number = [](const void* value) { return static_cast<std::int64_t>(*static_cast<const Type*>(value)); },
      .set_number = [](void* value, std::int64_t number) { *static_cast<Type*>(value) = static_cast<Type>(number); }};
}

template <typename Item>
Shape list() {
  using List = std::vector<Item>;
  return {.kind = Shape::Kind::list,
          .item = &shape_of<Item>(),
          .item_size = sizeof(Item),
          .size = [](const void* list) { return static_cast<const List*>(list)->size(); },
          .first = [](const void* list) -> const void* { return static_cast<const List*>(list)->data(); },
          .clear = [](void* list) { static_cast<List*>(list)->clear(); },
          .add = [](void* list) -> void* { return &static_cast<List*>(list)->emplace_back(); }};
}

template <typename Item>
Shape optional() {
  using Optional = std::optional<Item>;
  return {.kind = Shape::Kind::optional,
          .item = &shape_of<Item>(),
          .clear = [](void* value) { static_cast<Optional*>(value)->reset(); },
          .add = [](void* value) -> void* { return &static_cast<Optional*>(value)->emplace(); },
          .value = [](const void* optional) -> const void* {
            const auto& value = *static_cast<const Optional*>(optional);
            return value ? &*value : nullptr;
          }};
}

template <DeclaresMembers Type>
Shape structure() {
  return {.kind = Shape::Kind::structure, .members = Type::members(), .create = [] { return erased(Type{}); }};
}

template <typename Type>
Shape of() {
  if constexpr (IsList<Type>::value) {
    return list<typename Type::value_type>();
  } else if constexpr (IsOptional<Type>::value) {
    return optional<typename Type::value_type>();
  } else if constexpr (std::is_same_v<Type, std::string>) {
    return {.kind = Shape::Kind::text};
  } else if constexpr (std::is_same_v<Type, Secret>) {
    return {.kind = Shape::Kind::secret};
  } else if constexpr (std::is_same_v<Type, bool>) {
    return {.kind = Shape::Kind::truth};
  } else if constexpr (std::is_same_v<Type, Json>) {
    return {.kind = Shape::Kind::tree};
  } else if constexpr (DeclaresMembers<Type>) {
    return structure<Type>();
  } else {
    return number<Type>();
  }
}

}  // namespace shapes

template <typename Type>
const Shape& shape_of() {
  static const Shape shape = shapes::of<Type>();
  return shape;
}

// ---- What declarations are made of ----------------------------------------------------------------------------------

template <typename Owner, typename Type>
Member member(const char* name, Type Owner::*pointer, const char* doc, Presence presence = Presence::required,
              TextRule rule = {}) {
  // In the ABI of all our platforms (Itanium C++ ABI, section 2.3) such a pointer is the member's offset.
  static_assert(sizeof(pointer) == sizeof(std::size_t));
  return {name, &shape_of<Type>(), std::bit_cast<std::size_t>(pointer), doc, presence, rule, false};
}

template <typename Owner, typename Type>
Member optional_member(const char* name, Type Owner::*pointer, const char* doc, TextRule rule = {}) {
  return member(name, pointer, doc, Presence::optional, rule);
}

template <typename Owner, typename Type>
Member measured_member(const char* name, Type Owner::*pointer, const char* doc) {
  Member measured = member(name, pointer, doc);
  measured.measured = true;
  return measured;
}

// The result of a message that has none.
struct Done {
  static Members members() { return {}; }
};

// What a message declares, without its type.
struct MessageDeclaration {
  const char* name;
  const char* summary;
  Rights rights;
  const Shape* message;
  const Shape* result;
  // The message that shows the state which this one changes, if a change may be conditional.
  const MessageDeclaration* current;
};

// The declaration of a message; the same object each time.
template <DeclaresMembers MessageType>
const MessageDeclaration& declaration_of() {
  static const MessageDeclaration declaration{MessageType::k_name,
                                              MessageType::k_summary,
                                              MessageType::k_rights,
                                              &shape_of<MessageType>(),
                                              &shape_of<typename MessageType::Result>(),
                                              [] {
                                                const MessageDeclaration* current = nullptr;
                                                if constexpr (requires { typename MessageType::Current; })
                                                  current = &declaration_of<typename MessageType::Current>();
                                                return current;
                                              }()};
  return declaration;
}

}  // namespace mailinabox
