// A deleter for objects of C libraries: std::unique_ptr<BIO, FreeWith<BIO_free>>.
#pragma once

namespace mailinabox {

template <auto free_object>
struct FreeWith {
  template <typename Object>
  void operator()(Object* object) const {
    free_object(object);
  }
};

}  // namespace mailinabox
