/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/heartbeat.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alerter/guard.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mbox.h"
#include "base/str.h"
#include "net/addr.h"

#define ASK_MS (5 * NP_SEC_MS)
#define SAY_MAX 200

struct beat_metrics {
	struct metric *sent, *failed, *well, *ok_s;
};

struct heartbeat {
	struct heartbeat_cfg cfg;
	char url[HEARTBEAT_URL_MAX];
	pthread_t thread;
	struct mbox *wake; /* never holds a message: closed to stop */
	_Atomic bool stopping;
	struct pg_conn *c;
	bool private_ok; /* of the operator's organisation */
	bool told;       /* it was logged that nothing is sent */
	char say[SAY_MAX];
	struct beat_metrics m;
};

/* ---- is the whole well? ---- */

static const char well_sql[] =
	"SELECT (SELECT count(*) FROM np.shard WHERE owner IS NULL OR lease_until < clock_timestamp()),"
	" (SELECT coalesce(max(lag_p95_us), 0)::bigint FROM np.checker_seen"
	"   WHERE connected AND heard_at > clock_timestamp() - interval '60 seconds'),"
	" (SELECT count(*) FROM np.finding WHERE cleared_at IS NULL AND told_at IS NOT NULL"
	"   AND severity = 'severe'),"
	" EXISTS (SELECT FROM np.lease WHERE name = 'auditor' AND lease_until > clock_timestamp()),"
	" (SELECT private_ok FROM np.org WHERE operator)";

static bool is_well(struct heartbeat *h, const struct pg_res *r)
{
	int64_t unowned = pg_res_i64(r, 0, 0), lag_us = pg_res_i64(r, 0, 1);
	int64_t severe = pg_res_i64(r, 0, 2);
	h->private_ok = pg_res_bool(r, 0, 4);
	h->say[0] = '\0';
	if (unowned > 0)
		(void)snprintf(h->say, sizeof h->say, "%lld shards have no owner",
			       (long long)unowned);
	else if (severe > 0)
		(void)snprintf(h->say, sizeof h->say, "%lld severe findings are open",
			       (long long)severe);
	else if (lag_us > HEARTBEAT_LAG_US)
		(void)snprintf(h->say, sizeof h->say, "results arrive %lld s late",
			       (long long)(lag_us / NP_SEC_US));
	else if (!pg_res_bool(r, 0, 3))
		(void)snprintf(h->say, sizeof h->say, "no auditor is at work");
	return h->say[0] == '\0';
}

static np_err look(struct heartbeat *h, bool *ret_well)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_conn_ready(h->c, clock_mono_ms() + ASK_MS);
	if (e == NP_OK)
		e = pg_exec(h->c, well_sql, NULL, &r);
	if (e == NP_OK)
		*ret_well = is_well(h, r);
	else
		(void)snprintf(h->say, sizeof h->say, "the database does not answer");
	return e;
}

/* ---- sending ---- */

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct heartbeat *h = ctx;
	char say[GUARD_SAY_MAX] = "";
	curl_socket_t fd = guard_socket(purpose, a, h->private_ok, say);
	if (say[0] != '\0')
		(void)snprintf(h->say, sizeof h->say, "%s", say);
	return fd;
}

static size_t on_answer(char *p NP_UNUSED, size_t size, size_t n, void *ctx NP_UNUSED)
{
	return size * n;
}

/* A stop does not wait for somebody else's server. */
static int on_progress(void *ctx, curl_off_t a NP_UNUSED, curl_off_t b NP_UNUSED,
		       curl_off_t c NP_UNUSED, curl_off_t d NP_UNUSED)
{
	return atomic_load(&((struct heartbeat *)ctx)->stopping);
}

static CURLcode set_up(struct heartbeat *h, CURL *c)
{
	CURLcode rc;
	if ((rc = curl_easy_setopt(c, CURLOPT_URL, h->url)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_PROXY, "")) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https")) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)HEARTBEAT_SEND_MS)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_USERAGENT, "NetPulse/" NP_VERSION)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)h)) != CURLE_OK ||
	    (rc = curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket)) != CURLE_OK ||
	    (h->cfg.ca_file != NULL &&
	     (rc = curl_easy_setopt(c, CURLOPT_CAINFO, h->cfg.ca_file)) != CURLE_OK))
		return rc;
	return curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, (void *)h);
}

/* True: answered with 2xx. */
static bool send_one(struct heartbeat *h)
{
	long status = 0;
	CURL *c = curl_easy_init();
	CURLcode rc = c != NULL ? set_up(h, c) : CURLE_OUT_OF_MEMORY;
	if (rc == CURLE_OK)
		rc = curl_easy_perform(c);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	if (rc != CURLE_OK && h->say[0] == '\0')
		(void)snprintf(h->say, sizeof h->say, "%s", curl_easy_strerror(rc));
	else if (rc == CURLE_OK && status / 100 != 2)
		(void)snprintf(h->say, sizeof h->say, "HTTP %ld", status);
	return rc == CURLE_OK && status / 100 == 2;
}

/* ---- turns ---- */

