/* Preloaded into a process: once armed, it kills that process just before the n-th call that
 * changes something in one folder, or after a part of it where that call is a write. It can write
 * down each of these calls, with all that is needed to make it again. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WHOLE, HALF, PAGE };
#define PAGE_BYTES 4096
#define LONGEST_PATH 4096

static char folder[LONGEST_PATH];
static size_t folder_length;
static long calls, fatal;
static int torn, trace = -1, log_file = -1;

/* What a call is given, beside a name: a place and data, or the flags of an opening, or another
 * name. */
struct given {
    long at;
    const void *data;
    size_t size;
    const char *from;
};
static const struct given NOTHING;

/* Arm: the folder; the call before which to die, 0 for none; how much of a write is done all the
 * same; a descriptor to which the calls are told, or -1; and that of a file outside of the folder
 * whose length is told with each. */
void kill_shim_arm(const char *path, long nth, int part, int trace_fd, int log_fd) {
    folder_length = strlen(path);
    memcpy(folder, path, folder_length + 1);
    calls = 0, fatal = nth, torn = part, trace = trace_fd, log_file = log_fd;
}

void kill_shim_disarm(void) { folder_length = 0; }

long kill_shim_calls(void) { return calls; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Return a path relative to the folder, or NULL. */
static const char *inside(const char *path) {
    if (!folder_length || strncmp(path, folder, folder_length)) return NULL;
    const char *rest = path + folder_length;
    if (!*rest) return ".";
    return *rest == '/' ? rest + 1 : NULL;
}

static void tell(const char *name, const char *path, struct given given) {
    struct stat log;
    long length = fstat(log_file, &log) ? 0 : log.st_size;
    const char *from = given.from ? inside(given.from) : "-";
    dprintf(trace, "%s %ld %zu %ld %s %s\n", name, given.at, given.size, length, path,
            from ? from : "?");
    if (given.size) syscall(SYS_write, trace, given.data, given.size);
}

static int counts(const char *name, const char *path, struct given given) {
    const char *there = inside(path);
    if (!there) return 0;
    calls++;
    if (trace >= 0) tell(name, there, given);
    return calls == fatal;
}

static int counts_fd(const char *name, int fd, struct given given) {
    char link[64], path[LONGEST_PATH];
    if (!folder_length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return counts(name, path, given);
}

/* How much of a write at a place is done before the end. */
static size_t part_of(size_t count, off_t at) {
    if (torn == HALF) return count / 2;
    if (torn == PAGE) {
        size_t beyond = (size_t)(at + (off_t)count) % PAGE_BYTES;
        return beyond < count ? count - beyond : 0;
    }
    return 0;
}

#define NEXT(result, name, ...) \
    static result (*next)(__VA_ARGS__); \
    if (!next) next = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *data, size_t count) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    off_t at = folder_length ? lseek(fd, 0, SEEK_CUR) : 0;
    if (counts_fd("write", fd, (struct given){at, data, count})) {
        size_t part = part_of(count, at);
        if (part) next(fd, data, part);
        die();
    }
    return next(fd, data, count);
}

#define PWRITE(symbol) \
    ssize_t symbol(int fd, const void *data, size_t count, off_t at) { \
        NEXT(ssize_t, #symbol, int, const void *, size_t, off_t); \
        if (counts_fd("pwrite", fd, (struct given){at, data, count})) { \
            size_t part = part_of(count, at); \
            if (part) next(fd, data, part, at); \
            die(); \
        } \
        return next(fd, data, count, at); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int n) {
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    if (counts_fd("writev", fd, NOTHING)) die();
    return next(fd, parts, n);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) {
    NEXT(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
    if (counts_fd("pwritev", fd, NOTHING)) die();
    return next(fd, parts, n, at);
}

ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned flags) {
    NEXT(ssize_t, "copy_file_range", int, off_t *, int, off_t *, size_t, unsigned);
    if (counts_fd("copy_file_range", out, NOTHING)) die();
    return next(in, from, out, to, n, flags);
}

ssize_t sendfile(int out, int in, off_t *from, size_t n) {
    NEXT(ssize_t, "sendfile", int, int, off_t *, size_t);
    if (counts_fd("sendfile", out, NOTHING)) die();
    return next(out, in, from, n);
}

ssize_t sendfile64(int out, int in, off_t *from, size_t n) {
    NEXT(ssize_t, "sendfile64", int, int, off_t *, size_t);
    if (counts_fd("sendfile", out, NOTHING)) die();
    return next(out, in, from, n);
}

#define TRUNCATE(symbol) \
    int symbol(int fd, off_t length) { \
        NEXT(int, #symbol, int, off_t); \
        if (counts_fd("ftruncate", fd, (struct given){length})) die(); \
        return next(fd, length); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(symbol) \
    int symbol(int fd) { \
        NEXT(int, #symbol, int); \
        if (counts_fd("fsync", fd, NOTHING)) die(); \
        return next(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    NEXT(int, "unlink", const char *);
    if (counts("unlink", path, NOTHING)) die();
    return next(path);
}

int unlinkat(int at, const char *path, int flags) {
    NEXT(int, "unlinkat", int, const char *, int);
    if (counts("unlink", path, NOTHING)) die();
    return next(at, path, flags);
}

/* Of two paths the second is told: what takes its place. */
#define MOVE(symbol, name) \
    int symbol(const char *from, const char *to) { \
        NEXT(int, #symbol, const char *, const char *); \
        if (counts(name, to, (struct given){.from = from})) die(); \
        return next(from, to); \
    }
MOVE(rename, "rename")
MOVE(link, "link")

int renameat(int a, const char *from, int b, const char *to) {
    NEXT(int, "renameat", int, const char *, int, const char *);
    if (counts("rename", to, (struct given){.from = from})) die();
    return next(a, from, b, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    NEXT(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (counts("rename", to, (struct given){.from = from})) die();
    return next(a, from, b, to, flags);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    NEXT(int, "linkat", int, const char *, int, const char *, int);
    if (counts("link", to, (struct given){.from = from})) die();
    return next(a, from, b, to, flags);
}

/* Opening counts where it makes or empties a file. */
#define OPEN(symbol) \
    int symbol(const char *path, int flags, ...) { \
        NEXT(int, #symbol, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (flags & (O_CREAT | O_TRUNC) && counts("open", path, (struct given){flags})) die(); \
        return next(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(symbol) \
    int symbol(int at, const char *path, int flags, ...) { \
        NEXT(int, #symbol, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (flags & (O_CREAT | O_TRUNC) && counts("open", path, (struct given){flags})) die(); \
        return next(at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)
