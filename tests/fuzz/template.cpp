// A template of any bytes either renders or is refused with an Error that has a position.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "recipe/template.hpp"

using namespace mailinabox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Value context(ValueMap{{"name", "box.example.org"},
                               {"yes", true},
                               {"no", false},
                               {"list", ValueList{ValueMap{{"name", "one"}}, ValueMap{{"name", "two"}}}},
                               {"words", ValueList{"a", "b"}},
                               {"map", ValueMap{{"inner", "x"}}}});
  Renderer renderer(context);
  const Position where{intern_file("fuzz"), 1, 1};
  try {
    static_cast<void>(renderer.render({reinterpret_cast<const char*>(data), size}, where));
  } catch (const RecipeError& error) {
    if (!std::string(error.what()).starts_with("fuzz:")) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
