/* element.c: float16 and bfloat16 to float32 and back, to nearest, ties to even (IEEE 754-2019). */
#include "base/base.h"

#include <string.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

size_t base_type_size(clade_type type) {
    switch (type) {
    case CLADE_FLOAT32:
        return 4;
    case CLADE_FLOAT16:
    case CLADE_BFLOAT16:
        return 2;
    case CLADE_UINT8:
        return 1;
    }
    return 0;
}

const char *base_type_name(clade_type type) {
    switch (type) {
    case CLADE_FLOAT32:
        return "float32";
    case CLADE_FLOAT16:
        return "float16";
    case CLADE_BFLOAT16:
        return "bfloat16";
    case CLADE_UINT8:
        return "uint8";
    }
    return "unknown type";
}

float base_from_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = (half >> 10) & 0x1fu, fraction = half & 0x3ffu;
    if (exponent == 0x1f) return float_of(sign | 0x7f800000u | fraction << 13); /* infinity, NaN */
    if (exponent != 0) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    const float magnitude = (float)fraction * 0x1p-24f; /* zero and subnormal numbers, exact */
    return sign ? -magnitude : magnitude;
}

uint16_t base_to_half(float value) {
    const uint32_t bits = bits_of(value);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x1ffu)); /* NaN stays NaN */
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and more round to infinity */
    if (magnitude < 0x38800000u) { /* below 2^-14: adding 0.5 leaves the fraction, rounded, in the low bits */
        const float shifted = float_of(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_of(shifted) - bits_of(0.5f)));
    }
    const uint32_t odd = magnitude >> 13 & 1u;
    return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

float base_from_bfloat16(uint16_t value) { return float_of((uint32_t)value << 16); }

uint16_t base_to_bfloat16(float value) {
    const uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u); /* NaN stays NaN */
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

void base_widen(clade_type type, const void *source, float *target, size_t count) {
    /* Files do not align their data, so elements are copied out one by one. */
    const unsigned char *bytes = source;
    switch (type) {
    case CLADE_FLOAT32:
        memcpy(target, source, count * sizeof *target);
        break;
    case CLADE_FLOAT16:
    case CLADE_BFLOAT16:
        for (size_t i = 0; i < count; i++) {
            uint16_t element;
            memcpy(&element, bytes + 2 * i, sizeof element);
            target[i] = type == CLADE_FLOAT16 ? base_from_half(element) : base_from_bfloat16(element);
        }
        break;
    case CLADE_UINT8:
        for (size_t i = 0; i < count; i++) target[i] = bytes[i];
        break;
    }
}

void base_narrow(clade_type type, const float *source, void *target, size_t count) {
    unsigned char *bytes = target;
    switch (type) {
    case CLADE_FLOAT32:
        memcpy(target, source, count * sizeof *source);
        break;
    case CLADE_FLOAT16:
    case CLADE_BFLOAT16:
        for (size_t i = 0; i < count; i++) {
            const uint16_t element = type == CLADE_FLOAT16 ? base_to_half(source[i]) : base_to_bfloat16(source[i]);
            memcpy(bytes + 2 * i, &element, sizeof element);
        }
        break;
    case CLADE_UINT8:
        break;
    }
}
