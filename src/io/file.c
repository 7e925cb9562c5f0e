/* file.c: reads or maps whole files, with the checks that every reader wants first. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

clade_status io_refuse(const io_file *file, clade_status status, const char *rule, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, rule);
    vsnprintf(text, sizeof text, rule, arguments);
    va_end(arguments);
    return base_fail(file->env, status, "failed to read %s \"%s\": %s", file->kind, file->path, text);
}

static clade_status refuse_by_system(const io_file *file, int error) {
    const bool absent = error == ENOENT || error == ENOTDIR;
    return io_refuse(file, absent ? CLADE_ERROR_NOT_FOUND : CLADE_ERROR_IO, "%s", strerror(error));
}

/* Learns the size of an open file; closes it when it is none to be read. */
static clade_status examine(io_file *file, uint64_t limit, int descriptor) {
    clade_status status = CLADE_OK;
    struct stat facts;
    if (fstat(descriptor, &facts) != 0)
        status = refuse_by_system(file, errno);
    else if (!S_ISREG(facts.st_mode))
        status = io_refuse(file, CLADE_ERROR_IO, "it is not a regular file");
    else if (facts.st_size < 1)
        status = io_refuse(file, CLADE_ERROR_FORMAT, "it is empty");
    else if ((uint64_t)facts.st_size > limit)
        status = io_refuse(file, CLADE_ERROR_FORMAT, "it has %lld bytes, at most %llu are accepted",
                           (long long)facts.st_size, (unsigned long long)limit);
    if (status != CLADE_OK) {
        close(descriptor);
        return status;
    }
    file->size = (size_t)facts.st_size;
    return CLADE_OK;
}

/* Opens the file and learns its size. O_NONBLOCK keeps a named pipe from blocking before it is refused. */
static clade_status open_file(io_file *file, uint64_t limit, int *descriptor_out) {
    *descriptor_out = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor_out < 0) return refuse_by_system(file, errno);
    return examine(file, limit, *descriptor_out);
}

static clade_status read_all(io_file *file, int descriptor) {
    for (size_t done = 0; done < file->size;) {
        const ssize_t got = read(descriptor, file->data + done, file->size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse_by_system(file, errno);
        if (got == 0) return io_refuse(file, CLADE_ERROR_IO, "it became shorter while it was read");
        done += (size_t)got;
    }
    return CLADE_OK;
}

clade_status io_file_read(io_file *file, uint64_t limit) {
    int descriptor = -1;
    file->data = NULL;
    FORWARD(open_file(file, limit < SIZE_MAX ? limit : SIZE_MAX, &descriptor));

    file->data = base_allocate(file->env, file->size);
    const clade_status status =
        file->data ? read_all(file, descriptor) : base_fail_memory(file->env, file->size, file->kind);
    close(descriptor);
    if (status != CLADE_OK) {
        base_free(file->env, file->data);
        file->data = NULL;
    }
    return status;
}

/* Maps an open file, and closes it: the mapping keeps it. */
static clade_status map(io_file *file, int descriptor) {
    void *data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int error = errno;
    close(descriptor);
    if (data == MAP_FAILED) return refuse_by_system(file, error);
    file->data = data;
    return CLADE_OK;
}

clade_status io_file_map(io_file *file) {
    int descriptor = -1;
    file->data = NULL;
    FORWARD(open_file(file, SIZE_MAX, &descriptor));
    return map(file, descriptor);
}

/* Opens the next part of a path in a folder, and closes the folder. */
static int step_down(int folder, const char *part, int flags) {
    const int descriptor = openat(folder, part, flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const int error = errno;
    close(folder);
    errno = error;
    return descriptor;
}

clade_status io_file_map_below(io_file *file, const char *folder) {
    char part[256];
    file->data = NULL;
    int descriptor = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    for (const char *rest = file->path; descriptor >= 0;) {
        const size_t length = strcspn(rest, "/");
        if (length == 0 || length >= sizeof part || (rest[0] == '.' && length <= 2 && rest[length - 1] == '.')) {
            close(descriptor);
            return io_refuse(file, CLADE_ERROR_FORMAT, "the path must name a file below the folder, without \"..\"");
        }
        memcpy(part, rest, length);
        part[length] = '\0';
        const bool last = rest[length] == '\0';
        descriptor = step_down(descriptor, part, last ? 0 : O_DIRECTORY);
        if (last) break;
        rest += length + 1;
    }
    if (descriptor < 0)
        return errno == ELOOP ? io_refuse(file, CLADE_ERROR_IO, "links are not followed")
                              : refuse_by_system(file, errno);
    FORWARD(examine(file, SIZE_MAX, descriptor));
    return map(file, descriptor);
}

/* A hint, so failure is none: the pages then just stay. */
void io_give_back(const void *data, size_t size) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = (uintptr_t)data / page * page, end = (uintptr_t)data + size;
    (void)madvise((void *)first, end - first, MADV_DONTNEED);
}

void io_unmap(uint8_t *data, size_t size) {
    if (data) munmap(data, size);
}
