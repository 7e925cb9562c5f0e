/* idx.c: data sets in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist/), compressed by gzip or not:
 *
 *   0 | 0 | element type (0x08: unsigned byte) | rank | each dimension, 4 bytes big endian | the elements */
#include "io/array.h"
#include "io/parse.h"

#include <string.h>
#include <zlib.h>

/* The largest data set and the largest file accepted; zlib counts in unsigned int. */
#define IDX_MAX_BYTES ((uint64_t)1 << 31)
/* What a compressed file may hold: at least so much, and more for larger ones. Images and labels shrink to a tenth or so; what
 * shrinks far more is made to take time and memory. */
#define IDX_LEAST_BUDGET  ((uint64_t)64 << 20)
#define IDX_BUDGET_A_BYTE 64
enum { IDX_UNSIGNED_BYTE = 8, IDX_MAX_RANK = 4, GZIP_ONLY = 16 };

/* The contents of the file, taken piece by piece: as they lie, or inflated. */
typedef struct idx_source {
    const io_file *file;
    bool packed;
    bool ended;    /* packed: the last member of the gzip file is read */
    z_stream left; /* next_in and avail_in: what of the file has not been used */
} idx_source;

static voidpf zlib_allocate(voidpf env, uInt count, uInt size) { return base_allocate_zero(env, count, size); }
static void zlib_free(voidpf env, voidpf memory) { base_free(env, memory); }

static bool starts_member(const z_stream *left) {
    return left->avail_in >= 2 && left->next_in[0] == 0x1f && left->next_in[1] == 0x8b;
}

static clade_status open_source(const io_file *file, idx_source *source) {
    *source = (idx_source){.file = file};
    source->left.next_in = file->data;
    source->left.avail_in = (uInt)file->size;
    source->left.zalloc = zlib_allocate;
    source->left.zfree = zlib_free;
    source->left.opaque = file->env;
    if (!starts_member(&source->left)) return CLADE_OK;
    if (inflateInit2(&source->left, GZIP_ONLY + MAX_WBITS) != Z_OK)
        return base_fail(file->env, CLADE_ERROR_OUT_OF_MEMORY, "failed to allocate zlib's state: out of host memory");
    source->packed = true;
    return CLADE_OK;
}

static void close_source(idx_source *source) {
    if (source->packed) inflateEnd(&source->left);
}

/* Fills as much of the target as the contents reach; gzip files may consist of several members. */
static clade_status inflate_some(idx_source *source, size_t *missing_out) {
    z_stream *left = &source->left;
    while (left->avail_out > 0 && !source->ended) {
        const int result = inflate(left, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            source->ended = !starts_member(left);
            if (!source->ended) inflateReset(left);
        } else if (result == Z_BUF_ERROR) {
            return io_refuse(source->file, CLADE_ERROR_FORMAT, "its compressed data are truncated");
        } else if (result == Z_MEM_ERROR) {
            return base_fail(source->file->env, CLADE_ERROR_OUT_OF_MEMORY,
                             "failed to allocate zlib's window: out of host memory");
        } else if (result != Z_OK) {
            return io_refuse(source->file, CLADE_ERROR_FORMAT, "its compressed data are damaged: %s",
                             left->msg ? left->msg : "no reason given");
        }
    }
    *missing_out = left->avail_out;
    return CLADE_OK;
}

static clade_status copy_some(idx_source *source, size_t *missing_out) {
    z_stream *left = &source->left;
    const uInt count = (uInt)base_min(left->avail_in, left->avail_out);
    memcpy(left->next_out, left->next_in, count);
    left->next_in += count;
    left->avail_in -= count;
    *missing_out = left->avail_out - count;
    return CLADE_OK;
}

/* Takes the next `size` bytes of the contents, or says how many of them are missing. */
static clade_status take(idx_source *source, void *target, size_t size, size_t *missing_out) {
    source->left.next_out = target;
    source->left.avail_out = (uInt)size;
    return source->packed ? inflate_some(source, missing_out) : copy_some(source, missing_out);
}

static clade_status take_all(idx_source *source, void *target, size_t size) {
    size_t missing = 0;
    FORWARD(take(source, target, size, &missing));
    if (missing == 0) return CLADE_OK;
    return io_refuse(source->file, CLADE_ERROR_FORMAT, "it is truncated: %zu of %zu bytes are missing", missing, size);
}

