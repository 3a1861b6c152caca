/* A disk that goes wrong, for tests: stands before the C library's calls of a server (LD_PRELOAD).
 *
 * Only files whose name holds "kolli.db" are concerned. In the folder FAULTY_DISK:
 *   read-only        while it is there, nothing can be written (EROFS), as after a kernel has found a disk at fault
 *   fail-sync        holds a number: the sync of that number fails (EIO), and only that one, as on Linux
 *   syncs            is written here: a line for each sync, "ok" or "failed"
 *   events           is written here, once it is there: "wrote" and "synced", and "answered" for every 2xx that is sent
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static long count;

static int is_ours(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "kolli.db") != NULL;
}

static void in_folder(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", getenv("FAULTY_DISK"), name);
}

static void note(const char *line) {
    char path[PATH_MAX];
    int before = errno;
    in_folder(path, "events");
    int log = open(path, O_WRONLY | O_APPEND);
    if (log >= 0) {
        ssize_t (*write_it)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        if (write_it(log, line, strlen(line)) < 0) before = errno;
        close(log);
    }
    errno = before;
}

static int is_read_only(int fd) {
    char path[PATH_MAX];
    int before = errno;
    in_folder(path, "read-only");
    int found = access(path, F_OK) == 0 && is_ours(fd);
    errno = found ? EROFS : before;
    return found;
}

static int sync_fails(int fd) {
    char path[PATH_MAX];
    int before = errno;
    if (!is_ours(fd)) {
        errno = before;
        return 0;
    }
    pthread_mutex_lock(&guard);
    count++;
    long wanted = 0;
    in_folder(path, "fail-sync");
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%ld", &wanted) != 1) wanted = 0;
        fclose(file);
    }
    int fails = count == wanted;
    in_folder(path, "syncs");
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0) {
        const char *line = fails ? "failed\n" : "ok\n";
        if (write(log, line, strlen(line)) < 0) count += 0;
        close(log);
    }
    pthread_mutex_unlock(&guard);
    errno = fails ? EIO : before;
    return fails;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (is_ours(fd)) note("wrote\n");
    return is_read_only(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    if (is_ours(fd)) note("wrote\n");
    return is_read_only(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}

static void note_answer(const void *bytes, size_t size) {
    if (size > 10 && memcmp(bytes, "HTTP/1.1 2", 10) == 0) note("answered\n");
}

ssize_t write(int fd, const void *bytes, size_t size) {
    note_answer(bytes, size);
    return fd > 2 && is_read_only(fd) ? -1 : REAL(write)(fd, bytes, size);
}

int ftruncate(int fd, off_t size) { return is_read_only(fd) ? -1 : REAL(ftruncate)(fd, size); }

int ftruncate64(int fd, off64_t size) { return is_read_only(fd) ? -1 : REAL(ftruncate64)(fd, size); }

static int synced(int fd, int result) {
    if (result == 0 && is_ours(fd)) note("synced\n");
    return result;
}

int fdatasync(int fd) { return sync_fails(fd) ? -1 : synced(fd, REAL(fdatasync)(fd)); }

int fsync(int fd) { return sync_fails(fd) ? -1 : synced(fd, REAL(fsync)(fd)); }

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
    note_answer(bytes, size);
    return REAL(send)(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (message->msg_iovlen) note_answer(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count_of_parts) {
    if (count_of_parts > 0) note_answer(parts[0].iov_base, parts[0].iov_len);
    return REAL(writev)(fd, parts, count_of_parts);
}
