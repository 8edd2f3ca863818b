/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <curl/curl.h>

#include "base/file.h"
#include "base/str.h"

struct api {
	CURL *curl;
	struct curl_slist *headers;
	const char *url;
	struct buf answer;
};

static np_err read_token(const char *path, struct secret *ret, struct buf *why)
{
	const char *env = getenv("NETPULSE_TOKEN");
	if (path != NULL) {
		np_err e = secret_load(path, ret);
		if (e < 0)
			(void)buf_printf(why, "cannot read the token from %s: %s", path,
					 np_err_text(e));
		return e;
	}
	if (env == NULL || env[0] == '\0' || strlen(env) >= SECRET_MAX) {
		(void)buf_add_c(why, "no API token: give --token-file FILE or set NETPULSE_TOKEN");
		return NP_E_AUTH;
	}
	ret->n = strlen(env);
	memcpy(ret->bytes, env, ret->n);
	return NP_OK;
}

static size_t on_answer(char *p, size_t size, size_t n, void *ctx)
{
	struct api *a = ctx;
	return buf_add(&a->answer, (np_str){ p, size * n }) == NP_OK ? size * n : 0;
}

static bool add_header(struct api *a, const char *line)
{
	struct curl_slist *more = curl_slist_append(a->headers, line);
	if (more != NULL)
		a->headers = more;
	return more != NULL;
}

static bool set_up(struct api *a, const struct secret *token)
{
	char line[SECRET_MAX + 32];
	(void)snprintf(line, sizeof line, "Authorization: Bearer %.*s", NP_FMT(secret_peek(token)));
	bool fine = add_header(a, line) && add_header(a, "Content-Type: application/json");
	explicit_bzero(line, sizeof line);
	a->curl = fine ? curl_easy_init() : NULL;
	return a->curl != NULL &&
	       curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, a->headers) == CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, (long)API_MS) == CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_USERAGENT, "netpulse-cli/" NP_VERSION) ==
		       CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, on_answer) == CURLE_OK &&
	       curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, (void *)a) == CURLE_OK;
}

np_err api_new(const struct args *args, struct api **ret, struct buf *ret_why)
{
	return api_new_with(args, args_str(args, "token-file"), ret, ret_why);
}

np_err api_new_with(const struct args *args, const char *token_file, struct api **ret,
		    struct buf *ret_why)
{
	NP_CLEANUP(secret_done) struct secret token = { .n = 0 };
	np_err e = read_token(token_file, &token, ret_why);
	if (e < 0)
		return e;
	struct api *a = np_zalloc(sizeof *a);
	if (a == NULL)
		return NP_E_NOMEM;
	buf_init(&a->answer, API_ANSWER_MAX);
	const char *env = getenv("NETPULSE_URL");
	a->url = args_str(args, "url");
	if (a->url == NULL)
		a->url = env != NULL && env[0] != '\0' ? env : API_URL;
	if (!set_up(a, &token)) {
		api_free(a);
		return NP_E_NOMEM;
	}
	*ret = a;
	return NP_OK;
}

void api_free(struct api *a)
{
	if (a == NULL)
		return;
	if (a->curl != NULL)
		curl_easy_cleanup(a->curl);
	curl_slist_free_all(a->headers);
	buf_done(&a->answer);
	free(a);
}

const char *api_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s != NULL ? s : "";
}

/* problem+json as one sentence per field. */
static np_err say_problem(const json_t *answer, long status, struct buf *why)
{
	size_t i;
	const json_t *one;
	const char *detail = api_text(answer, "detail");
	(void)buf_printf(why, "%s", *detail != '\0' ? detail : api_text(answer, "title"));
	if (why->n == 0)
		(void)buf_printf(why, "the server answered HTTP %ld", status);
	const json_t *errors = json_object_get(answer, "errors");
	json_array_foreach((json_t *)(uintptr_t)errors, i, one)
	{
		(void)buf_printf(why, "\n  %s: %s", api_text(one, "field"),
				 api_text(one, "problem"));
		if (*api_text(one, "allowed") != '\0')
			(void)buf_printf(why, " (%s)", api_text(one, "allowed"));
	}
	return status == 401   ? NP_E_AUTH
	       : status == 403 ? NP_E_DENIED
	       : status == 404 ? NP_E_NOTFOUND
	       : status >= 500 ? NP_E_AGAIN
			       : NP_E_INVAL;
}

