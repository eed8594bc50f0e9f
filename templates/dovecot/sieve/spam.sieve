# Moves mail to Spam before any filter of the user's. Written by Mail-in-a-Box.
require ["fileinto", "variables", "relational", "comparator-i;ascii-numeric", "index"];

# Mail that the spam filter marked. The header is the filter's own: Postfix removes all others on the way to it.
if header :matches "X-Spam-Status" "Yes*" {
  fileinto "Spam";
  stop;
}

# Who sent it is judged here and not by the filter alone, which does not look into large messages, nor into any when it
# fails. Only mail that came to port 25, so from other machines: the line is the second one, below Dovecot's own.
if header :index 2 :matches "Received" [
    "*by {{primary_hostname}} (Postfix) with SMTP id *",
    "*by {{primary_hostname}} (Postfix) with ESMTP id *",
    "*by {{primary_hostname}} (Postfix) with ESMTPS id *"] {
  # The domain whose right to be in From was checked.
  if header :matches "Authentication-Results" "{{primary_hostname}}; dmarc=*header.from=*" {
    set "checked" "${2}";
  }
  if string :contains "${checked}" ["*", "?"] { # no domain has these, and patterns below would take them for "any"
    set "checked" "";
  }
  if anyof (
      # DMARC failed, and the domain asks to have such mail refused or set aside.
      header :matches "Authentication-Results" [
          "{{primary_hostname}}; dmarc=fail (p=reject*",
          "{{primary_hostname}}; dmarc=fail (p=quarantine*"],
      # Only one From with one address can be checked. Its domain, as Dovecot reads it for mail programs, must be the
      # one that was checked. A From that Dovecot cannot read must end with that address. One that OpenDMARC cannot read,
      # or has not read, must have nothing in it that looks like several: of "One, Boss <boss@example.com>" Dovecot sees
      # only the second. Quoted names with a comma look so, too, while OpenDMARC does not answer.
      allof (string :is "${checked}" "", header :contains "From" [",", ";", ":", "("]),
      not header :count "eq" :comparator "i;ascii-numeric" "From" "1",
      allof (
          not address :domain :matches "From" "?*.?*",
          not header :matches "From" "*@${checked}>"),
      allof (
          address :domain :matches "From" "?*.?*",
          anyof (
              not address :count "eq" :comparator "i;ascii-numeric" "From" "1",
              allof (not string :is "${checked}" "", not address :domain :is "From" "${checked}"))),
      # SPF failed, and nothing else proves the sender. If the filter has looked, it has weighed this.
      allof (
          not exists "X-Spam-Status",
          header :matches "Authentication-Results" "{{primary_hostname}}; spf=fail*",
          not header :matches "Authentication-Results" "{{primary_hostname}}; dmarc=pass*")) {
    fileinto "Spam";
    stop;
  }
}
