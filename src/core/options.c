/* SPDX-License-Identifier: Apache-2.0 */
#include "core/options.h"

#include "base/str.h"
#include "core/jread.h"
#include "core/target.h"

static const char *const record_names[] = {
	[OPT_A] = "A",     [OPT_AAAA] = "AAAA", [OPT_MX] = "MX",
	[OPT_TXT] = "TXT", [OPT_NS] = "NS",     [OPT_CNAME] = "CNAME",
};
static_assert(NP_LEN(record_names) == OPT_RECORD_N, "name every record");

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

/* What the check sets itself, or what would change how the request is framed. */
static const char *const fixed_headers[] = {
	"host",    "content-length", "transfer-encoding",   "connection", "upgrade", "te",
	"trailer", "expect",         "proxy-authorization", "keep-alive",
};

const char *opt_record_name(enum opt_record r)
{
	return (size_t)r < OPT_RECORD_N ? record_names[r] : "none";
}

static void read_method(const struct jread *r, struct opt_set *o)
{
	np_str s = o->method;
	jread_str(r, "method", 16, &s);
	for (size_t i = 0; i < NP_LEN(methods); i++) {
		if (str_eq_c(s, methods[i])) {
			o->method = s;
			return;
		}
	}
	problem_add(r->p, r->prefix, "method",
		    "must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
}

static bool is_token(np_str s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alnum && (c == '\0' || strchr(marks, c) == NULL))
			return false;
	}
	return s.n > 0;
}

static bool is_header_value(np_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static void check_header(const struct jread *r, const char *name, const json_t *value)
{
	np_str n = str_from_c(name), v = jread_text(value);
	if (!is_token(n)) {
		problem_add(r->p, r->prefix, name, "is not a valid header name");
		return;
	}
	for (size_t i = 0; i < NP_LEN(fixed_headers); i++)
		if (str_eq_nocase(n, str_from_c(fixed_headers[i])))
			problem_add(r->p, r->prefix, name, "is set by the check itself");
	if (!json_is_string(value) || !is_header_value(v) || n.n + v.n > OPT_HEADER_MAX)
		problem_add(r->p, r->prefix, name,
			    "must be one line of text, at most %d bytes with its name",
			    OPT_HEADER_MAX);
}

static void read_headers(const struct jread *r, struct opt_set *o)
{
	union {
		const json_t *in;
		json_t *out;
	} h = { .in = jread_get(r, "headers") };
	struct jread below = { .object = h.in, .prefix = "options.headers.", .p = r->p };
	const char *name = NULL;
	json_t *value = NULL;
	if (h.in == NULL)
		return;
	if (!json_is_object(h.in) || json_object_size(h.in) > OPT_HEADERS_MAX) {
		problem_add(r->p, r->prefix, "headers",
			    "must be an object of at most %d names and texts", OPT_HEADERS_MAX);
		return;
	}
	json_object_foreach(h.out, name, value) check_header(&below, name, value);
	o->headers = h.in;
}

static void read_redirects(const struct jread *r, struct opt_set *o)
{
	const json_t *v = jread_get(r, "follow_redirects");
	json_int_t n = json_integer_value(v);
	if (v == NULL)
		return;
	if (json_is_boolean(v))
		o->max_redirects = json_is_true(v) ? OPT_REDIRECTS : 0;
	else if (json_is_integer(v) && n >= 0 && n <= OPT_REDIRECTS_MAX)
		o->max_redirects = (uint32_t)n;
	else
		problem_add(r->p, r->prefix, "follow_redirects",
			    "must be true, false or a number from 0 to %d", OPT_REDIRECTS_MAX);
}

static void read_http(const struct jread *r, struct opt_set *o)
{
	static const char *const allowed[] = { "method",           "headers", "body",
					       "follow_redirects", "verify",  NULL };
	jread_only(r, allowed);
	read_method(r, o);
	read_headers(r, o);
	jread_str(r, "body", OPT_BODY_MAX, &o->body);
	read_redirects(r, o);
	jread_bool(r, "verify", &o->verify);
	if (o->body.n > 0 && (str_eq_c(o->method, "GET") || str_eq_c(o->method, "HEAD")))
		problem_add(r->p, r->prefix, "body",
			    "goes with POST, PUT, PATCH, DELETE or OPTIONS");
}

static void read_tcp(const struct jread *r, struct opt_set *o)
{
	static const char *const allowed[] = { "send", "expect", NULL };
	jread_only(r, allowed);
	jread_str(r, "send", OPT_TEXT_MAX, &o->send);
	jread_str(r, "expect", OPT_TEXT_MAX, &o->expect);
}

static void read_icmp(const struct jread *r, struct opt_set *o NP_UNUSED)
{
	static const char *const allowed[] = { NULL };
	jread_only(r, allowed);
}

static void read_record(const struct jread *r, struct opt_set *o)
{
	np_str s = NP_STR("A");
	jread_str(r, "record", 8, &s);
	for (size_t i = 0; i < OPT_RECORD_N; i++) {
		if (str_eq_c(s, record_names[i])) {
			o->record = (enum opt_record)i;
			return;
		}
	}
	problem_add(r->p, r->prefix, "record", "must be A, AAAA, MX, TXT, NS or CNAME");
}

/* An address, with or without a port: "192.0.2.1", "[2001:db8::1]:5353", "2001:db8::1". */
static bool is_resolver(np_str s)
{
	struct tgt t = { 0 };
	const char *why = NULL;
	if (tgt_is_ipv4(s) || tgt_is_ipv6(s))
		return true;
	return tgt_parse(MON_TLS, s, &t, &why) == NP_OK && t.is_ip;
}

static void read_dns(const struct jread *r, struct opt_set *o)
{
	static const char *const allowed[] = { "record", "resolver", "expect", NULL };
	jread_only(r, allowed);
	read_record(r, o);
	jread_str(r, "resolver", 64, &o->resolver);
	if (o->resolver.n > 0 && !is_resolver(o->resolver))
		problem_add(r->p, r->prefix, "resolver", "must be an IP address, as in 9.9.9.9:53");
	jread_strings(r, "expect", OPT_EXPECT_MAX, OPT_TEXT_MAX, &o->answers);
}

static void read_tls(const struct jread *r, struct opt_set *o)
{
	static const char *const allowed[] = { "verify", "server_name", NULL };
	jread_only(r, allowed);
	jread_bool(r, "verify", &o->verify);
	jread_str(r, "server_name", TGT_HOST_MAX, &o->server_name);
	if (o->server_name.n > 0 && !tgt_is_host(o->server_name))
		problem_add(r->p, r->prefix, "server_name", "must be a host name");
}

void opt_read(enum mon_kind kind, const json_t *options, struct opt_set *ret,
	      struct problem_list *p)
{
	static void (*const rows[MON_KIND_N])(const struct jread *, struct opt_set *) = {
		[MON_HTTP] = read_http, [MON_TCP] = read_tcp, [MON_ICMP] = read_icmp,
		[MON_DNS] = read_dns,   [MON_TLS] = read_tls,
	};
	struct jread r = { .object = options, .prefix = "options.", .p = p };
	*ret = (struct opt_set){ .method = NP_STR("GET"),
				 .verify = true,
				 .max_redirects = OPT_REDIRECTS };
	if (options == NULL || json_is_null(options))
		return;
	if (!json_is_object(options)) {
		problem_add(p, "", "options", "must be an object");
		return;
	}
	if ((size_t)kind < MON_KIND_N && rows[kind] != NULL)
		rows[kind](&r, ret);
}
