/* probe.c: what the tests of the tool need and bash cannot do. Shares no code with Clade.
 *
 *   probe json PATH                       prints the value at PATH of the JSON document on stdin, e.g. layers.0.name;
 *                                         of an array its length
 *   probe images IDX COUNT OUT.npy        the first COUNT images of an IDX file, divided by 255, as [COUNT, 1, H, W]
 *   probe trace                           checks the trace events on stdin, and prints how many slices each track has
 *   probe png WIDTH HEIGHT GREY           writes a PNG image of one shade of grey, 0 to 255
 *   probe compare IN.npy FILE PATH SHARE  the elements equal the numbers at PATH of a JSON file, within SHARE of the
 *                                         largest of them */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void fail(const char *what, const char *which) {
    fprintf(stderr, "probe: %s: %s\n", what, which);
    exit(1);
}

static json_t *load(FILE *file, const char *name) {
    json_error_t error;
    json_t *document = file ? json_loadf(file, 0, &error) : NULL;
    if (!document) fail(file ? error.text : "cannot open", name);
    return document;
}

/* The value at a path of keys and indices with dots between them. */
static json_t *find(json_t *value, const char *path) {
    char part[256];
    for (const char *at = path; *at; at += *at == '.') {
        const size_t length = strcspn(at, ".");
        if (length >= sizeof part) fail("a part is too long in", path);
        memcpy(part, at, length);
        part[length] = '\0';
        value = json_is_array(value) ? json_array_get(value, (size_t)atol(part)) : json_object_get(value, part);
        if (!value) fail("there is no", path);
        at += length;
    }
    return value;
}

static int print_json(const char *path) {
    json_t *document = load(stdin, "stdin");
    const json_t *value = find(document, path);
    switch (json_typeof(value)) {
    case JSON_STRING:
        puts(json_string_value(value));
        break;
    case JSON_INTEGER:
        printf("%lld\n", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        printf("%.9g\n", json_real_value(value));
        break;
    case JSON_ARRAY:
        printf("%zu\n", json_array_size(value));
        break;
    case JSON_OBJECT:
        puts("object");
        break;
    case JSON_TRUE:
        puts("true");
        break;
    case JSON_FALSE:
        puts("false");
        break;
    case JSON_NULL:
        puts("null");
        break;
    }
    json_decref(document);
    return 0;
}

static uint32_t read_big_endian(gzFile file) {
    unsigned char bytes[4];
    if (gzread(file, bytes, 4) != 4) fail("cannot read", "the header of the IDX file");
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int convert_images(const char *from, uint32_t count, const char *to) {
    gzFile in = gzopen(from, "rb");
    FILE *out = fopen(to, "wb");
    if (!in || !out) fail("cannot open", in ? to : from);
    read_big_endian(in); /* type and rank */
    if (count > read_big_endian(in)) fail("too few images in", from);
    const uint32_t height = read_big_endian(in), width = read_big_endian(in);

    char header[118]; /* with the 10 bytes before it 128, and a newline at the end */
    memset(header, ' ', sizeof header);
    const int length =
        snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%u, 1, %u, %u), }", count,
                 height, width);
    header[length] = ' ';
    header[sizeof header - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, out);
    fwrite(header, 1, sizeof header, out);
    for (uint32_t i = 0; i < count * height * width; i++) {
        const float value = (float)gzgetc(in) / 255.0f;
        fwrite(&value, sizeof value, 1, out);
    }
    gzclose(in);
    return fclose(out) == 0 ? 0 : 1;
}

/* Collects the numbers of nested arrays in order. */
static size_t flatten(const json_t *value, double *numbers, size_t count, size_t room) {
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            count = flatten(json_array_get(value, i), numbers, count, room);
        return count;
    }
    if (count == room) fail("too many", "numbers");
    numbers[count] = json_number_value(value);
    return count + 1;
}

static int compare(const char *array, const char *file, const char *path, double share) {
    enum { ROOM = 100000 };
    static double wanted[ROOM];
    FILE *json = fopen(file, "r"), *in = fopen(array, "rb");
    if (!in) fail("cannot open", array);
    json_t *document = load(json, file);
    const size_t count = flatten(find(document, path), wanted, 0, ROOM);
    json_decref(document);
    fclose(json);

    unsigned char start[10];
    if (fread(start, 1, sizeof start, in) != sizeof start) fail("too short", array);
    fseek(in, start[8] | start[9] << 8, SEEK_CUR);
    double largest = 0, error = 0;
    float found;
    for (size_t i = 0; i < count; i++) {
        if (fread(&found, sizeof found, 1, in) != 1) fail("too few elements in", array);
        largest = fmax(largest, fabs(wanted[i]));
        const double difference = fabs(found - wanted[i]);
        error = difference <= error ? error : difference; /* NaN, too, is an error */
    }
    if (fread(&found, 1, 1, in) != 0) fail("too many elements in", array);
    fclose(in);
    printf("%zu elements, largest %g, error %g of it\n", count, largest, error / largest);
    return error <= share * largest ? 0 : 1;
}