static np_err perform(struct api *a, const char *method, const char *path, const char *body,
		      long *ret_status)
{
	char url[1024];
	(void)snprintf(url, sizeof url, "%s%s", a->url, path);
	buf_reset(&a->answer);
	CURLcode rc = curl_easy_setopt(a->curl, CURLOPT_URL, url);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, method);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, body);
	if (rc == CURLE_OK && body == NULL)
		rc = curl_easy_setopt(a->curl, CURLOPT_HTTPGET, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, method);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(a->curl);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, ret_status);
	return rc == CURLE_OK ? NP_OK : rc == CURLE_OPERATION_TIMEDOUT ? NP_E_TIMEOUT : NP_E_CLOSED;
}

np_err api_call(struct api *a, const struct api_request *r, json_t **ret_json, struct buf *ret_why)
{
	long status = 0;
	char *text = r->body != NULL ? json_dumps(r->body, JSON_COMPACT) : NULL;
	if (r->body != NULL && text == NULL)
		return NP_E_NOMEM;
	np_err e = perform(a, r->method, r->path, text, &status);
	free(text);
	if (e < 0) {
		(void)buf_printf(ret_why, "no answer from %s: is NetPulse running there?", a->url);
		return e;
	}
	json_t *answer = a->answer.n > 0
				 ? json_loadb(a->answer.p, a->answer.n,
					      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
				 : NULL;
	if (status < 200 || status > 299)
		e = say_problem(answer, status, ret_why);
	else if (ret_json != NULL)
		*ret_json = json_incref(answer);
	json_decref(answer);
	return e;
}

np_err api_list(struct api *a, const char *path, json_t **ret_items, struct buf *ret_why)
{
	char next[API_PATH_MAX];
	json_t *all = json_array(), *page = NULL;
	np_err e = all == NULL ? NP_E_NOMEM : NP_OK;
	(void)snprintf(next, sizeof next, "%s", path);
	while (e == NP_OK && next[0] != '\0') {
		e = api_call(a, &(struct api_request){ "GET", next, NULL }, &page, ret_why);
		if (e < 0)
			break;
		(void)json_array_extend(all, json_object_get(page, "items"));
		const char *cursor = api_text(page, "next");
		if (*cursor != '\0')
			(void)snprintf(next, sizeof next, "%s%ccursor=%s", path,
				       strchr(path, '?') != NULL ? '&' : '?', cursor);
		else
			next[0] = '\0';
		json_decref(page);
	}
	if (e < 0)
		json_decref(all);
	else
		*ret_items = all;
	return e;
}

np_err api_find_monitor(struct api *a, const char *what, json_t **ret_monitor, struct buf *ret_why)
{
	json_t *items = NULL, *one, *begins = NULL;
	size_t i, count = 0;
	np_err e = api_list(a, "/api/v1/monitors?limit=200", &items, ret_why);
	if (e < 0)
		return e;
	json_array_foreach(items, i, one)
	{
		np_str name = str_from_c(api_text(one, "name"));
		if (str_eq_c(name, what) || strcmp(api_text(one, "id"), what) == 0) {
			begins = one;
			count = 1;
			break;
		}
		if (str_starts(name, str_from_c(what))) {
			begins = one;
			count++;
		}
	}
	if (count == 1)
		*ret_monitor = json_incref(begins);
	else if (count == 0)
		(void)buf_printf(ret_why,
				 "no monitor is called %s; `netpulse monitor list` shows them",
				 what);
	else
		(void)buf_printf(ret_why,
				 "%zu monitors begin with %s: give the whole name or the id", count,
				 what);
	json_decref(items);
	return count == 1 ? NP_OK : NP_E_NOTFOUND;
}