static clade_status take_header(idx_source *source, clade_shape *shape_out) {
    uint8_t header[4 + 4 * IDX_MAX_RANK];
    const io_file *file = source->file;
    FORWARD(take_all(source, header, 4));
    if (header[0] != 0 || header[1] != 0) return io_refuse(file, CLADE_ERROR_FORMAT, "it is not in the IDX format");
    if (header[2] != IDX_UNSIGNED_BYTE)
        return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "its elements have type 0x%02x, not 0x08, unsigned bytes",
                         header[2]);
    if (header[3] < 1 || header[3] > IDX_MAX_RANK)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it has %d dimensions, not 1 to %d", header[3], IDX_MAX_RANK);

    *shape_out = (clade_shape){.rank = header[3]};
    FORWARD(take_all(source, header + 4, 4 * (size_t)header[3]));
    for (int32_t i = 0; i < shape_out->rank; i++) {
        const uint8_t *dim = header + 4 + 4 * i;
        shape_out->dims[i] = (int64_t)dim[0] << 24 | (int64_t)dim[1] << 16 | (int64_t)dim[2] << 8 | dim[3];
    }
    return CLADE_OK;
}

/* The header's own count has to be possible before memory is taken for it. */
static clade_status check_size(const idx_source *source, const clade_shape *shape, size_t *elements_out) {
    int64_t elements = 0;
    char text[BASE_SHAPE_TEXT];
    if (!base_shape_elements(shape, &elements) || (uint64_t)elements > IDX_MAX_BYTES)
        return io_refuse(source->file, CLADE_ERROR_FORMAT, "its shape %s has no element or more than %llu",
                         base_shape_text(shape, text, sizeof text), (unsigned long long)IDX_MAX_BYTES);
    const uint64_t ratio = source->packed ? IO_DEFLATE_MAX_RATIO : 1;
    if ((uint64_t)elements / ratio > source->file->size)
        return io_refuse(source->file, CLADE_ERROR_FORMAT, "it is truncated: its %zu bytes cannot hold the shape %s",
                         source->file->size, base_shape_text(shape, text, sizeof text));
    if ((uint64_t)elements > IDX_LEAST_BUDGET && (uint64_t)elements / IDX_BUDGET_A_BYTE > source->file->size)
        return io_refuse(source->file, CLADE_ERROR_UNSUPPORTED,
                         "its shape %s is more than %llu elements, and more than %d for each of its %zu bytes",
                         base_shape_text(shape, text, sizeof text), (unsigned long long)IDX_LEAST_BUDGET,
                         IDX_BUDGET_A_BYTE, source->file->size);
    *elements_out = (size_t)elements;
    return CLADE_OK;
}

static clade_status take_array(idx_source *source, clade_array *array_out) {
    clade_shape shape;
    size_t elements = 0, missing = 0;
    uint8_t more = 0;
    FORWARD(take_header(source, &shape));
    FORWARD(check_size(source, &shape, &elements));
    FORWARD(io_array_create(source->file->env, CLADE_UINT8, &shape, "a data set", array_out));
    FORWARD(take_all(source, array_out->data, elements));
    FORWARD(take(source, &more, 1, &missing)); /* gzip's checksum is behind the last element */
    if (missing == 0 || source->left.avail_in > 0)
        return io_refuse(source->file, CLADE_ERROR_FORMAT, "it goes on after its last element");
    return CLADE_OK;
}

clade_status io_parse_idx(const io_file *file, clade_array *array_out) {
    idx_source source;
    *array_out = (clade_array){0};
    clade_status status = open_source(file, &source);
    if (status == CLADE_OK) status = take_array(&source, array_out);
    close_source(&source);
    if (status != CLADE_OK) {
        base_free(file->env, array_out->data);
        *array_out = (clade_array){0};
    }
    return status;
}

clade_status clade_idx_read(clade_context *context, const char *path, clade_array *array_out) {
    if (array_out) *array_out = (clade_array){0};
    if (!context || !path || !array_out)
        return base_fail(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read a data set: context, path and array_out must not be NULL");

    io_file file = {.env = context_env(context), .kind = "data set", .path = path};
    FORWARD(io_file_read(&file, IDX_MAX_BYTES));
    const clade_status status = io_parse_idx(&file, array_out);
    base_free(file.env, file.data);
    return status;
}
