/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/pool.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/mbox.h"

struct pg_pool {
	struct mbox *idle; /* of pg_conn */
	size_t size;
	_Atomic int64_t down_until_ms; /* a connect failed: nobody else tries before */
	_Atomic bool up;
};

/* While the database is away, how long one failure answers for the others too. */
#define POOL_DOWN_MS 100

static void pool_drop_conn(void *c)
{
	pg_conn_free(c);
}

struct pg_pool *pg_pool_new(const struct pg_conf *conf, size_t size)
{
	struct pg_pool *p = np_zalloc(sizeof *p);
	assert(size >= 1 && size <= PG_POOL_MAX);
	if (p == NULL)
		return NULL;
	p->size = size;
	p->idle = mbox_new(size);
	for (size_t i = 0; p->idle != NULL && i < size; i++) {
		struct pg_conn *c = pg_conn_new(conf);
		if (c == NULL || mbox_send(p->idle, c) < 0) {
			pg_conn_free(c);
			mbox_free(p->idle, pool_drop_conn);
			p->idle = NULL;
		}
	}
	if (p->idle == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void pg_pool_free(struct pg_pool *p)
{
	if (p == NULL)
		return;
	assert(pg_pool_busy(p) == 0);
	mbox_free(p->idle, pool_drop_conn);
	free(p);
}

bool pg_pool_is_up(const struct pg_pool *p)
{
	return atomic_load_explicit(&p->up, memory_order_relaxed);
}

size_t pg_pool_busy(const struct pg_pool *p)
{
	return p->size - mbox_len(p->idle);
}

static void pool_give_back(struct pg_pool *p, struct pg_conn *c)
{
	np_err e = mbox_send(p->idle, c);
	assert(e == NP_OK); /* there is a place for every connection */
	(void)e;
}

static np_err pool_ready(struct pg_pool *p, struct pg_conn *c, int64_t deadline_ms)
{
	int64_t now = clock_mono_ms();
	np_err e;
	if (!pg_conn_is_up(c) && now < atomic_load(&p->down_until_ms))
		return NP_E_DB_GONE;
	e = pg_conn_ready(c, deadline_ms);
	if (e < 0)
		atomic_store(&p->down_until_ms, clock_mono_ms() + POOL_DOWN_MS);
	atomic_store_explicit(&p->up, e == NP_OK, memory_order_relaxed);
	return e;
}

np_err pg_pool_take_why(struct pg_pool *p, int64_t deadline_ms, struct pg_conn **ret_conn,
			struct pg_error *ret_err)
{
	struct pg_conn *c = mbox_recv(p->idle, deadline_ms);
	np_err e;
	if (c == NULL)
		return NP_E_BUSY;
	e = pool_ready(p, c, deadline_ms);
	if (e < 0) {
		if (ret_err != NULL)
			*ret_err = *pg_conn_error(c);
		pool_give_back(p, c);
		return e;
	}
	*ret_conn = c;
	return NP_OK;
}

np_err pg_pool_take(struct pg_pool *p, int64_t deadline_ms, struct pg_conn **ret_conn)
{
	return pg_pool_take_why(p, deadline_ms, ret_conn, NULL);
}

void pg_pool_give(struct pg_pool *p, struct pg_conn **c)
{
	struct pg_conn *conn = np_take(*c);
	if (conn == NULL)
		return;
	pg_tx_rollback(conn);
	pool_give_back(p, conn);
}

np_err pg_pool_run(struct pg_pool *p, const struct pg_pool_tx *tx, struct pg_error *ret_err)
{
	struct pg_conn *c = NULL;
	np_err e = pg_pool_take_why(p, tx->deadline_ms, &c, ret_err);
	if (e < 0)
		return e;
	e = pg_tx_run(c, tx->tenant, tx->fn, tx->ctx);
	if (e < 0 && ret_err != NULL)
		*ret_err = *pg_conn_error(c);
	pg_pool_give(p, &c);
	return e;
}
