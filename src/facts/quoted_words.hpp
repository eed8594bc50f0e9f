// Words and variables with quotes, as systemd reads them; that is nearly how a shell does.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// The words between blanks that are not in quotes. The quotes go, "" is a word, and a backslash takes what follows as
// it is (systemd.service(5), "Command lines"; sshd_config(5) knows the same quotes). An open quote ends with the text.
std::vector<std::string> quoted_words(std::string_view text);

// The variables in the text of a file that EnvironmentFile= names (systemd.exec(5)).
std::map<std::string, std::string, std::less<>> environment_variables(std::string_view text);

}  // namespace mailinabox
