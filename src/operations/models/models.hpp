// The box's models (design.md section 2): what follows from the users' directory, the administrator's DNS records and
// the keys, as recipes see it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/value.hpp"
#include "box/answers.hpp"
#include "box/directory/directory.hpp"
#include "box/dns/zones.hpp"
#include "box/web/sites.hpp"
#include "operations/models/certificates.hpp"
#include "operations/models/secondary_addresses.hpp"

namespace mailinabox {

struct TransferPeer {
  std::string address{};  // or a network, "192.0.2.0/24"
  bool notify = false;    // a network cannot be notified of changes
};

struct BoxModels {
  DnsInput input{};
  std::vector<DnsZone> zones{};
  std::vector<TransferPeer> transfer_peers{};
  std::shared_ptr<const TlsModel> tls{};  // nullptr before the first user exists
  WebInput web{};
  std::vector<WebSite> sites{};  // before the first user exists only the box's own
  ValueMap values{};             // names for make_context(); other lists are empty before the first user exists
  // What an administrator should know: entries of custom.yaml that cannot be used, an expired certificate, … Whole
  // sentences.
  std::vector<std::string> warnings{};
  std::map<std::string, std::vector<std::string>> secondary_addresses{};
};

// The names of the context that are models. A recipe that uses one of them has to converge when the models change.
const std::vector<std::string>& model_names();
// Those that follow from users' data: users, aliases, custom records. A rollback leaves what is made of them.
const std::vector<std::string>& data_model_names();

// What decides which names are served and which custom records stand in their zones: the box's name and addresses, mail
// domains and custom records, but no keys and certificates. `directory` as for gather_models().
DnsInput read_names(const Box& box, const Answers& answers, const Directory* directory);

// Reads all that the models need. Looks only: at the directory of users, files, and, if secondary name servers are set,
// asks the resolver. `directory` is null before the database exists. If there is no user yet, `first_user` is who setup
// is about to make; "" if it makes none. Throws Error if something cannot be read.
BoxModels gather_models(const Box& box, const Answers& answers, const Directory* directory,
                        SecondaryLookup& secondaries, const std::string& first_user = "");

// The pure part: zones, sites and values.
BoxModels make_models(DnsInput input, const std::string& mta_sts_mode, std::vector<TransferPeer> transfer_peers,
                      WebInput web);

// The models of a box with a domain or two, to check and to show recipes without a box.
BoxModels sample_models(const Answers& answers);

// STORAGE_ROOT/dns/custom.yaml, as the box sees it.
std::string custom_records_path(const Answers& answers);

}  // namespace mailinabox
