/* image_png.c: PNG through libpng, sample for sample.
 *
 * Not through its simplified interface: that one corrects gamma and takes 16-bit files to be linear, whereas the
 * programs that networks are trained with (Pillow, torchvision) use the samples as they are. */
#include "io/image.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct png_job {
    const io_file *file;
    size_t position; /* of the next byte libpng will get */
    png_structp png;
    png_infop info;
    image_pixels *pixels;
    clade_status status; /* why libpng was left: its complaint, or ours */
} png_job;

static void on_error(png_structp png, png_const_charp reason) {
    png_job *job = png_get_error_ptr(png);
    if (job->status == CLADE_OK) job->status = io_refuse(job->file, CLADE_ERROR_FORMAT, "%s", reason);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp reason) {
    const png_job *job = png_get_error_ptr(png);
    base_log(job->file->env, CLADE_LOG_DEBUG, "image \"%s\": %s", job->file->path, reason);
}

static png_voidp on_allocate(png_structp png, png_alloc_size_t size) {
    png_job *job = png_get_mem_ptr(png);
    void *memory = base_allocate(job->file->env, size);
    if (!memory) job->status = base_fail_memory(job->file->env, size, "libpng");
    return memory;
}

static void on_free(png_structp png, png_voidp memory) {
    const png_job *job = png_get_mem_ptr(png);
    base_free(job->file->env, memory);
}

static void on_read(png_structp png, png_bytep target, size_t size) {
    png_job *job = png_get_io_ptr(png);
    if (size > job->file->size - job->position) png_error(png, "it is truncated");
    memcpy(target, job->file->data + job->position, size);
    job->position += size;
}

/* Leaves 8-bit grey or RGB: palettes and short samples are expanded, 16-bit samples keep their upper byte,
 * transparency is dropped. */
static int32_t normalise(png_structp png, png_infop info) {
    const bool grey = !(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR);
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    return grey ? 1 : 3;
}

static void read_image(png_job *job) {
    png_read_info(job->png, job->info);
    const int64_t width = png_get_image_width(job->png, job->info);
    const int64_t height = png_get_image_height(job->png, job->info);
    const uint64_t row = png_get_rowbytes(job->png, job->info); /* as stored: samples may have less than a byte */
    if (row > (uint64_t)job->file->size * IO_DEFLATE_MAX_RATIO / (uint64_t)height)
        png_error(job->png, "it is truncated: it is too short for its width and height");
    const int32_t channels = normalise(job->png, job->info);
    const int passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    const size_t stride = (size_t)width * (size_t)channels;
    if (png_get_rowbytes(job->png, job->info) != stride) png_error(job->png, "its rows have an unexpected size");

    job->status = image_take_memory(job->file, width, height, channels, job->pixels);
    if (job->status != CLADE_OK) return;
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < height; y++) png_read_row(job->png, job->pixels->data + (size_t)y * stride, NULL);
    png_read_end(job->png, NULL);
}

/* Errors of libpng come back here by longjmp; what must outlive that lies in the job, which is the caller's. */
static void run(png_job *job) {
    if (setjmp(png_jmpbuf(job->png)) != 0) return;
    job->info = png_create_info_struct(job->png);
    if (!job->info) return; /* on_allocate has set the status */
    png_set_read_fn(job->png, job, on_read);
    read_image(job);
}

clade_status image_decode_png(const io_file *file, image_pixels *pixels_out) {
    png_job job = {.file = file, .pixels = pixels_out};
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job, on_allocate, on_free);
    if (job.png)
        run(&job);
    else if (job.status == CLADE_OK)
        job.status = base_fail(file->env, CLADE_ERROR_INTERNAL, "failed to start libpng: it is not version %s",
                               PNG_LIBPNG_VER_STRING);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    if (job.status != CLADE_OK) {
        base_free(file->env, pixels_out->data);
        pixels_out->data = NULL;
    }
    return job.status;
}
