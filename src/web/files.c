/* SPDX-License-Identifier: Apache-2.0 */
#include "web/files.h"

#include "base/embed.h"
#include "base/file.h"
#include "base/str.h"
#include "web/gz.h"
#include "web/prob.h"

struct files {
	const char *root; /* NULL: embedded */
};

struct files *files_new(const char *web_root)
{
	struct files *f = np_zalloc(sizeof *f);
	if (f)
		f->root = web_root;
	return f;
}

void files_free(struct files *f)
{
	free(f);
}

/* ---- pure ---- */

bool files_path_ok(np_str path)
{
	bool more = path.n > 0 && path.n <= 200;
	if (!more)
		return false;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
		if (!plain)
			return false;
	}
	np_str segment;
	while (more) {
		more = str_cut(path, '/', &segment, &path);
		if (segment.n == 0 || segment.p[0] == '.')
			return false;
	}
	return true;
}

const char *files_type(np_str path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".ico", "image/x-icon" },
		{ ".woff2", "font/woff2" },
		{ ".json", "application/json" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".txt", "text/plain; charset=utf-8" },
	};
	for (size_t i = 0; i < NP_LEN(types); i++)
		if (str_ends(path, str_from_c(types[i].end)))
			return types[i].type;
	return "application/octet-stream";
}

bool files_is_hashed(np_str path)
{
	return str_starts(path, NP_STR("assets/"));
}

/* ---- answers ---- */

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	  "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
	  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
	  "trusted-types 'none'" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Permissions-Policy",
	  "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()" },
};

void files_headers(struct httpd_req *r, void *web)
{
	const struct web *w = web;
	for (size_t i = 0; i < NP_LEN(headers); i++)
		(void)httpd_set(r, headers[i].name, str_from_c(headers[i].value));
	if (w->https)
		(void)httpd_set(r, "Strict-Transport-Security", NP_STR("max-age=31536000"));
}

static void problem(struct httpd_req *r, uint16_t status, const char *detail)
{
	uint8_t raw[16];
	char id[33] = "";
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 1024);
	rnd_bytes(raw, sizeof raw);
	str_hex(raw, sizeof raw, id);
	prob_write(&out, status, str_from_c(detail), id, NULL);
	(void)httpd_set(r, "X-Request-Id", str_from_c(id));
	httpd_reply(r, status, PROB_TYPE, buf_str(&out));
}

void files_not_found(struct httpd_req *r, void *web)
{
	(void)web;
	problem(r, 404, "There is no such address here.");
}

static void redirect(struct httpd_req *r, const char *to)
{
	(void)httpd_set(r, "Location", str_from_c(to));
	httpd_reply(r, 302, NULL, (np_str){ 0 });
}

void files_redirect(struct web *w, struct httpd_req *r)
{
	(void)w;
	redirect(r, "/app/");
}

void files_robots(struct web *w, struct httpd_req *r)
{
	(void)w;
	httpd_reply_static(r, 200, "text/plain; charset=utf-8",
			   NP_STR("User-agent: *\nDisallow: /\n"));
}

static np_str content(const struct embed_file *f)
{
	return (np_str){ (const char *)f->p, f->n };
}

/* The smallest form that the client takes. */
static const struct embed_file *packed(struct httpd_req *r, np_str path, const char **ret_coding)
{
	static const struct {
		const char *coding, *end;
	} forms[] = { { "br", ".br" }, { "gzip", ".gz" } };
	np_str accept = httpd_header(r, "accept-encoding");
	for (size_t i = 0; i < NP_LEN(forms); i++) {
		if (!gz_accepts(accept, forms[i].coding))
			continue;
		np_str name = arena_printf(httpd_arena(r), "%.*s%s", NP_FMT(path), forms[i].end);
		const struct embed_file *f = embed_find(&embed_web_table, name);
		if (f) {
			*ret_coding = forms[i].coding;
			return f;
		}
	}
	*ret_coding = NULL;
	return embed_find(&embed_web_table, path);
}

static void caching(struct httpd_req *r, np_str path, const char *etag)
{
	(void)httpd_set(r, "Vary", NP_STR("Accept-Encoding"));
	(void)httpd_set(r, "Cache-Control",
			files_is_hashed(path) ? NP_STR("public, max-age=31536000, immutable")
					      : NP_STR("no-cache"));
	if (etag)
		(void)httpd_set(r, "ETag", str_from_c(etag));
}

