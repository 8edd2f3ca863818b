/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS check: one question to the given resolver (or the system's), and what it must say. */
#include <ares.h>
#include <arpa/nameser.h>

#include "base/clock.h"
#include "checker/check.h"
#include "checker/dnsmsg.h"
#include "checker/say.h"

struct dnsc {
	struct check_run *run;
	struct resolv *own; /* asks the monitor's resolver; NULL: the shared one is used */
	struct resolv_q *q;
	int64_t began_us;
};

static uint16_t type_of(enum opt_record r)
{
	static const uint16_t types[OPT_RECORD_N] = {
		[OPT_A] = ns_t_a,     [OPT_AAAA] = ns_t_aaaa, [OPT_MX] = ns_t_mx,
		[OPT_TXT] = ns_t_txt, [OPT_NS] = ns_t_ns,     [OPT_CNAME] = ns_t_cname,
	};
	return (unsigned)r < OPT_RECORD_N ? types[r] : (uint16_t)ns_t_a;
}

static np_str shown(struct check_run *run, const struct dnsmsg *m)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 256);
	for (size_t i = 0; i < m->n && i < 4; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "", NP_FMT(str_clip_utf8(m->answer[i], 40)));
	if (m->n > 4)
		buf_add_c(&b, ", …");
	return arena_str(run->arena, buf_str(&b));
}

static bool has(const struct dnsmsg *m, np_str wanted)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq_nocase(m->answer[i], wanted))
			return true;
	return false;
}

/* Every expected answer must be there; further ones may be. */
static bool check_expected(struct dnsc *d, const struct dnsmsg *m)
{
	size_t i;
	json_t *v;
	const json_t *list = d->run->def->options.answers;
	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		np_str wanted = { json_string_value(v), json_string_length(v) };
		if (str_ends(wanted, NP_STR(".")) && wanted.n > 1)
			wanted.n--;
		if (wanted.p && !has(m, wanted)) {
			check_fail(d->run, RES_C_ASSERTION,
				   "expected %.*s among the answers, got %.*s",
				   NP_FMT(str_clip_utf8(wanted, 80)), NP_FMT(shown(d->run, m)));
			return false;
		}
	}
	return true;
}

static void conclude(struct dnsc *d, const struct dnsmsg *m)
{
	struct check_run *run = d->run;
	const struct asrt_list *l = run->def->assertions;
	const char *type = opt_record_name(run->def->options.record);
	bool judged = asrt_has_source(l, ASRT_ANSWER_COUNT) || asrt_has_source(l, ASRT_ANSWERS);
	run->res.code = (int32_t)m->rcode;
	if (m->rcode != 0)
		check_fail(run, RES_C_DNS, "the name server says %s for %s",
			   dnsmsg_rcode_name(m->rcode), run->def->target_text);
	else if (m->n == 0 && !judged)
		check_fail(run, RES_C_DNS, "%s has no %s record", run->def->target_text, type);
	else if (check_expected(d, m)) {
		struct asrt_facts f = { .answer = m->answer, .answer_n = m->n };
		check_conclude(run, &f);
	}
}

static void on_answer(void *ctx, int status, np_str msg)
{
	struct dnsc *d = ctx;
	struct check_run *run = d->run;
	d->q = NULL;
	check_phase(run, RES_P_DNS, clock_mono_us() - d->began_us);
	struct dnsmsg *m = arena_alloc(run->arena, sizeof *m);
	/* Without an answer, or an answer that c-ares could make nothing of. */
	if (msg.n == 0) {
		struct say_verdict v =
			say_lookup(run->arena, status, str_from_c(run->def->target_text));
		if (d->own && v.status == RES_UNKNOWN && v.cls == RES_C_NETWORK)
			check_fail(run, RES_C_REFUSED, "the name server %.*s refuses connections",
				   NP_FMT(run->def->options.resolver));
		else
			check_end(run, v.status, v.cls, v.text);
	} else if (!m) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
	} else if (dnsmsg_read(msg, type_of(run->def->options.record), run->arena, m) < 0) {
		check_fail(run, RES_C_PROTOCOL, "the name server's answer is malformed");
	} else {
		conclude(d, m);
	}
}

/* The monitor's own resolver is a target like any other. */
static np_err open_own(struct dnsc *d)
{
	struct check_run *run = d->run;
	np_str text = run->def->options.resolver;
	struct addr a;
	enum addr_class cls;
	struct addr_policy pol = { .private_ok = run->def->private_ok, .own = &run->env->own };
	if (addr_parse_ip(text, &a) < 0 && addr_parse(text, &a) < 0) {
		check_unknown(run, RES_C_INTERNAL, "the resolver is not an IP address");
		return NP_E_INVAL;
	}
	if (addr_port(&a) == 0)
		addr_set_port(&a, 53);
	check_address(run, &a, true);
	if (!addr_allowed(&a.u.sa, &pol, &cls)) {
		struct say_verdict v = say_blocked(run->arena, &a, cls);
		check_end(run, v.status, v.cls, v.text);
		return NP_E_DENIED;
	}
	char csv[ADDR_TEXT_MAX];
	(void)addr_print(&a, csv);
	struct resolv_cfg cfg = { .servers = csv, .raw = true };
	if (resolv_new(run->env->loop, &cfg, &d->own, NULL) < 0) {
		check_unknown(run, RES_C_OVERLOAD, "this checker could not open a resolver");
		return NP_E_NOMEM;
	}
	return NP_OK;
}

static void start(struct check_run *run)
{
	const struct opt_set *o = &run->def->options;
	struct dnsc *d = arena_alloc(run->arena, sizeof *d);
	const char *name = run->def->target_text;
	if (!d) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	d->run = run;
	run->state = d;
	if (o->resolver.n > 0 && open_own(d) < 0)
		return;
	struct resolv *r = d->own ? d->own : run->env->queries;
	check_stage(run, "waiting for the name server's answer", NP_STR(""));
	d->began_us = clock_mono_us();
	const struct resolv_ask ask = { name, type_of(o->record), on_answer, d };
	if (resolv_query(r, &ask, &d->q) < 0)
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
}

static void cancel(struct check_run *run)
{
	struct dnsc *d = run->state;
	resolv_cancel(d->q);
	d->q = NULL;
	resolv_free(d->own);
	d->own = NULL;
}

const struct check_ops dns_ops = { .name = "dns", .start = start, .cancel = cancel };
