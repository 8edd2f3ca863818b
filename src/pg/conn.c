/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/conn.h"

#include <poll.h>

#include "base/clock.h"
#include "base/crypt.h"

struct pg_conn *pg_conn_new(const struct pg_conf *conf)
{
	struct pg_conn *c = np_zalloc(sizeof *c);
	if (c != NULL)
		c->conf = *conf;
	return c;
}

void pg_conn_free(struct pg_conn *c)
{
	if (c == NULL)
		return;
	pg_conn_drop(c);
	free(c);
}

void pg_conn_free_p(struct pg_conn **c)
{
	pg_conn_free(*c);
	*c = NULL;
}

void pg_conn_drop(struct pg_conn *c)
{
	if (c->pq != NULL)
		PQfinish(c->pq);
	c->pq = NULL;
}

void pg_conn_deadline(struct pg_conn *c, int64_t deadline_ms)
{
	c->deadline_ms = deadline_ms;
}

bool pg_conn_is_up(const struct pg_conn *c)
{
	return c->pq != NULL;
}

bool pg_conn_in_tx(const struct pg_conn *c)
{
	return c->pq != NULL && PQtransactionStatus(c->pq) != PQTRANS_IDLE;
}

const struct pg_error *pg_conn_error(const struct pg_conn *c)
{
	return &c->err;
}

/* Half to one and a half times, so that many do not come back at once. */
void pg_conn_back_off(struct pg_conn *c)
{
	uint32_t next = c->backoff_ms == 0 ? PG_BACKOFF_MIN_MS : c->backoff_ms * 2;
	c->backoff_ms = next > PG_BACKOFF_MAX_MS ? PG_BACKOFF_MAX_MS : next;
	c->retry_at_ms = clock_mono_ms() + c->backoff_ms / 2 + (int64_t)(rnd_u64() % c->backoff_ms);
}

static np_err conn_wait_turn(struct pg_conn *c)
{
	int64_t until = c->retry_at_ms < c->deadline_ms ? c->retry_at_ms : c->deadline_ms;
	for (int64_t now = clock_mono_ms(); now < until; now = clock_mono_ms())
		poll(NULL, 0, (int)(until - now));
	return c->retry_at_ms <= c->deadline_ms ? NP_OK : NP_E_DB_GONE;
}

static np_err conn_connect(struct pg_conn *c)
{
	uint32_t limit = c->conf.connect_ms != 0 ? c->conf.connect_ms : PG_CONNECT_MS_DEFAULT;
	int64_t by;
	np_err e = conn_wait_turn(c);
	if (e < 0)
		return e;
	by = clock_mono_ms() + limit;
	e = pg_io_connect(c, by < c->deadline_ms ? by : c->deadline_ms);
	if (e < 0 && c->retry_at_ms <= clock_mono_ms())
		pg_conn_back_off(c);
	return e;
}

np_err pg_conn_ready(struct pg_conn *c, int64_t deadline_ms)
{
	c->deadline_ms = deadline_ms;
	if (c->pq != NULL && pg_conn_in_tx(c))
		pg_tx_rollback(c);
	if (c->pq != NULL && pg_io_alive(c) == NP_OK)
		return NP_OK;
	return conn_connect(c);
}
