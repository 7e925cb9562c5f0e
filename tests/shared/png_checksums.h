/* png_checksums.h: mends the checksums of a PNG file whose bytes were changed, so that what comes behind them is reached.
 *
 *   8 bytes of signature | length, type, that many bytes, checksum of type and bytes | length, ... */
#ifndef TESTS_SHARED_PNG_CHECKSUMS_H
#define TESTS_SHARED_PNG_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

static inline void png_mend_checksums(uint8_t *data, size_t size) {
    enum { SIGNATURE = 8, NUMBER = 4, AROUND = 3 * NUMBER };
    for (size_t at = SIGNATURE; at + AROUND <= size;) {
        uint8_t *chunk = data + at;
        const size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        if (length > size - at - AROUND) break;
        const uLong sum = crc32(0, chunk + NUMBER, (uInt)(NUMBER + length));
        for (int i = 0; i < NUMBER; i++) chunk[2 * NUMBER + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += AROUND + length;
    }
}

#endif
