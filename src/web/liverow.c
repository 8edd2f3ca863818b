/* SPDX-License-Identifier: Apache-2.0 */
#include "web/liverow.h"

#include "base/jsonw.h"
#include "base/str.h"
#include "core/result.h"
#include "core/step.h"
#include "wire/pballoc.h"

#define WHY_MAX 2000

char liverow_letter(uint32_t status)
{
	static const char letters[] = "uodfu"; /* none, ok, degraded, fail, unknown */
	if (status >= RES_STATUS_N)
		return 'u';
	return letters[status];
}

void liverow_take_result(struct liverow_result *to, const Np__I1__LiveResult *r)
{
	*to = (struct liverow_result){
		.region = r->region,
		.attempt = r->attempt,
		.duration_us = r->duration_us,
		.status = (uint8_t)(r->status < RES_STATUS_N ? r->status : RES_UNKNOWN),
		.cls = (uint8_t)(r->error_class < RES_CLASS_N ? r->error_class : RES_C_INTERNAL),
		.slot_us = r->slot_us,
		.end_us = r->end_us,
		.received_us = r->received_us,
		.folded_us = r->folded_us,
	};
	memcpy(to->id, r->monitor_id.data, sizeof to->id);
}

bool liverow_take_state(struct liverow_state *to, const Np__I1__LiveState *s)
{
	char *old = to->why;
	*to = (struct liverow_state){
		.state = (uint8_t)(s->state < STEP_STATE_N ? s->state : STEP_PENDING),
		.failing = (uint8_t)(s->failing > UINT8_MAX ? UINT8_MAX : s->failing),
		.assigned = (uint8_t)(s->assigned > UINT8_MAX ? UINT8_MAX : s->assigned),
		.partial = s->partial,
		.degraded = s->degraded,
		.since_us = s->since_us,
	};
	free(old);
	to->why = np_strdup(str_clip_utf8(pballoc_str(s->why), WHY_MAX));
	return to->why != NULL;
}

static void put_id(struct buf *out, const uint8_t id[16])
{
	char text[36];
	str_uuid(id, text);
	buf_add_byte(out, '"');
	buf_add(out, (np_str){ text, sizeof text });
	buf_add_byte(out, '"');
}

/* The busiest line of the role: one printf, no escaping needed in any of it. */
void liverow_put_result(const struct liverow_result *r, struct buf *out)
{
	buf_add_byte(out, '[');
	put_id(out, r->id);
	buf_printf(out, ",%u,%lld,%u,\"%c\",%u.%u,%lld,%lld,%lld,", r->region,
		   (long long)(r->slot_us / 1000), r->attempt, liverow_letter(r->status),
		   r->duration_us / 1000, r->duration_us % 1000 / 100, (long long)r->end_us,
		   (long long)r->received_us, (long long)r->folded_us);
	if (r->cls == RES_C_NONE)
		buf_add_c(out, "null]");
	else
		buf_printf(out, "\"%s\"]", res_class_name((enum res_class)r->cls));
}

void liverow_put_state(const uint8_t id[16], const struct liverow_state *s, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	jsonw_key(&w, "id");
	jsonw_uuid(&w, id);
	jsonw_kc(&w, "state", step_state_name((enum step_state)s->state));
	jsonw_ktime(&w, "since", s->since_us);
	jsonw_kbool(&w, "partial", s->partial);
	jsonw_kbool(&w, "degraded", s->degraded);
	jsonw_ki64(&w, "failing", s->failing);
	jsonw_ki64(&w, "assigned", s->assigned);
	jsonw_kc(&w, "why", s->why ? s->why : "");
	jsonw_obj_end(&w);
}

void liverow_put_incident(const Np__I1__LiveIncident *i, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	jsonw_key(&w, "id");
	jsonw_uuid(&w, i->incident_id.data);
	jsonw_key(&w, "monitor_id");
	jsonw_uuid(&w, i->monitor_id.data);
	jsonw_kstr(&w, "kind", pballoc_str(i->kind));
	jsonw_kstr(&w, "state", pballoc_str(i->state));
	jsonw_ktime(&w, "at", i->at_us);
	jsonw_obj_end(&w);
}

void liverow_put_change(const uint8_t id[16], bool removed, struct buf *out)
{
	buf_add_c(out, "{\"id\":");
	put_id(out, id);
	buf_add_c(out, removed ? ",\"change\":\"removed\"}" : ",\"change\":\"changed\"}");
}