static bool is_unchanged(struct httpd_req *r, const char *etag)
{
	np_str one, sent = httpd_header(r, "if-none-match");
	bool more = sent.n > 0;
	while (more) {
		more = str_cut(sent, ',', &one, &sent);
		one = str_trim(one);
		if (str_starts(one, NP_STR("W/")))
			one = str_sub(one, 2, one.n);
		if (str_eq_c(one, etag) || str_eq_c(one, "*"))
			return true;
	}
	return false;
}

static bool serve_embedded(struct httpd_req *r, np_str path)
{
	const char *coding;
	const struct embed_file *f = packed(r, path, &coding);
	if (!f)
		return false;
	caching(r, path, f->etag);
	if (is_unchanged(r, f->etag)) {
		httpd_reply(r, 304, NULL, (np_str){ 0 });
		return true;
	}
	if (coding)
		(void)httpd_set(r, "Content-Encoding", str_from_c(coding));
	httpd_reply_static(r, 200, files_type(path), content(f));
	return true;
}

/* ---- from a folder ---- */

struct reading {
	struct httpd_req *http;
	const char *root;
	np_str path;
	bool page; /* the dashboard's page stands in for what is not there */
	np_err err;
	struct buf body;
};

static np_err read_one(struct reading *g, np_str path)
{
	np_str full = arena_printf(httpd_arena(g->http), "%s/%.*s", g->root, NP_FMT(path));
	const char *c = arena_c(httpd_arena(g->http), full);
	return c ? file_read(c, &g->body) : NP_E_NOMEM;
}

static void read_run(void *ctx)
{
	struct reading *g = ctx;
	g->err = read_one(g, g->path);
	if (g->err < 0 && g->page) {
		buf_reset(&g->body);
		g->path = NP_STR("index.html");
		g->err = read_one(g, g->path);
	}
}

static void read_done(void *ctx)
{
	struct reading *g = ctx;
	struct buf body = g->body;
	if (g->err < 0) {
		problem(g->http, 404, "There is no such file in the folder.");
	} else {
		(void)httpd_set(g->http, "Cache-Control", NP_STR("no-cache"));
		httpd_reply(g->http, 200, files_type(g->path), buf_str(&body));
	}
	buf_done(&body);
}

static void serve_folder(struct web *w, struct httpd_req *r, np_str path, bool page)
{
	struct reading *g = arena_alloc(httpd_arena(r), sizeof *g);
	if (!g) {
		problem(r, 503, "No memory for this request.");
		return;
	}
	*g = (struct reading){ .http = r, .root = w->files->root, .path = path, .page = page };
	buf_init(&g->body, FILES_SIZE_MAX);
	if (loop_work(w->loop, read_run, read_done, g) < 0)
		problem(r, 503, "Too many requests are waiting.");
}

void files_app(struct web *w, struct httpd_req *r)
{
	np_str path = httpd_param(r, 0);
	if (path.n == 0)
		path = NP_STR("index.html");
	/* A name with an ending is a file; what has none is a page of the dashboard. */
	bool page = !files_is_hashed(path) && str_find_byte(path, '.') == SIZE_MAX;
	if (!files_path_ok(path)) {
		problem(r, 404, "There is no such file.");
		return;
	}
	if (page)
		path = NP_STR("index.html");
	if (w->files->root)
		serve_folder(w, r, path, page);
	else if (!serve_embedded(r, path))
		problem(r, 404,
			page ? "This program was built without its dashboard."
			     : "There is no such file.");
}

void files_contract(struct web *w, struct httpd_req *r)
{
	(void)w;
	const struct embed_file *f = embed_find(&embed_api_table, NP_STR("openapi.yaml"));
	if (!f) {
		problem(r, 404, "This program was built without its contract.");
		return;
	}
	caching(r, NP_STR("openapi.yaml"), f->etag);
	if (is_unchanged(r, f->etag))
		httpd_reply(r, 304, NULL, (np_str){ 0 });
	else
		httpd_reply_static(r, 200, "application/yaml", content(f));
}
