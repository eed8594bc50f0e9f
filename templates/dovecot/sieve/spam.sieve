# Mail that the spam filter marked goes to Spam; no other filter sees it. Written by Mail-in-a-Box.
require ["fileinto"];

if header :matches "X-Spam-Status" "Yes*" {
  fileinto "Spam";
  stop;
}
