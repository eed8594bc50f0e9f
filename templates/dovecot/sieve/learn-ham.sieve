# A message was moved out of Spam or Junk. Written by Mail-in-a-Box.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment"];

# Throwing spam away does not make it good mail, nor does moving it from Spam to Junk.
if not environment :matches "imap.mailbox" ["Trash", "Deleted *", "Spam", "Junk"] {
  pipe :copy "learn" ["ham"];
}