static void note(struct heartbeat *h, bool well, bool ok)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_c(&p, h->cfg.name);
	pg_params_i32(&p, (int32_t)(h->cfg.every_ms / 1000));
	pg_params_bool(&p, well);
	pg_params_bool(&p, ok);
	pg_params_c(&p, h->say);
	pg_conn_deadline(h->c, clock_mono_ms() + ASK_MS);
	np_err e = pg_exec(
		h->c,
		"INSERT INTO np.heartbeat AS b (name, every_s, well, tried_at, ok_at, why)"
		" VALUES ($1, $2, $3, CASE WHEN $3 THEN now() END,"
		" CASE WHEN $4 THEN now() END, $5) ON CONFLICT (name) DO UPDATE SET"
		" every_s = excluded.every_s, well = excluded.well, why = excluded.why,"
		" at = clock_timestamp(), tried_at = coalesce(excluded.tried_at, b.tried_at),"
		" ok_at = coalesce(excluded.ok_at, b.ok_at)",
		&p, NULL);
	if (e < 0)
		np_log(NP_DEBUG, "heartbeat.not_noted", KV_ERR(e));
}

static void count(struct heartbeat *h, bool well, bool ok)
{
	metric_set(h->m.well, well);
	metric_add(ok ? h->m.sent : h->m.failed, ok || well);
	if (ok)
		metric_set(h->m.ok_s, clock_wall_us() / NP_SEC_US);
	if (ok && h->told)
		np_log_event(NP_INFO, "heartbeat.beats_again");
	else if (!ok && !h->told)
		np_log(NP_WARN, "heartbeat.silent", KV_C("why", h->say));
	h->told = !ok;
}

static void turn(struct heartbeat *h)
{
	bool well = false, ok = false;
	np_err e = look(h, &well);
	if (e == NP_OK && well)
		ok = send_one(h);
	if (atomic_load(&h->stopping))
		return;
	if (e == NP_OK)
		note(h, well, ok);
	count(h, well, ok);
}

static void *heartbeat_main(void *ctx)
{
	struct heartbeat *h = ctx;
	while (!atomic_load(&h->stopping)) {
		int64_t next_ms = clock_mono_ms() + h->cfg.every_ms;
		turn(h);
		(void)mbox_recv(h->wake, next_ms);
	}
	return NULL;
}

static void heartbeat_free(struct heartbeat *h)
{
	pg_conn_free(h->c);
	mbox_free(h->wake, free);
	free(h);
}

/* The address is a secret of its kind: whoever has it can beat for us. */
static np_err read_url(struct heartbeat *h, struct buf *why)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, HEARTBEAT_URL_MAX);
	np_err e = h->cfg.url != NULL ? buf_add_c(&text, h->cfg.url)
				      : file_read(h->cfg.url_file, &text);
	np_str url = str_trim(buf_str(&text));
	bool fine = e == NP_OK && url.n < sizeof h->url &&
		    (str_starts(url, NP_STR("http://")) || str_starts(url, NP_STR("https://")));
	if (!fine) {
		(void)buf_add_c(why, "heartbeat.url, or the file that heartbeat.url_file names, "
				     "must hold an http or https address");
		return e < 0 ? e : NP_E_INVAL;
	}
	memcpy(h->url, url.p, url.n);
	return NP_OK;
}

np_err heartbeat_start(const struct heartbeat_cfg *cfg, struct heartbeat **ret, struct buf *why)
{
	struct metrics *m = cfg->metrics;
	struct heartbeat *h = np_zalloc(sizeof *h);
	if (h == NULL)
		return NP_E_NOMEM;
	h->cfg = *cfg;
	h->wake = mbox_new(1);
	h->c = pg_conn_new(&h->cfg.database);
	h->m = (struct beat_metrics){
		.sent = metrics_get(m, METRIC_COUNTER, "netpulse_alerter_heartbeats_total", "",
				    "Heartbeats that were answered with 2xx"),
		.failed =
			metrics_get(m, METRIC_COUNTER, "netpulse_alerter_heartbeat_failures_total",
				    "", "Heartbeats that were sent and did not arrive"),
		.well = metrics_get(m, METRIC_GAUGE, "netpulse_alerter_heartbeat_well", "",
				    "Is the whole well, so that heartbeats are sent?"),
		.ok_s = metrics_get(m, METRIC_GAUGE,
				    "netpulse_alerter_heartbeat_ok_timestamp_seconds", "",
				    "Unix time of the last heartbeat that arrived"),
	};
	np_err e = h->wake == NULL || h->c == NULL ? NP_E_NOMEM : read_url(h, why);
	if (e == NP_OK && pthread_create(&h->thread, NULL, heartbeat_main, h) != 0)
		e = NP_E_NOMEM;
	if (e < 0) {
		heartbeat_free(h);
		return e;
	}
	*ret = h;
	return NP_OK;
}

void heartbeat_stop(struct heartbeat *h)
{
	if (h == NULL)
		return;
	atomic_store(&h->stopping, true);
	mbox_close(h->wake);
	pthread_join(h->thread, NULL);
	heartbeat_free(h);
}
