/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - hash table from 64-bit numbers (or 16-byte ids) to pointers.
 *
 * Floor 1 (base). Open addressing, owned by one thread; values are the caller's.
 */
#pragma once
#include "base/np.h"

struct map;
NP_NODISCARD struct map *map_new(size_t max_entries);    /* stated maximum */
void map_free(struct map *m, void (*drop)(void *value)); /* drop may be NULL */
void *map_get(const struct map *m, uint64_t key);        /* NULL: none */
/* Replaces; *ret_old (may be NULL) gets the former value. NP_E_LIMIT, NP_E_NOMEM. */
NP_NODISCARD np_err map_put(struct map *m, uint64_t key, void *value, void **ret_old);
void *map_del(struct map *m, uint64_t key); /* the value, now the caller's; NULL: none */
size_t map_len(const struct map *m);
/* Iterate: start with *pos = 0; false at the end; either result may be NULL. Deleting the current key is allowed. */
bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, void **ret_value);
/* 16-byte ids are looked up by their first 8 bytes mixed with the last 8. */
uint64_t map_key_id(const uint8_t id[16]);
