#include "facts/facts.hpp"

#include "base/error.hpp"

namespace mailinabox {

#define FACT(name) Fact name##_fact();
#include "facts/facts.def"
#undef FACT

const std::vector<Fact>& facts() {
  static const std::vector<Fact> all = {
#define FACT(name) name##_fact(),
#include "facts/facts.def"
#undef FACT
  };
  return all;
}

ValueMap gather_facts(const View& view) {
  ValueMap values;
  for (const Fact& fact : facts()) {
    try {
      values.emplace(fact.name, fact.read(view));
    } catch (const Error& error) {
      throw Error("the fact " + std::string(fact.name) + " cannot be read: " + error.what(), error.code());
    }
  }
  return values;
}

}  // namespace mailinabox
