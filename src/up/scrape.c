/* SPDX-License-Identifier: Apache-2.0 */
#include "up/scrape.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/httpd.h"
#include "up/probe.h"
#include "up/roles.h"

#define FAMILIES_MAX 2048
#define TEXT_MAX ((size_t)1024 * 1024)
#define SOURCES_MAX (ROLE_N + UP_REGIONS_MAX)

/* One metric in one text: its HELP and TYPE lines, then its samples. */
struct family {
	np_str name, head, samples;
	bool done;
};

/* "# HELP name …" or "# TYPE name …" -> name; empty for any other line. */
static np_str family_name(np_str line)
{
	np_str rest, name;
	if (!str_starts(line, NP_STR("# HELP ")) && !str_starts(line, NP_STR("# TYPE ")))
		return (np_str){ NULL, 0 };
	rest = str_sub(line, 7, line.n);
	(void)str_cut(rest, ' ', &name, &rest);
	return name;
}

static np_str grow(np_str s, np_str line)
{
	return s.n == 0 ? (np_str){ line.p, line.n + 1 }
			: (np_str){ s.p, (size_t)(line.p - s.p) + line.n + 1 };
}

static size_t cut_families(np_str text, struct family *list, size_t n)
{
	size_t first = n;
	while (text.n > 0) {
		np_str line;
		if (!str_cut(text, '\n', &line, &text))
			break; /* no line end: cut short, drop */
		np_str name = family_name(line);
		bool next = name.n > 0 && (n == first || !str_eq(list[n - 1].name, name));
		if (next && n == FAMILIES_MAX)
			break;
		if (next)
			list[n++] = (struct family){ .name = name };
		if (n == first)
			continue;
		struct family *f = &list[n - 1];
		if (name.n > 0)
			f->head = grow(f->head, line);
		else if (line.n > 0 && line.p[0] != '#')
			f->samples = grow(f->samples, line);
	}
	return n;
}

np_err scrape_merge(const np_str *texts, size_t n, struct buf *out)
{
	struct family *list = np_calloc(FAMILIES_MAX, sizeof *list);
	size_t count = 0;
	if (list == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++)
		count = cut_families(texts[i], list, count);
	for (size_t i = 0; i < count; i++) {
		if (list[i].done)
			continue;
		(void)buf_add(out, list[i].head);
		for (size_t j = i; j < count; j++) {
			if (!str_eq(list[j].name, list[i].name))
				continue;
			(void)buf_add(out, list[j].samples);
			list[j].done = true;
		}
	}
	free(list);
	return buf_failed(out);
}

struct scrape {
	struct httpd *server;
	struct loop *loop;
	char paths[SOURCES_MAX][PLACE_FILE_MAX];
	size_t n;
};

struct job {
	struct scrape *home;
	struct httpd_req *req;
	struct buf out;
	np_err err;
};

static void collect(void *ctx)
{
	struct job *j = ctx;
	struct buf texts[SOURCES_MAX];
	np_str slices[SOURCES_MAX];
	for (size_t i = 0; i < j->home->n; i++) {
		buf_init(&texts[i], TEXT_MAX);
		/* One that does not answer is missing from the page: that is what it should show. */
		if (probe_get(j->home->paths[i], "/metrics", &texts[i]) < 0)
			buf_reset(&texts[i]);
		slices[i] = buf_str(&texts[i]);
	}
	j->err = scrape_merge(slices, j->home->n, &j->out);
	for (size_t i = 0; i < j->home->n; i++)
		buf_done(&texts[i]);
}

static void answer(void *ctx)
{
	struct job *j = ctx;
	if (j->err < 0)
		httpd_problem(j->req, 500, str_from_c(np_err_text(j->err)));
	else
		httpd_reply(j->req, 200, "text/plain; version=0.0.4", buf_str(&j->out));
	buf_done(&j->out);
	free(j);
}

static void on_metrics(struct httpd_req *r, void *ctx)
{
	struct scrape *s = ctx;
	struct job *j = np_zalloc(sizeof *j);
	if (j == NULL) {
		httpd_problem(r, 503, NP_STR("out of memory"));
		return;
	}
	*j = (struct job){ .home = s, .req = r };
	buf_init(&j->out, SOURCES_MAX * TEXT_MAX);
	if (loop_work(s->loop, collect, answer, j) < 0) {
		httpd_problem(r, 503, NP_STR("too many requests at once"));
		free(j);
	}
}

static const struct httpd_route routes_table[] = { { "GET", "/metrics", 0, on_metrics } };

np_err scrape_start(struct loop *l, const struct place *p, const struct up_options *o,
		    struct scrape **ret, struct buf *ret_why)
{
	struct scrape *s = np_zalloc(sizeof *s);
	char sub[64];
	if (s == NULL)
		return NP_E_NOMEM;
	s->loop = l;
	for (enum role r = 0; r < ROLE_N; r++) {
		(void)snprintf(sub, sizeof sub, "run/%s.sock", roles[r].name);
		place_path(p, sub, s->paths[s->n++]);
	}
	for (size_t i = 0; i < o->n_regions; i++) {
		(void)snprintf(sub, sizeof sub, "run/checker-%s.sock", o->regions[i]);
		place_path(p, sub, s->paths[s->n++]);
	}
	const struct httpd_cfg cfg = { .routes = routes_table, .n_routes = 1, .ctx = s };
	const struct listen_cfg where = { .address = o->metrics };
	s->server = httpd_new(l, &cfg);
	np_err e = s->server == NULL ? NP_E_NOMEM : httpd_listen(s->server, &where, ret_why);
	if (e < 0) {
		scrape_free(s);
		return e;
	}
	*ret = s;
	return NP_OK;
}

void scrape_free(struct scrape *s)
{
	if (s == NULL)
		return;
	httpd_free(s->server);
	free(s);
}