/* ---- Traces ------------------------------------------------------------------------------------------------------------------ */

enum { MOST_TRACKS = 8 };

/* The number called `key` of an event. */
static double number(const json_t *event, const char *key) {
    const json_t *value = json_object_get(event, key);
    if (!json_is_number(value)) fail("an event lacks the number", key);
    return json_number_value(value);
}

/* Slices of one track come in order and never overlap; each has a name, and each track one, too. */
static int check_trace(void) {
    json_t *document = load(stdin, "stdin");
    const json_t *events = json_object_get(document, "traceEvents");
    long long slices[MOST_TRACKS] = {0};
    double ends[MOST_TRACKS] = {0};
    bool named[MOST_TRACKS] = {false};
    size_t index;
    const json_t *event;
    if (!json_is_array(events)) fail("there is no", "traceEvents");
    json_array_foreach(events, index, event) {
        const char *phase = json_string_value(json_object_get(event, "ph"));
        const char *name = json_string_value(json_object_get(event, "name"));
        const int track = (int)number(event, "tid");
        if (!phase || !name || !*name || number(event, "pid") != 1) fail("an event lacks", "name, phase or process");
        if (track < 0 || track >= MOST_TRACKS) fail("too many tracks in", "stdin");
        if (strcmp(phase, "M") == 0) {
            named[track] = named[track] || strcmp(name, "thread_name") == 0;
            continue;
        }
        if (strcmp(phase, "X") != 0) fail("unknown phase", phase);
        const double begin = number(event, "ts"), length = number(event, "dur");
        if (!named[track]) fail("a slice before its track's name", name);
        if (length < 0 || begin < ends[track] - 0.0015 /* two roundings to a nanosecond */) fail("overlap at", name);
        ends[track] = begin + length;
        slices[track]++;
    }
    for (int i = 0; i < MOST_TRACKS; i++)
        if (named[i]) printf("%d:%lld ", i, slices[i]);
    putchar('\n');
    json_decref(document);
    return 0;
}

/* ---- png ---------------------------------------------------------------------------------------------------------------------- */

static void put_number(unsigned char *at, uint32_t number) {
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(number >> (24 - 8 * i));
}

static void write_chunk(const char *type, const unsigned char *data, uint32_t length) {
    unsigned char number[4];
    uLong sum = crc32(crc32(0, (const Bytef *)type, 4), data, length);
    put_number(number, length);
    fwrite(number, 1, 4, stdout);
    fwrite(type, 1, 4, stdout);
    fwrite(data, 1, length, stdout);
    put_number(number, (uint32_t)sum);
    fwrite(number, 1, 4, stdout);
}

static int write_png(uint32_t width, uint32_t height, int grey) {
    unsigned char header[13] = {0}, rows[1 << 12] = {0}, packed[1 << 13];
    uLongf length = sizeof packed;
    if ((size_t)(width + 1) * height > sizeof rows) fail("too large", "png");
    for (uint32_t y = 0; y < height; y++) memset(rows + y * (width + 1) + 1, grey, width); /* behind the filter, 0 */
    if (compress(packed, &length, rows, (uLong)(width + 1) * height) != Z_OK) fail("cannot compress", "png");
    put_number(header, width);
    put_number(header + 4, height);
    header[8] = 8; /* bits */
    fwrite("\x89PNG\r\n\x1a\n", 1, 8, stdout);
    write_chunk("IHDR", header, sizeof header);
    write_chunk("IDAT", packed, (uint32_t)length);
    write_chunk("IEND", packed, 0);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "json") == 0) return print_json(argv[2]);
    if (argc == 5 && strcmp(argv[1], "png") == 0)
        return write_png((uint32_t)atol(argv[2]), (uint32_t)atol(argv[3]), atoi(argv[4]));
    if (argc == 2 && strcmp(argv[1], "trace") == 0) return check_trace();
    if (argc == 5 && strcmp(argv[1], "images") == 0) return convert_images(argv[2], (uint32_t)atol(argv[3]), argv[4]);
    if (argc == 6 && strcmp(argv[1], "compare") == 0) return compare(argv[2], argv[3], argv[4], atof(argv[5]));
    fail("wrong use; see", __FILE__);
}
