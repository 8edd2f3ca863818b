/* SPDX-License-Identifier: Apache-2.0 */
#include "web/share.h"

struct place {
	size_t busy, waiting;
	struct wreq *head, *tail;
};
struct known {
	uint8_t credential[CRYPT_SHA256_LEN];
	uint64_t org; /* 0: nothing here */
};
struct share {
	uint64_t seed; /* so that nobody can choose whom to collide with */
	size_t room;
	struct place place[1 + SHARE_PLACES]; /* the first is the strangers' */
	struct known known[SHARE_KNOWN_MAX];
};

struct share *share_new(size_t room)
{
	struct share *s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->seed = rnd_u64();
	s->room = room > 0 ? room : 1;
	return s;
}

void share_free(struct share *s)
{
	free(s);
}

static struct known *known_of(struct share *s, const uint8_t credential[CRYPT_SHA256_LEN])
{
	uint64_t key;
	memcpy(&key, credential, sizeof key);
	return &s->known[crypt_mix64(key ^ s->seed) % SHARE_KNOWN_MAX];
}

static uint32_t place_of(const struct share *s, uint64_t org)
{
	return org ? 1 + (uint32_t)(crypt_mix64(org ^ s->seed) % SHARE_PLACES) : 0;
}

void share_ask(struct share *s, struct wreq *q)
{
	q->seat.place = 0;
	if (q->route->flags & R_OPEN || q->credential.n == 0)
		return;
	crypt_sha256(q->credential, q->who.credential);
	const struct known *k = known_of(s, q->who.credential);
	if (k->org && memcmp(k->credential, q->who.credential, sizeof k->credential) == 0)
		q->seat.place = place_of(s, k->org);
}

bool share_enter(struct share *s, struct wreq *q, bool first, bool *ret_full)
{
	struct place *p = &s->place[q->seat.place];
	*ret_full = first && p->busy >= s->room && p->waiting >= SHARE_WAIT_MAX;
	if (*ret_full)
		return false;
	if (p->busy < s->room) {
		p->busy++;
		return true;
	}
	q->seat.next = NULL;
	if (p->tail)
		p->tail->seat.next = q;
	else
		p->head = q;
	p->tail = q;
	p->waiting++;
	return false;
}

static struct wreq *take(struct place *p)
{
	struct wreq *q = p->head;
	if (!q)
		return NULL;
	p->head = q->seat.next;
	if (!p->head)
		p->tail = NULL;
	p->waiting--;
	q->seat.next = NULL;
	return q;
}

/* An open route's organisation says nothing about a credential. */
static void learn(struct share *s, struct wreq *q)
{
	if (q->who.org == 0 || q->route->flags & R_OPEN)
		return;
	struct known *k = known_of(s, q->who.credential);
	memcpy(k->credential, q->who.credential, sizeof k->credential);
	k->org = q->who.org;
	q->seat.place = place_of(s, q->who.org);
}

struct wreq *share_leave(struct share *s, struct wreq *q)
{
	struct place *p = &s->place[q->seat.place];
	assert(p->busy > 0);
	learn(s, q);
	struct wreq *next = take(p);
	if (!next)
		p->busy--;
	return next;
}

struct wreq *share_evict(struct share *s)
{
	for (size_t i = 0; i < NP_LEN(s->place); i++) {
		struct wreq *q = take(&s->place[i]);
		if (q)
			return q;
	}
	return NULL;
}
