/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/curlm.h"

#define CURLM_POOL_MAX 64 /* idle handles kept: about 20 kB each */

/* One transfer; CURLOPT_PRIVATE points here. */
struct slot {
	struct slot *next; /* in the pool */
	CURL *easy;
	curlm_fn fn;
	void *ctx;
	bool added;
};

struct curlm {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct slot *pool;
	size_t pooled;
	const char *user_agent;
};

struct sock {
	struct curlm *m;
	curl_socket_t fd;
	struct loop_poll *poll;
};

static void finish_done(struct curlm *m)
{
	int left;
	CURLMsg *msg;
	while ((msg = curl_multi_info_read(m->multi, &left))) {
		struct slot *s = NULL;
		CURLcode rc = msg->data.result;
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &s);
		s->fn(s->ctx, rc); /* may give the handle back and add others */
	}
}

static void on_timer(void *ctx)
{
	struct curlm *m = ctx;
	int running;
	curl_multi_socket_action(m->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_done(m);
}

static void on_poll(void *ctx, int events)
{
	struct sock *s = ctx;
	struct curlm *m = s->m;
	int running;
	int what = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
		   (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
	curl_multi_socket_action(m->multi, s->fd, what, &running);
	finish_done(m);
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
	(void)multi;
	struct curlm *m = ctx;
	if (ms < 0)
		loop_timer_stop(m->timer);
	else
		loop_timer_at(m->timer, loop_now_ms(m->loop) + ms);
	return 0;
}

static struct sock *sock_new(struct curlm *m, curl_socket_t fd)
{
	struct sock *s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->m = m;
	s->fd = fd;
	if (loop_poll_new(m->loop, fd, on_poll, s, &s->poll) < 0) {
		free(s);
		return NULL;
	}
	curl_multi_assign(m->multi, fd, s);
	return s;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *sock_ctx)
{
	(void)easy;
	struct curlm *m = ctx;
	struct sock *s = sock_ctx;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			loop_poll_free(s->poll);
			free(s);
			curl_multi_assign(m->multi, fd, NULL);
		}
		return 0;
	}
	if (!s)
		s = sock_new(m, fd);
	if (!s)
		return -1;
	loop_poll_set(s->poll, (what & CURL_POLL_IN ? LOOP_READ : 0) |
				       (what & CURL_POLL_OUT ? LOOP_WRITE : 0));
	return 0;
}

np_err curlm_new(struct loop *l, const char *user_agent, struct curlm **ret_curlm)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NP_E_NOMEM;
	struct curlm *m = np_zalloc(sizeof *m);
	if (!m)
		return NP_E_NOMEM;
	m->loop = l;
	m->user_agent = user_agent;
	m->multi = curl_multi_init();
	m->timer = loop_timer_new(l, on_timer, m);
	if (!m->multi || !m->timer) {
		curlm_free(m);
		return NP_E_NOMEM;
	}
	curl_multi_setopt(m->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(m->multi, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(m->multi, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS, 1L);
	*ret_curlm = m;
	return NP_OK;
}

static void slot_free(struct slot *s)
{
	curl_easy_cleanup(s->easy);
	free(s);
}

void curlm_free(struct curlm *m)
{
	if (!m)
		return;
	while (m->pool) {
		struct slot *s = m->pool;
		m->pool = s->next;
		slot_free(s);
	}
	if (m->multi)
		curl_multi_cleanup(m->multi);
	loop_timer_free(m->timer);
	free(m);
}

static void set_constants(CURL *e, const char *user_agent)
{
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(e, CURLOPT_USERAGENT, user_agent);
	curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	/* Trust is ours (certs.h): curl would read the whole bundle for each handshake. */
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L); /* by OpenSSL, against the SAN only */
}

CURL *curlm_take(struct curlm *m)
{
	struct slot *s = m->pool;
	if (s) {
		m->pool = s->next;
		m->pooled--;
		return s->easy;
	}
	s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->easy = curl_easy_init();
	if (!s->easy) {
		free(s);
		return NULL;
	}
	set_constants(s->easy, m->user_agent);
	curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	return s->easy;
}

static struct slot *slot_of(CURL *easy)
{
	struct slot *s = NULL;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &s);
	return s;
}

np_err curlm_add(struct curlm *m, CURL *easy, void *ctx, curlm_fn fn)
{
	struct slot *s = slot_of(easy);
	s->fn = fn;
	s->ctx = ctx;
	if (curl_multi_add_handle(m->multi, easy) != CURLM_OK)
		return NP_E_NOMEM;
	s->added = true;
	return NP_OK;
}

void curlm_give(struct curlm *m, CURL *easy)
{
	struct slot *s = slot_of(easy);
	if (s->added)
		curl_multi_remove_handle(m->multi, easy);
	s->added = false;
	if (m->pooled >= CURLM_POOL_MAX) {
		slot_free(s);
		return;
	}
	s->next = m->pool;
	m->pool = s;
	m->pooled++;
}
