/* SPDX-License-Identifier: Apache-2.0 */
#include "web/prob.h"

#include "base/jsonw.h"
#include "net/http.h"

static void errors_write(struct jsonw *w, const struct problem_list *list)
{
	jsonw_key(w, "errors");
	jsonw_arr(w);
	for (size_t i = 0; i < list->n; i++) {
		const struct problem *p = &list->item[i];
		jsonw_obj(w);
		jsonw_kc(w, "field", p->path);
		jsonw_kc(w, "problem", p->text);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
	if (list->more > 0)
		jsonw_ki64(w, "more_errors", (int64_t)list->more);
}

void prob_write(struct buf *out, uint16_t status, np_str detail, const char *request_id,
		const struct problem_list *list)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	jsonw_kc(&w, "type", "about:blank");
	jsonw_kc(&w, "title", http_status_text(status));
	jsonw_ki64(&w, "status", status);
	if (detail.n)
		jsonw_kstr(&w, "detail", detail);
	jsonw_kc(&w, "request_id", request_id);
	if (list && problem_any(list))
		errors_write(&w, list);
	jsonw_obj_end(&w);
}

uint16_t prob_of(np_err e, const char **ret_detail)
{
	switch (e) {
	case NP_E_NOTFOUND:
		*ret_detail = "There is no such thing here.";
		return 404;
	case NP_E_EXISTS:
		*ret_detail = "Something of that name is there already.";
		return 409;
	case NP_E_INVAL:
	case NP_E_RANGE:
		*ret_detail = "Something in this request cannot be used.";
		return 422;
	case NP_E_LIMIT:
		*ret_detail = "The answer would be too large; ask for less.";
		return 422;
	case NP_E_DENIED:
		*ret_detail = "Your role may not do this.";
		return 403;
	case NP_E_DB_GONE:
	case NP_E_BUSY:
	case NP_E_TIMEOUT:
	case NP_E_CLOSED:
	case NP_E_AGAIN:
		*ret_detail = "The database does not answer in time. Nothing was changed, "
			      "unless this was a command that its owner already has.";
		return 503;
	default:
		*ret_detail = "Something failed on our side; the log has it under this request id.";
		return 500;
	}
}
