#include "operations/models/models.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "box/directory/address.hpp"
#include "box/directory/directory.hpp"
#include "box/dns/names.hpp"
#include "operations/context.hpp"
#include "operations/models/certificates.hpp"
#include "operations/models/key_files.hpp"
#include "operations/models/secondary_addresses.hpp"
#include "operations/models/zones.hpp"
#include "operations/tls/memory.hpp"
#include "operations/web/site_files.hpp"

namespace mailinabox {
namespace {

// What zones are made of, and what else was found out on the way.
struct ZoneSources {
  DnsInput input{};
  TlsMemory memory{};
  std::shared_ptr<TlsModel> tls{};
  std::vector<std::string> warnings{};
};

ValueList list_value(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

ValueList zone_values(const std::vector<DnsZone>& zones) {
  ValueList values;
  values.reserve(zones.size());
  for (const DnsZone& zone : zones) {
    values.emplace_back(ValueMap{
        {"name", zone.name}, {"file", percent_encoded(zone.name) + ".txt"}, {"records", master_file_records(zone)}});
  }
  return values;
}

// Every file of kind zone, for the directory that holds no others.
ValueList zone_files(const std::vector<DnsZone>& zones) {
  ValueList names;
  for (const DnsZone& zone : zones) {
    for (const char* ending : {".txt", ".txt.signed", ".txt.ds"})
      names.emplace_back(percent_encoded(zone.name) + ending);
  }
  return names;
}

ValueList peer_values(const std::vector<TransferPeer>& peers) {
  ValueList values;
  for (const TransferPeer& peer : peers) {
    values.emplace_back(ValueMap{{"address", peer.address}, {"notify", peer.notify}});
  }
  return values;
}

std::string policy_mode(const Answers& answers) {
  const std::string mode = answers.get("MTA_STS_MODE");
  return mode.empty() ? "enforce" : mode;
}

DnsInput input_of(const Answers& answers) {
  DnsInput input;
  input.primary_hostname = domain_to_ascii(answers.get("PRIMARY_HOSTNAME"));
  input.public_ip = answers.get("PUBLIC_IP");
  input.public_ipv6 = answers.get("PUBLIC_IPV6");
  input.tls_report_address = answers.get("MTA_STS_TLSRPT_RUA");
  return input;
}

std::vector<std::string> hosts_of(const SecondaryServers& servers) {
  std::vector<std::string> hosts = servers.host_names;
  hosts.insert(hosts.end(), servers.transfer_hosts.begin(), servers.transfer_hosts.end());
  return hosts;
}

std::vector<TransferPeer> peers_of(const SecondaryServers& servers, const SecondaryAddresses& found) {
  std::vector<TransferPeer> peers;
  const auto add = [&](const std::string& address) {
    const bool known =
        std::any_of(peers.begin(), peers.end(), [&](const TransferPeer& peer) { return peer.address == address; });
    if (!known) peers.push_back({.address = address, .notify = address.find('/') == std::string::npos});
  };
  for (const std::string& host : hosts_of(servers)) {
    const auto addresses = found.of_host.find(host);
    if (addresses == found.of_host.end()) continue;
    for (const std::string& address : addresses->second) add(address);
  }
  for (const std::string& address : servers.transfer_to) add(address);
  return peers;
}

// Records that are nowhere published, by the domain that the box would have to host.
void warn_of_records_elsewhere(const Answers& answers, const BoxModels& models, std::vector<std::string>& warnings) {
  NameSet zones;
  for (const DnsZone& zone : models.zones) zones.insert(zone.name);
  std::vector<std::string> names;
  for (const CustomRecord& record : models.input.custom.all()) {
    if (enclosing_name(record.name, zones).empty() && !contains(names, record.name)) names.push_back(record.name);
  }
  if (names.empty()) return;
  warnings.push_back(custom_records_path(answers) +
                     " has records of names in no domain that this box hosts, so nobody "
                     "sees them: " +
                     joined(names, ", ") +
                     ". A user or alias in the domain makes it one; `mailinabox dns "
                     "remove NAME TYPE` removes a record.");
}

void add_sites(const DnsInput& input, WebInput web, BoxModels& models) {
  models.sites = web_sites(input, web);
  models.values["web_sites"] = site_values(models.sites, web);
  models.values["site_files"] = site_file_names(models.sites);
  models.web = std::move(web);
}

// The file that nginx reads for each name, in place of the box's own.
void add_certificates(const TlsModel& tls, WebInput& web) {
  web.primary.stapling = tls.primary_stapling;
  web.primary.accepted = tls.primary_accepted;
  for (const ServedCertificate& one : tls.served)
    web.certificates[one.name] = {.pem = one.pem, .stapling = one.stapling, .accepted = one.accepted};
}

ZoneSources read_zone_sources(const Box& box, const Answers& answers, DnsInput names) {
  ZoneSources parts{.input = std::move(names), .memory = read_tls_memory(box)};
  DnsInput& input = parts.input;
  for (const CustomRecordProblem& problem : input.custom.problems()) parts.warnings.push_back(problem.text());
  const View view = box.view();
  input.dkim = read_dkim_records(view, answers.get("STORAGE_ROOT"), parts.warnings);
  input.ssh_fingerprints = read_ssh_fingerprints(view);
  for (const DnsChallenge& challenge : read_challenges(box))
    input.challenges.push_back({challenge.name, challenge.value});
  parts.tls = gather_tls(view, answers, parts.memory.distrusted, input, parts.warnings);
  return parts;
}

// One of each kind of addition.
WebInput sample_web(const Answers& answers) {
  WebInput web;
  web.storage_root = answers.get("STORAGE_ROOT");
  web.primary = {.pem = served_file(answers, answers.get("PRIMARY_HOSTNAME"))};
  web.expiry = "2027-07-01T00:00:00Z";
  web.folders = {"example.com"};
  web.own_page = true;
  web.custom = CustomSites::parse(
      "example.org:\n  redirects:\n    ^/old/(.*)$: https://example.com/$1\n  proxies:\n"
      "    /app/: http://127.0.0.1:3000/#web-sockets,frame-options-sameorigin\n  aliases:\n    /files/: /srv/files/\n",
      custom_sites_path(answers));
  return web;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> k_names = [] {
    std::vector<std::string> names = data_model_names();
    names.emplace_back("mta_sts_policy");
    return names;
  }();
  return k_names;
}

// The policy follows from the answers.
const std::vector<std::string>& data_model_names() {
  static const std::vector<std::string> k_names = {
      "mail_domains",        "user_domains",      "web_domains",        "zones",         "zone_files", "transfer_peers",
      "served_certificates", "mail_certificates", "issued_certificate", "issued_digest", "web_sites",  "site_files"};
  return k_names;
}

std::string custom_records_path(const Answers& answers) { return answers.get("STORAGE_ROOT") + "/dns/custom.yaml"; }

BoxModels make_models(DnsInput input, const std::string& mta_sts_mode, std::vector<TransferPeer> transfer_peers,
                      WebInput web) {
  BoxModels models;
  models.zones = dns_zones(input);
  models.transfer_peers = std::move(transfer_peers);
  models.values["mail_domains"] = list_value(in_domain_order(input.mail_domains, input.primary_hostname));
  models.values["user_domains"] = list_value(in_domain_order(input.user_domains, input.primary_hostname));
  models.values["web_domains"] = list_value(web_domains(input));
  models.values["zones"] = zone_values(models.zones);
  models.values["zone_files"] = zone_files(models.zones);
  models.values["transfer_peers"] = peer_values(models.transfer_peers);
  models.values["mta_sts_policy"] = mta_sts_policy(mta_sts_mode, input.primary_hostname);
  add_sites(input, std::move(web), models);
  models.input = std::move(input);
  return models;
}

DnsInput read_names(const Box& box, const Answers& answers, const Directory* directory) {
  DnsInput input = input_of(answers);
  if (directory != nullptr) {
    input.user_domains = directory->user_domains();
    input.mail_domains = directory->mail_domains();
  }
  if (const auto custom = box.view().files.read(custom_records_path(answers)))
    input.custom = CustomRecords::parse(custom->content, custom_records_path(answers));
  return input;
}

BoxModels gather_models(const Box& box, const Answers& answers, const Directory* directory,
                        SecondaryLookup& secondaries, const std::string& first_user) {
  BoxModels nothing_yet;
  nothing_yet.input = input_of(answers);
  nothing_yet.values["mta_sts_policy"] = mta_sts_policy(policy_mode(answers), nothing_yet.input.primary_hostname);
  const View view = box.view();
  DnsInput input = read_names(box, answers, directory);
  if (input.mail_domains.empty()) {
    if (first_user.empty()) {
      add_sites(nothing_yet.input, read_web_input(view, answers), nothing_yet);
      return nothing_yet;
    }
    // With the alias for the administrator that setup gives to the first user.
    input.user_domains = {std::string(domain_part(first_user))};
    input.mail_domains = input.user_domains;
    if (input.mail_domains.front() != input.primary_hostname) input.mail_domains.push_back(input.primary_hostname);
  }
  ZoneSources parts = read_zone_sources(box, answers, std::move(input));
  std::vector<std::string> warnings = std::move(parts.warnings);
  add_served_names(parts.input, answers, view.clock.now(), *parts.tls);
  const SecondaryServers servers = parts.input.custom.secondary_servers();
  SecondaryAddresses found = secondaries.find(hosts_of(servers));
  warnings.insert(warnings.end(), found.warnings.begin(), found.warnings.end());

  WebInput web = read_web_input(view, answers);
  add_certificates(*parts.tls, web);
  web.zones_here = parts.memory.zones_here;
  BoxModels models =
      make_models(std::move(parts.input), policy_mode(answers), peers_of(servers, found), std::move(web));
  models.tls = parts.tls;
  for (auto& [name, value] : parts.tls->values()) models.values[name] = std::move(value);
  models.warnings = std::move(warnings);
  for (std::string& warning : site_warnings(models.sites, models.web, custom_sites_path(answers)))
    models.warnings.push_back(std::move(warning));
  for (const DnsZone& zone : models.zones) {
    for (const LeftOutRecord& record : zone.left_out) models.warnings.push_back(record.text());
  }
  warn_of_records_elsewhere(answers, models, models.warnings);
  models.secondary_addresses = std::move(found.of_host);
  return models;
}

std::vector<DnsZone> read_zones(const Box& box, const Answers& answers, const Directory& directory) {
  DnsInput names = read_names(box, answers, &directory);
  if (names.mail_domains.empty()) return {};
  return dns_zones(read_zone_sources(box, answers, std::move(names)).input);
}

BoxModels sample_models(const Answers& answers) {
  DnsInput input = input_of(answers);
  input.mail_domains = {"example.com", "example.org"};
  input.user_domains = {"example.com"};
  input.dkim = {{.selector = "mail", .value = "v=DKIM1; h=sha256; k=rsa; s=email; p=MIIBIjANBg"}};
  input.tls_key_digests = {"0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"};
  return make_models(std::move(input), policy_mode(answers),
                     {{.address = "192.0.2.7", .notify = true}, {.address = "198.51.100.0/24"}}, sample_web(answers));
}

}  // namespace mailinabox
