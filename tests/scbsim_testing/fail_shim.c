/* Preloaded into a process: once armed, the n-th call that changes files of a folder fails, or all
 * calls from the n-th on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define LONGEST_PATH 4096
enum { WRITES = 1, SYNCS = 2 };

static char folder[LONGEST_PATH];
static long calls, first, last;
static int number, kinds;

/* Arm: the folder; the first and the last call that fails; by which error; of which kinds. */
void fail_shim_arm(const char *path, long from, long to, int error, int what) {
    strncpy(folder, path, sizeof folder - 1);
    calls = 0, first = from, last = to, number = error, kinds = what;
}

long fail_shim_calls(void) { return calls; }

static int fails(int fd, int kind) {
    char link[64], path[LONGEST_PATH];
    if (!folder[0] || !(kinds & kind)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    if (strncmp(path, folder, strlen(folder)) || strstr(path, ".lock")) return 0;
    calls++;
    if (calls < first || calls > last) return 0;
    errno = number;
    return 1;
}

#define FAILING(kind, result, symbol, declared, given) \
    result symbol declared { \
        static result (*next) declared; \
        if (!next) next = (result(*) declared)dlsym(RTLD_NEXT, #symbol); \
        return fails(fd, kind) ? -1 : next given; \
    }
FAILING(WRITES, ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
FAILING(WRITES, ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
FAILING(WRITES, ssize_t, pwrite64, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
FAILING(WRITES, int, ftruncate, (int fd, off_t length), (fd, length))
FAILING(WRITES, int, ftruncate64, (int fd, off_t length), (fd, length))
FAILING(SYNCS, int, fsync, (int fd), (fd))
