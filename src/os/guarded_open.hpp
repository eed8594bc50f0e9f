// Opening a path whose directories are not all root's. Whoever may write to a directory can put a symbolic link where a
// file or directory was, even between two calls, and so lead a program of root's to any other place of the machine.
//
// A link is followed only if it stands in a directory that belongs to root (or to the user of this process) and that
// nobody else may write to; in one with the sticky bit, such as /tmp, the link itself must be root's, too
// (protected_symlinks in proc_sys_fs(5)). So what is written, read or given to another owner below a directory of a
// service or of the web sites' account is always in it.
#pragma once

#include <string>

namespace mailinabox {

// open(2) for the absolute `path`, from the directory `root` (a descriptor; -1: the machine's own) as after chroot(2);
// not for creating files. Returns a descriptor, or -1 with errno. Throws Error for a link that is not followed.
int guarded_open(int root, const std::string& path, int flags);

// openat2(2); -1 with ENOSYS on kernels before 5.6, with EPERM where a filter of system calls does not know it.
int open_beneath(int directory, const char* path, int flags, unsigned long long resolve);

// openat(2), again if a signal interrupts it.
int open_plain(int directory, const char* path, int flags);

}  // namespace mailinabox
