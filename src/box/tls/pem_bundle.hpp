// What people are sent by an authority: a certificate, its chain in any order, perhaps a private key, in one or several
// PEM files (RFC 7468).
#pragma once

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "crypto/trust.hpp"

namespace mailinabox {

struct BundleFile {
  std::string name{};  // for messages
  Secret content{};
};

struct Bundle {
  std::vector<Certificate> certificates{};  // in the order of the files, each once
  std::vector<Secret> keys{};               // PEM (PKCS#8), each once
};

// Throws Error naming the file and what it is: DER, an encrypted key, a signing request, a PKCS#12 file, nothing of PEM
// at all, a block that cannot be read.
Bundle read_bundle(const std::vector<BundleFile>& files);

// The certificate among them for the name that is not an authority's. Throws Error listing the names that there are.
const Certificate& certificate_for(const Bundle& bundle, const std::string& name);

// The certificate and those of `others` that lead from it towards an authority, each signed by the next; a self-signed
// root at the end is left out, as every client has its own. PEM.
std::string arranged_chain(const Certificate& certificate, const std::vector<Certificate>& others);

}  // namespace mailinabox
