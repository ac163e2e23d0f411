/* Fail the Nth write, rename, fsync or new file of some folders, and shift the clock: an LD_PRELOAD library.

   FAULT_CONTROL names a file that all processes of a scenario map; tests/faults/shim.py writes it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 2048 };

struct control {
  _Atomic long seen;   /* operations so far */
  long at;             /* number of the one that fails; 0: none */
  long error;          /* errno; 0: the process is killed by SIGKILL */
  long lasts;          /* whether all later ones fail, too, as on a full disk */
  long clock;          /* seconds added to the time of day */
  char places[ROOM];   /* what the paths that count begin with, each closed by a newline */
  char failed[ROOM];   /* what failed, for messages */
};

static struct control *control;

__attribute__((constructor)) static void map_control(void) {
  const char *path = getenv("FAULT_CONTROL");
  int file = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *found = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  control = found == MAP_FAILED ? NULL : found;
}

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }
#define REAL(name) \
  static __typeof__(&name) next; \
  if (!next) next = real(#name)

static int counts(const char *path) {
  for (const char *line = control->places; *line; line = strchr(line, '\n') + 1)
    if (!strncmp(path, line, strchr(line, '\n') - line)) return 1;
  return 0;
}

/* Whether this operation on an absolute path is to fail; a process that is to be killed here writes half of it first. */
static int fails(const char *what, const char *path, int file, const void *bytes, size_t length) {
  if (!counts(path)) return 0;
  long number = atomic_fetch_add(&control->seen, 1) + 1;
  if (!control->at || number < control->at || (number > control->at && !control->lasts)) return 0;
  if (number == control->at) snprintf(control->failed, ROOM, "%s %.1900s", what, path);
  if (!control->error) {
    if (bytes && length > 1) syscall(SYS_write, file, bytes, length / 2);
    syscall(SYS_kill, getpid(), SIGKILL);
  }
  errno = control->error;
  return 1;
}

static int file_fails(const char *what, int file, const void *bytes, size_t length) {
  char link[64], path[PATH_MAX];
  if (!control) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  int before = errno;
  ssize_t found = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  errno = before;
  if (found <= 0 || path[0] != '/') return 0;
  path[found] = 0;
  return fails(what, path, file, bytes, length);
}

static int path_fails(const char *what, int folder, const char *path) {
  char whole[2 * PATH_MAX], link[64];
  if (!control || !path) return 0;
  if (path[0] == '/') return fails(what, path, -1, NULL, 0);
  snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  int before = errno;
  ssize_t found = syscall(SYS_readlinkat, AT_FDCWD, link, whole, PATH_MAX);
  errno = before;
  if (found <= 0) return 0;
  snprintf(whole + found, sizeof whole - found, "/%s", strncmp(path, "./", 2) ? path : path + 2);
  return fails(what, whole, -1, NULL, 0);
}

#define CREATES(flags) ((flags) & (O_CREAT | O_TRUNC))
#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list more; \
    va_start(more, flags); \
    mode = va_arg(more, mode_t); \
    va_end(more); \
  }
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    MODE(flags) REAL(name); \
    return CREATES(flags) && path_fails("open", AT_FDCWD, path) ? -1 : next(path, flags, mode); \
  }
#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    MODE(flags) REAL(name); \
    return CREATES(flags) && path_fails("open", folder, path) ? -1 : next(folder, path, flags, mode); \
  }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

#define FOPEN(name) \
  FILE *name(const char *path, const char *mode) { \
    REAL(name); \
    return mode[0] != 'r' && path_fails("open", AT_FDCWD, path) ? NULL : next(path, mode); \
  }
FOPEN(fopen) FOPEN(fopen64)

ssize_t write(int file, const void *bytes, size_t length) {
  REAL(write);
  return file_fails("write", file, bytes, length) ? -1 : next(file, bytes, length);
}
#define PWRITE(name, offset_type) \
  ssize_t name(int file, const void *bytes, size_t length, offset_type offset) { \
    REAL(name); \
    return file_fails("write", file, NULL, 0) ? -1 : next(file, bytes, length, offset); \
  }
PWRITE(pwrite, off_t) PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL(writev);
  return file_fails("write", file, NULL, 0) ? -1 : next(file, parts, count);
}
size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream) {
  REAL(fwrite);
  return file_fails("write", fileno(stream), NULL, 0) ? 0 : next(bytes, size, count, stream);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
  REAL(sendfile);
  return file_fails("write", out, NULL, 0) ? -1 : next(out, in, offset, count);
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
  REAL(sendfile64);
  return file_fails("write", out, NULL, 0) ? -1 : next(out, in, offset, count);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
  REAL(copy_file_range);
  return file_fails("write", out, NULL, 0) ? -1 : next(in, from, out, to, length, flags);
}
int ftruncate64(int file, off64_t length) {
  REAL(ftruncate64);
  return file_fails("write", file, NULL, 0) ? -1 : next(file, length);
}

int fsync(int file) {
  REAL(fsync);
  return file_fails("fsync", file, NULL, 0) ? -1 : next(file);
}
int fdatasync(int file) {
  REAL(fdatasync);
  return file_fails("fsync", file, NULL, 0) ? -1 : next(file);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  return path_fails("rename", AT_FDCWD, to) ? -1 : next(from, to);
}
int renameat(int here, const char *from, int there, const char *to) {
  REAL(renameat);
  return path_fails("rename", there, to) ? -1 : next(here, from, there, to);
}
int renameat2(int here, const char *from, int there, const char *to, unsigned flags) {
  REAL(renameat2);
  return path_fails("rename", there, to) ? -1 : next(here, from, there, to, flags);
}
int link(const char *from, const char *to) {
  REAL(link);
  return path_fails("link", AT_FDCWD, to) ? -1 : next(from, to);
}
int symlink(const char *from, const char *to) {
  REAL(symlink);
  return path_fails("link", AT_FDCWD, to) ? -1 : next(from, to);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return path_fails("mkdir", AT_FDCWD, path) ? -1 : next(path, mode);
}
int mkdirat(int folder, const char *path, mode_t mode) {
  REAL(mkdirat);
  return path_fails("mkdir", folder, path) ? -1 : next(folder, path, mode);
}

static int is_time_of_day(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && control && is_time_of_day(clock)) now->tv_sec += control->clock;
  return failed;
}
time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
