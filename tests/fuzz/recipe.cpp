// A recipe file of any bytes either loads or is refused with an Error that has a position; nothing else comes out.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "fuzz/memory_files.hpp"
#include "recipe/loader.hpp"

using namespace mailinabox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MemoryFiles files;
  files.contents["/share/recipes/platforms/debian-12.yaml"] = "services: {nginx: {unit: nginx.service}}\n";
  files.contents["/share/recipes/tls.yaml"] =
      "recipe: tls\nsummary: base\nvariables: {names: [a, b]}\nresources:\n  - file: /etc/tls\n    content: x\n"
      "  - settings: /etc/x.conf\n    format: equals\n    values: {a: b}\n";
  files.contents["/share/templates/nginx/nginx.conf"] = "user {{storage_user}};\n";
  const std::string text(reinterpret_cast<const char*>(data), size);
  files.contents["/share/recipes/fuzz.yaml"] = text;
  files.contents["/local/override.yaml"] = text;
  const ValueMap context = {{"primary_hostname", "box.example.org"},
                            {"storage_root", "/home/user-data"},
                            {"storage_user", "user-data"},
                            {"domains", ValueList{"a.example", "b.example"}},
                            {"facts", ValueMap{{"systemd", true}, {"memory_mb", 512}}}};
  const RecipeSources sources{"/share/recipes", "/share/templates", "/local"};
  try {
    validate(load_catalog(files, sources, Value(context), "debian-12"));
  } catch (const RecipeError& error) {
    if (std::string(error.what()).find(':') == std::string::npos) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
