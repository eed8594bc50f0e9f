// Helpers for this folder and for callers of libraries on top of OpenSSL.
#pragma once

#include <openssl/bio.h>

#include <memory>
#include <string>

#include "base/free_with.hpp"

namespace mailinabox {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free>>;

// Reads from a text, which must outlive it; never nullptr. Throws Error if memory is short, as do all functions here.
Bio bio_of(const std::string& text);

// What `write` writes to its BIO: `[&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }`. Throws Error,
// beginning "OpenSSL cannot write `what`", if it does not return 1. The memory in between is cleared.
template <typename Write>
std::string written(const std::string& what, Write write);

// Passphrase callback that gives none. Without a callback, OpenSSL asks on the terminal.
int no_passphrase(char* buffer, int size, int writing, void* data);

// OpenSSL's reason for its last failure, for messages; clears its list of errors.
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
