/* image_jpeg.c: JPEG through libjpeg-turbo, with the accurate inverse DCT and smooth chroma upsampling, which are also
 * libjpeg's own defaults. */
#include "io/image.h"

#include <string.h>
#include <turbojpeg.h>

/* libjpeg goes on after a warning and makes up what is missing. These two it gives for files of some cameras, whose pixels
 * are all there; only the text tells them from others. The text is that of the first warning, unless an error ended the
 * decoding later: then it is the error's. */
static const char *const harmless[] = {"extraneous bytes before marker", "Invalid SOS parameters for sequential JPEG"};

/* A short file cannot hold a large image: by Huffman's code each block of 8 x 8 pixels takes a bit or more (ITU-T T.81). Arithmetic
 * coding needs less for plain areas, so what takes little memory may be as short as it likes. */
enum { MOST_PIXELS_A_BYTE = 8 * 8 * 8, SMALL_IMAGE = 1 << 20 };

/* What became of a call that did not give 0. */
static clade_status judge(const io_file *file, tjhandle decoder) {
    const char *reason = tjGetErrorStr2(decoder);
    for (size_t i = 0; i < BASE_COUNT(harmless); i++) {
        if (!strstr(reason, harmless[i])) continue;
        base_log(file->env, CLADE_LOG_WARNING, "image \"%s\" is slightly damaged: %s", file->path, reason);
        return CLADE_OK;
    }
    return io_refuse(file, CLADE_ERROR_FORMAT, "%s", reason);
}

static clade_status decode(const io_file *file, tjhandle decoder, image_pixels *pixels_out) {
    int width = 0, height = 0, subsampling = 0, colours = 0;
    const unsigned long size = (unsigned long)file->size;
    if (tjDecompressHeader3(decoder, file->data, size, &width, &height, &subsampling, &colours) != 0)
        FORWARD(judge(file, decoder));
    if (colours == TJCS_CMYK || colours == TJCS_YCCK)
        return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "it is in CMYK; convert it to RGB");

    const int64_t pixels = (int64_t)width * height;
    if (pixels > SMALL_IMAGE && pixels / MOST_PIXELS_A_BYTE > (int64_t)file->size)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it is truncated: it is too short for its width and height");

    const bool grey = colours == TJCS_GRAY;
    FORWARD(image_take_memory(file, width, height, grey ? 1 : 3, pixels_out));
    /* a small progressive file may ask for thousands of passes over a large image */
    const int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;
    if (tjDecompress2(decoder, file->data, size, pixels_out->data, width, 0, height, grey ? TJPF_GRAY : TJPF_RGB,
                      flags) != 0)
        FORWARD(judge(file, decoder));
    return CLADE_OK;
}

clade_status image_decode_jpeg(const io_file *file, image_pixels *pixels_out) {
    tjhandle decoder = tjInitDecompress();
    if (!decoder)
        return base_fail(file->env, CLADE_ERROR_OUT_OF_MEMORY, "failed to start the JPEG decoder: %s",
                         tjGetErrorStr2(NULL));
    const clade_status status = decode(file, decoder, pixels_out);
    tjDestroy(decoder);
    if (status != CLADE_OK) {
        base_free(file->env, pixels_out->data);
        pixels_out->data = NULL;
    }
    return status;
}
