/* names.c: a table from names to numbers: open addressing, a name lies in the first free slot from where its hash points to. */
#include "base/base.h"

#include <string.h>

enum { FIRST_CAPACITY = 16 }; /* a power of two, as all capacities are */

/* Where a name is, or the free slot where it would come to be. At least one slot is free. */
static size_t place_of(const base_names *names, const char *name, uint64_t hash) {
    size_t at = (size_t)hash & (names->capacity - 1);
    while (names->slots[at].name && (names->slots[at].hash != hash || strcmp(names->slots[at].name, name) != 0))
        at = (at + 1) & (names->capacity - 1);
    return at;
}

/* Doubles the table when it is three quarters full. */
static bool make_room(base_env *env, base_names *names) {
    if (4 * (names->count + 1) <= 3 * names->capacity) return true;
    base_names grown = {.count = names->count, .capacity = names->capacity ? 2 * names->capacity : FIRST_CAPACITY};
    grown.slots = base_allocate_zero(env, grown.capacity, sizeof *grown.slots);
    if (!grown.slots) return false;
    for (size_t i = 0; i < names->capacity; i++) {
        const base_name *slot = &names->slots[i];
        if (slot->name) grown.slots[place_of(&grown, slot->name, slot->hash)] = *slot;
    }
    base_free(env, names->slots);
    *names = grown;
    return true;
}

bool base_names_add(base_env *env, base_names *names, const char *name, int32_t number) {
    if (!make_room(env, names)) return false;
    const uint64_t hash = base_hash(name);
    base_name *slot = &names->slots[place_of(names, name, hash)];
    if (slot->name) return true;
    *slot = (base_name){name, hash, number};
    names->count++;
    return true;
}

int32_t base_names_find(const base_names *names, const char *name) {
    if (names->count == 0) return -1;
    const base_name *slot = &names->slots[place_of(names, name, base_hash(name))];
    return slot->name ? slot->number : -1;
}

void base_names_remove(base_names *names, const char *name, int32_t number) {
    if (number < 0 || base_names_find(names, name) != number) return;
    const size_t mask = names->capacity - 1;
    size_t gap = place_of(names, name, base_hash(name));
    /* Those behind it that would not be found across the gap move into it. */
    for (size_t at = (gap + 1) & mask; names->slots[at].name; at = (at + 1) & mask) {
        const size_t wanted = (size_t)names->slots[at].hash & mask;
        if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
        names->slots[gap] = names->slots[at];
        gap = at;
    }
    names->slots[gap] = (base_name){0};
    names->count--;
}

void base_names_clear(base_names *names) {
    if (names->slots) memset(names->slots, 0, names->capacity * sizeof *names->slots);
    names->count = 0;
}

void base_names_free(base_env *env, base_names *names) {
    base_free(env, names->slots);
    *names = (base_names){0};
}
