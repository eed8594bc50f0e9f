// Certificates that somebody has got elsewhere: the request for one, taking it in, looking at it, taking it away.
#pragma once

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "box/tls/pem_bundle.hpp"
#include "operations/publish.hpp"
#include "operations/tls/roll.hpp"

namespace mailinabox {

struct Import {
  std::string path{};        // of the certificate in the store
  bool key_is_next = false;  // the box's own name: the key is the next one, and is used when DNS has had it long enough
  std::string better{};      // path of the certificate that goes on to serve the name, if that is another one
  Publication publication{};
};

// The files that a person names, at most 1 MB each: paths as on the machine. Throws Error for one that is missing,
// larger or a directory.
std::vector<BundleFile> read_bundle_files(const Box& box, const std::vector<std::string>& paths);

// Takes a certificate for the name of the box, its chain in any order and, if the box has not made it, its key. Throws
// UnknownName for a name that is none of the box's, and Error for other names in the certificate, no such key,
// self-signed, expired or not yet valid, a chain that leads to no authority that this machine trusts. Nothing is
// replaced then.
Import import_certificate(const Box& box, const std::string& name, const std::vector<BundleFile>& files,
                          const LockRequest& lock);

// A signing request (PEM) for the name with the box's key, or, while a roll of the key is under way, the next one.
// `country`: two letters, or "". Throws UnknownName for a name that is none of the box's.
std::string signing_request(const Box& box, const std::string& name, const std::string& country);

struct ShownCertificate {
  std::string name{};
  std::string file{};
  std::string private_key{};
  std::vector<std::string> names{};  // that it is for
  TimePoint from{};
  TimePoint until{};
  std::string fingerprint{};         // SHA-256, as browsers show it
  std::string tlsa{};                // the data of a TLSA record for its key
  std::vector<std::string> chain{};  // who signed it, who signed that one, and so on
  std::string status{};              // class and text as of certificates_status()
  std::string text{};
};

// The certificate that serves the name. Throws Error if there is none.
ShownCertificate show_certificate(const Box& box, const std::string& name);

struct Removal {
  std::string moved_to{};  // in STORAGE_ROOT/ssl.expired
  std::string now{};       // path of the certificate that serves the name from now on; "" for the box's own
  Publication publication{};
};

// Moves the certificate that serves exactly this name out of the store. Throws Error if it has none of its own but a
// self-signed one.
Removal remove_certificate(const Box& box, const std::string& name, const LockRequest& lock);

}  // namespace mailinabox
