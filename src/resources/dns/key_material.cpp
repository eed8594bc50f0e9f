#include "resources/dns/key_material.hpp"

#include "crypto/openssl.hpp"

namespace mailinabox {

void equip_key(ldns_key& key, const std::string& owner, bool key_signing) {
  ldns_key_set_pubkey_owner(&key, ldns_dname_new_frm_str(owner.c_str()));
  ldns_key_set_flags(&key, key_signing ? LDNS_KEY_ZONE_KEY | LDNS_KEY_SEP_KEY : LDNS_KEY_ZONE_KEY);
  const LdnsRecord record(ldns_key2rr(&key));
  if (!record) throw Error("its public half cannot be computed");
  ldns_key_set_keytag(&key, ldns_calc_keytag(record.get()));
}

LdnsKey load_key(const std::string& private_text, const std::string& owner, bool key_signing) {
  ldns_key* read = nullptr;
  const ldns_status status = ldns_key_new_frm_fp(&read, file_of(private_text).get());
  LdnsKey key(read);
  if (status != LDNS_STATUS_OK || !key) throw Error("its file cannot be read as a private key: " + words_of(status));
  equip_key(*key, owner, key_signing);
  return key;
}

std::string refusal_to_sign(ldns_key& key) {
  static_cast<void>(openssl_words());  // clears older errors
  const std::string text = "example.com. 86400 IN A 192.0.2.1";
  ldns_rr* record = nullptr;
  if (ldns_rr_new_frm_str(&record, text.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) return "ldns is broken";
  const LdnsRecords records(ldns_rr_list_new());
  ldns_rr_list_push_rr(records.get(), record);
  const LdnsKeys keys(ldns_key_list_new());
  ldns_key_list_push_key(keys.get(), &key);
  const LdnsRecords signatures(ldns_sign_public(records.get(), keys.get()));
  ldns_key_list_set_key_count(keys.get(), 0);  // not ours to free; ldns_key_list_pop_key() keeps a freed pointer
  if (signatures && ldns_rr_list_rr_count(signatures.get()) == 1) return "";
  return openssl_words();
}

}  // namespace mailinabox
