// The machine as the rest of the program sees it: View to read, System to change.
#pragma once

#include "base/clock.hpp"
#include "os/accounts.hpp"
#include "os/commands.hpp"
#include "os/downloader.hpp"
#include "os/files.hpp"
#include "os/machine.hpp"
#include "os/packages.hpp"
#include "os/services.hpp"

namespace mailinabox {

// For code that computes differences. Nothing in it can change the machine.
struct View {
  const FileReader& files;
  const CommandProbe& commands;
  const PackageReader& packages;
  const ServiceReader& services;
  const AccountReader& accounts;
  const MachineReader& machine;
  const Clock& clock;
};

struct System {
  FileSystem& files;
  CommandRunner& commands;
  PackageManager& packages;
  ServiceManager& services;
  const AccountReader& accounts;
  Machine& machine;
  Downloader& downloader;
  const Clock& clock;

  View view() const { return {files, commands, packages, services, accounts, machine, clock}; }
};

}  // namespace mailinabox
