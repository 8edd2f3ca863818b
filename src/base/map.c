/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

enum { MAP_FIRST = 16 }; /* slots of the first table; a power of two */

/* value NULL: never used; value == &gone: deleted, the search goes on. */
struct slot {
	uint64_t key;
	void *value;
};

struct map {
	struct slot *slots;
	size_t cap;        /* power of two, or 0 */
	size_t live, used; /* used: live and deleted */
	size_t max;
};

static const char gone_mark;

static bool is_live(const struct slot *s)
{
	return s->value && s->value != (const void *)&gone_mark;
}

struct map *map_new(size_t max_entries)
{
	assert(max_entries < SIZE_MAX / 4 / sizeof(struct slot));
	struct map *m = np_zalloc(sizeof *m);
	if (m)
		m->max = max_entries;
	return m;
}

void map_free(struct map *m, void (*drop)(void *value))
{
	if (!m)
		return;
	for (size_t i = 0; drop && i < m->cap; i++)
		if (is_live(&m->slots[i]))
			drop(m->slots[i].value);
	free(m->slots);
	free(m);
}

/* The slot that holds key; NULL: none. */
static struct slot *find(const struct map *m, uint64_t key)
{
	if (m->cap == 0)
		return NULL;
	for (size_t i = crypt_mix64(key) & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct slot *s = &m->slots[i];
		if (!s->value)
			return NULL;
		if (s->key == key && is_live(s))
			return s;
	}
}

/* First slot free for a key that is not there. */
static struct slot *find_free(struct slot *slots, size_t cap, uint64_t key)
{
	size_t i = crypt_mix64(key) & (cap - 1);
	while (is_live(&slots[i]))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

/* A fresh table, at most half full, without the deleted. */
static np_err rebuild(struct map *m)
{
	size_t cap = MAP_FIRST;
	while (cap < (m->live + 1) * 2)
		cap *= 2;
	struct slot *slots = np_calloc(cap, sizeof *slots);
	if (!slots)
		return NP_E_NOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (is_live(&m->slots[i]))
			*find_free(slots, cap, m->slots[i].key) = m->slots[i];
	free(m->slots);
	m->slots = slots;
	m->cap = cap;
	m->used = m->live;
	return NP_OK;
}

void *map_get(const struct map *m, uint64_t key)
{
	const struct slot *s = find(m, key);
	return s ? s->value : NULL;
}

np_err map_put(struct map *m, uint64_t key, void *value, void **ret_old)
{
	assert(value);
	struct slot *s = find(m, key);
	if (s) {
		if (ret_old)
			*ret_old = s->value;
		s->value = value;
		return NP_OK;
	}
	if (m->live >= m->max)
		return NP_E_LIMIT;
	if ((m->used + 1) * 4 > m->cap * 3) {
		np_err e = rebuild(m);
		if (e < 0)
			return e;
	}
	s = find_free(m->slots, m->cap, key);
	m->used += s->value ? 0 : 1;
	m->live++;
	*s = (struct slot){ .key = key, .value = value };
	if (ret_old)
		*ret_old = NULL;
	return NP_OK;
}

void *map_del(struct map *m, uint64_t key)
{
	struct slot *s = find(m, key);
	if (!s)
		return NULL;
	void *value = s->value;
	/* Never written through: only its address is compared. */
	memcpy(&s->value, &(const void *){ &gone_mark }, sizeof s->value);
	m->live--;
	return value;
}

size_t map_len(const struct map *m)
{
	return m->live;
}

bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, void **ret_value)
{
	while (*pos < m->cap) {
		const struct slot *s = &m->slots[(*pos)++];
		if (!is_live(s))
			continue;
		if (ret_key)
			*ret_key = s->key;
		if (ret_value)
			*ret_value = s->value;
		return true;
	}
	return false;
}

uint64_t map_key_id(const uint8_t id[16])
{
	uint64_t half[2];
	memcpy(half, id, sizeof half);
	return half[0] ^ crypt_mix64(half[1]);
}
