// The files of STORAGE_ROOT/ssl: a certificate is put there, or taken away. What services present follows by publish().
#pragma once

#include <string>
#include <vector>

#include "operations/models/models.hpp"

namespace mailinabox {

// Writes certificate and chain under stored_name(); returns the path. A file of that name with the same content stays.
// Throws Error if the certificate has none of the keys in the store, or is for none of `names`.
std::string store_certificate(const Box& box, const Answers& answers, const CertificateStore& store,
                              const std::vector<std::string>& names, const std::string& chain);

// Names of files in the store that, by their names, ended more than a week ago.
std::vector<std::string> expired_files(const Box& box, const Answers& answers);

// Moves certificates that ended more than a week ago and that nothing uses to STORAGE_ROOT/ssl.expired. Returns their
// new paths.
std::vector<std::string> put_away_expired(const Box& box, const Answers& answers, const TlsModel& model);

// Files that services read for names that the box no longer has, and that no configuration names any more. Paths.
std::vector<std::string> unserved_files(const Box& box, const TlsModel& model, const Answers& answers);

// Moves one file there, under a free name.
std::string put_away(const Box& box, const Answers& answers, const std::string& path);

}  // namespace mailinabox
