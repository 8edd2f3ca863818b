/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rpool.h"

#include "base/clock.h"
#include "base/mbox.h"

struct rpool {
	struct mbox *idle; /* of struct redis: whoever receives one owns it */
};

static void drop(void *conn)
{
	redis_free(conn);
}

void rpool_free(struct rpool *p)
{
	if (!p)
		return;
	mbox_free(p->idle, drop);
	free(p);
}

struct rpool *rpool_new(const struct redis_conf *conf)
{
	struct rpool *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->idle = mbox_new(RPOOL_SIZE);
	if (!p->idle)
		goto fail;
	for (size_t i = 0; i < RPOOL_SIZE; i++) {
		struct redis *r = redis_new(conf);
		if (!r || mbox_send(p->idle, r) < 0) {
			redis_free(r);
			goto fail;
		}
	}
	return p;
fail:
	rpool_free(p);
	return NULL;
}

NP_NODISCARD np_err rpool_cmd(struct rpool *p, const struct redis_args *a,
			      struct redis_reply **ret_reply)
{
	int64_t deadline = clock_mono_ms() + RPOOL_MS;
	struct redis *r = mbox_recv(p->idle, deadline);
	if (!r)
		return NP_E_BUSY;
	np_err e = redis_ready(r, deadline);
	if (e == NP_OK)
		e = redis_cmd(r, a, ret_reply);
	np_err back = mbox_send(p->idle, r);
	assert(back == NP_OK); /* there is room for every connection */
	return e;
}
