// From declarations to drafts: conditions, loops, names, types.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "recipe/declaration.hpp"
#include "recipe/draft.hpp"
#include "recipe/errors.hpp"
#include "recipe/fields.hpp"
#include "recipe/grammar.hpp"

namespace mailinabox {

class Expander {
 public:
  using Sink = std::function<void(Draft draft)>;
  using UsedNames = std::set<std::string, std::less<>>;

  Expander(FieldReader& fields, Renderer& renderer, ErrorList& errors)
      : fields_(fields), renderer_(renderer), errors_(errors) {}

  // Passes every resource of a file to `resources` (with packages) or `services`, in the file's order. Errors are
  // collected, and the next resource is tried.
  void expand(const Fragment& fragment, const Sink& resources, const Sink& services);

  // Ids that a `when` left out, if their names could be found: notifying or overriding them is not an error.
  const std::set<ResourceId>& left_out() const { return left_out_; }

  // The names of the context that expand() looked up since the last call, also for what a `when` left out.
  UsedNames take_used_names() {
    note_used_names();
    return std::exchange(used_, {});
  }

 private:
  void expand(const Declaration& declaration, const Fragment& fragment, bool active, const Sink& sink);
  void expand_one(const Declaration& declaration, const Fragment& fragment, bool active, const Sink& sink);
  void leave_out(const Declaration& declaration, const Fragment& fragment);
  void expand_each(const Declaration& declaration, const Fragment& fragment, const Sink& sink);
  UsedNames note_used_names();
  const ValueList& loop_list(const Declaration& declaration);
  std::string name_of(const Declaration& declaration, const Fragment& fragment);
  Draft draft_of(const Declaration& declaration, const Fragment& fragment);
  void read_common(const Declaration& declaration, Draft& draft);

  FieldReader& fields_;
  Renderer& renderer_;
  ErrorList& errors_;
  std::set<ResourceId> left_out_{};
  UsedNames used_{};
  UsedNames loop_uses_{};  // of the loop whose resources are being expanded
};

}  // namespace mailinabox
