/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/def.h"

#include <stdio.h>

#include "core/schedule.h"

#define DEF_PROBLEM_MAX 300

static const struct asrt_list no_assertions;

/* NULL for a kind that there is not. */
static const struct check_ops *ops_of(enum mon_kind kind)
{
	static const struct check_ops *const ops[MON_KIND_N] = {
		[MON_HTTP] = &http_ops, [MON_TCP] = &tcp_ops, [MON_ICMP] = &icmp_ops,
		[MON_DNS] = &dns_ops,   [MON_TLS] = &tls_ops,
	};
	return (unsigned)kind < MON_KIND_N ? ops[kind] : NULL;
}

/* The first mistake is the one that is told. */
static void note(struct check_def *d, const char *what, const char *why)
{
	char text[DEF_PROBLEM_MAX];
	if (d->problem)
		return;
	int n = snprintf(text, sizeof text, "this checker cannot run the monitor: %s%s%s", what,
			 *what ? ": " : "", why);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len >= sizeof text)
		len = sizeof text - 1;
	d->problem = np_strdup(str_clip_utf8((np_str){ text, len }, len));
}

static void note_first(struct check_def *d, const struct problem_list *p)
{
	if (problem_any(p))
		note(d, p->item[0].path, p->item[0].text);
}

static json_t *parse(struct check_def *d, const char *what, const char *text)
{
	if (!text || !*text)
		return NULL;
	json_error_t err;
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	if (!j)
		note(d, what, err.text);
	return j;
}

static np_err read_parts(struct check_def *d, const Np__V1__Monitor *m)
{
	NP_CLEANUP(np_free_ptr) struct problem_list *p = np_zalloc(sizeof *p);
	NP_CLEANUP(np_free_ptr) struct asrt_list *list = np_zalloc(sizeof *list);
	if (!p || !list)
		return NP_E_NOMEM;
	const char *why = NULL;
	if (tgt_parse(d->kind, str_from_c(d->target_text), &d->tgt, &why) < 0)
		note(d, "target", why ? why : "not readable");
	d->options_json = parse(d, "options", m->options_json);
	opt_read(d->kind, d->options_json, &d->options, p);
	d->assertions_json = parse(d, "assertions", m->assertions_json);
	asrt_read(d->kind, d->assertions_json, list, p);
	note_first(d, p);
	if (list->n > 0) {
		d->assertions_own = np_take(list);
		d->assertions = d->assertions_own;
	}
	return NP_OK;
}

static void read_times(struct check_def *d, const Np__V1__Monitor *m)
{
	d->interval_us = (int64_t)m->interval_ms * NP_MS_US;
	if (d->interval_us < MON_INTERVAL_MIN_MS * NP_MS_US)
		d->interval_us = MON_INTERVAL_MIN_MS * NP_MS_US;
	d->timeout_us = (int64_t)m->timeout_ms * NP_MS_US;
	if (d->timeout_us <= 0)
		d->timeout_us = mon_default_timeout_ms(d->interval_us / NP_MS_US) * NP_MS_US;
	if (d->timeout_us > MON_TIMEOUT_MAX_MS * NP_MS_US)
		d->timeout_us = MON_TIMEOUT_MAX_MS * NP_MS_US;
	d->retries = m->retries < MON_RETRIES_MAX ? m->retries : MON_RETRIES_MAX;
	d->retry_interval_us = (int64_t)m->retry_interval_ms * NP_MS_US;
	if (d->retry_interval_us < MON_RETRY_INTERVAL_MIN_MS * NP_MS_US)
		d->retry_interval_us = MON_RETRY_INTERVAL_MIN_MS * NP_MS_US;
	uint32_t n = m->region_count ? m->region_count : 1;
	d->phase_us = sched_phase_us(d->monitor, m->region_index % n, n, d->interval_us);
}

static void prepare(struct check_def *d)
{
	if (!d->ops) {
		note(d, "", "it does not know this kind of check (a newer version may)");
		return;
	}
	const char *why = d->problem || !d->ops->prepare ? NULL : d->ops->prepare(d);
	if (why)
		note(d, "", why);
}

np_err def_new(const Np__V1__Monitor *m, struct check_def **ret_def)
{
	if (m->monitor == 0 || m->revision == 0 || m->shard >= NP_SHARDS)
		return NP_E_INVAL;
	struct check_def *d = np_zalloc(sizeof *d);
	if (!d)
		return NP_E_NOMEM;
	d->refs = 1;
	d->monitor = m->monitor;
	d->revision = m->revision;
	d->shard = m->shard;
	d->kind = m->kind < MON_KIND_N ? (enum mon_kind)m->kind : (enum mon_kind)0;
	d->ops = ops_of(d->kind);
	d->private_ok = m->private_ok;
	d->load = m->load;
	d->assertions = &no_assertions;
	d->target_text = np_strdup(str_from_c(m->target));
	read_times(d, m);
	np_err e = d->target_text ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK && d->ops)
		e = read_parts(d, m);
	if (e < 0) {
		def_unref(d);
		return e;
	}
	prepare(d);
	*ret_def = d;
	return NP_OK;
}

struct check_def *def_ref(struct check_def *d)
{
	d->refs++;
	return d;
}

void def_unref(struct check_def *d)
{
	if (!d || --d->refs > 0)
		return;
	json_decref(d->options_json);
	json_decref(d->assertions_json);
	free(d->assertions_own);
	free(d->target_text);
	free(d->problem);
	free(d);
}
