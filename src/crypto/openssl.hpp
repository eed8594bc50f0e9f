// What the files of this folder, and those that call libraries on top of OpenSSL, share.
#pragma once

#include <openssl/bio.h>

#include <memory>
#include <string>

#include "base/free_with.hpp"

namespace mailinabox {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free>>;

// A text to read from, which must outlive it; never nullptr. Throws Error if memory is short, as all of this does.
Bio bio_of(const std::string& text);

// What `write` writes to the BIO it is given: `[&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }`. Throws
// Error, beginning "OpenSSL cannot write `what`", if it does not return 1. The memory in between is cleared.
template <typename Write>
std::string written(const std::string& what, Write write);

// Given as passphrase callback, it says that there is none. Without one, OpenSSL asks the terminal.
int no_passphrase(char* buffer, int size, int writing, void* data);

// What OpenSSL noted last about its failure, for messages; empties its list.
std::string openssl_words();

// Throws Error unless `done`: "OpenSSL cannot `what`: …".
void expect_openssl(bool done, const std::string& what);

template <typename Write>
std::string written(const std::string& what, Write write) {
  const Bio memory(BIO_new(BIO_s_secmem()));
  expect_openssl(memory && write(memory.get()) == 1, "write " + what);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace mailinabox
