// How often this process has waited for the disk to have what was written (fdatasync), SQLite's waits included.
#pragma once

namespace mailinabox::test {

int disk_waits();

}  // namespace mailinabox::test
