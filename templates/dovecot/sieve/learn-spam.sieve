# A message was moved into Spam or Junk. Written by Mail-in-a-Box.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment"];

# Between the two: nothing new.
if environment :is "imap.mailbox" ["Spam", "Junk"] {
  pipe :copy "learn" ["spam"];
}
