#include "box/dns/record_rules.hpp"

namespace mailinabox {

const std::array<RecordRule, k_rule_count>& record_rules() {
  using Category = RecordCategory;
  // Clients sort and filter by the first word.
  static constexpr std::array<RecordRule, k_rule_count> k_rules = {{
      {Rule::name_server, Category::name_server, "name_server", "NS", ""},
      {Rule::primary_address, Category::required, "primary_address", "A", "Required. The IPv4 address of the box."},
      {Rule::primary_address_ipv6, Category::required, "primary_address_ipv6", "AAAA",
       "Required. The IPv6 address of the box."},
      {Rule::smtp_tlsa, Category::recommended_if_signed, "smtp_tlsa", "TLSA",
       "Recommended when DNSSEC is enabled. The fingerprint of the mail server's key: other mail servers deliver to "
       "nobody else (DANE)."},
      {Rule::https_tlsa, Category::optional, "https_tlsa", "TLSA",
       "Optional. The fingerprint of the web server's key, for clients that check it with DANE."},
      {Rule::sshfp, Category::optional, "sshfp", "SSHFP",
       "Optional. The fingerprint of a host key, by which SSH clients with VerifyHostKeyDNS recognise the box."},
      {Rule::custom, Category::custom, "custom", "", "(Set by user.)"},
      {Rule::address, Category::required, "address", "A",
       "Required. May have a different value. The host of the name's web site: this box, unless it is hosted "
       "elsewhere."},
      {Rule::www_address, Category::optional, "www_address", "A",
       "Optional. Visitors of this name are redirected to the one without www."},
      {Rule::mta_sts_address, Category::optional, "mta_sts_address", "A",
       "Optional. The host from which other mail servers fetch the MTA-STS policy."},
      {Rule::autoconfig_address, Category::optional, "autoconfig_address", "A",
       "Provides email configuration autodiscovery support for Thunderbird and programs that ask like it."},
      {Rule::autodiscover_address, Category::optional, "autodiscover_address", "A",
       "Provides email configuration autodiscovery support for Outlook."},
      {Rule::name_server_address, Category::name_server, "name_server_address", "A", ""},
      {Rule::address_ipv6, Category::optional, "address_ipv6", "AAAA", "Optional. The same host over IPv6."},
      {Rule::mx, Category::required, "mx", "MX", "Required. The host that receives mail for this domain."},
      {Rule::spf, Category::recommended, "spf", "TXT",
       "Recommended. Only the hosts of the MX records and this box may send mail from this domain (SPF)."},
      {Rule::dkim, Category::recommended, "dkim", "TXT",
       "Recommended. The public key with which receivers check the signature of this domain's mail (DKIM)."},
      {Rule::dmarc, Category::recommended, "dmarc", "TXT",
       "Recommended. Mail in this domain's name that passes neither SPF nor DKIM belongs in the spam folder (DMARC)."},
      {Rule::submissions, Category::recommended, "submissions", "SRV",
       "Recommended. Tells mail programs where to submit mail, over TLS from the first byte."},
      {Rule::submission, Category::recommended, "submission", "SRV",
       "Recommended. Tells mail programs where to submit mail, with STARTTLS."},
      {Rule::imaps, Category::recommended, "imaps", "SRV",
       "Recommended. Tells mail programs where the mailboxes are, with IMAP over TLS."},
      {Rule::pop3s, Category::recommended, "pop3s", "SRV",
       "Recommended. Tells mail programs where the mailboxes are, with POP3 over TLS."},
      {Rule::mta_sts, Category::optional, "mta_sts", "TXT",
       "Optional. Tells other mail servers that an MTA-STS policy exists, and when it has changed."},
      {Rule::tls_report, Category::optional, "tls_report", "TXT",
       "Optional. Where other mail servers report that they could not deliver over TLS (TLSRPT)."},
      {Rule::caa, Category::recommended, "caa", "CAA",
       "Recommended. No other certificate authority may issue certificates for this domain (CAA)."},
      {Rule::acme_challenge, Category::name_server, "acme_challenge", "TXT", ""},
      {Rule::no_mail_spf, Category::recommended, "no_mail_spf", "TXT",
       "Recommended. This name sends no mail, so nobody may send in its name (SPF)."},
      {Rule::no_mail_dmarc, Category::recommended, "no_mail_dmarc", "TXT",
       "Recommended. Mail that claims to come from this name should be refused (DMARC)."},
      {Rule::no_mail_mx, Category::recommended, "no_mail_mx", "MX",
       "Recommended. This name receives no mail (null MX)."},
  }};
  return k_rules;
}

}  // namespace mailinabox
