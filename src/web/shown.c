/* SPDX-License-Identifier: Apache-2.0 */
#include "web/shown.h"

#include "wire/pballoc.h"

static const char *const phase_names[] = {
	[RES_P_DNS] = "dns_ms",           [RES_P_CONNECT] = "connect_ms",
	[RES_P_TLS] = "tls_ms",           [RES_P_FIRST_BYTE] = "first_byte_ms",
	[RES_P_TRANSFER] = "transfer_ms",
};
static_assert(NP_LEN(phase_names) == RES_PHASE_N, "name every phase");

const char *shown_phase_name(enum res_phase p)
{
	return phase_names[p];
}

struct shown shown_of_row(uint32_t region, const struct chunk_row *row)
{
	const struct res_record *r = &row->r;
	struct shown c = {
		.region = region,
		.attempt = r->attempt,
		.slot_us = r->slot_us,
		.duration_us = r->duration_us,
		.received_us = row->received_us,
		.status = r->status,
		.cls = r->cls,
		.text = r->text,
		.whole = true,
		.code = r->code,
		.revision = r->revision,
	};
	memcpy(c.phase_us, r->phase_us, sizeof c.phase_us);
	return c;
}

struct shown shown_of_live(const Np__I1__LiveResult *r)
{
	return (struct shown){
		.region = r->region,
		.attempt = r->attempt,
		.slot_us = r->slot_us,
		.duration_us = r->duration_us,
		.received_us = r->received_us,
		.status = r->status < RES_STATUS_N ? (enum res_status)r->status : RES_UNKNOWN,
		.cls = r->error_class < RES_CLASS_N ? (enum res_class)r->error_class
						    : RES_C_INTERNAL,
		.text = pballoc_str(r->error_text),
	};
}

int shown_cmp(const void *x, const void *y)
{
	const struct shown *a = x, *b = y;
	if (a->slot_us != b->slot_us)
		return a->slot_us > b->slot_us ? -1 : 1;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (a->attempt != b->attempt)
		return a->attempt > b->attempt ? -1 : 1;
	return (int)b->whole - (int)a->whole;
}

bool shown_is_same(const struct shown *a, const struct shown *b)
{
	return a->slot_us == b->slot_us && a->region == b->region && a->attempt == b->attempt;
}

static void ms(struct jsonw *w, const char *key, int64_t us)
{
	jsonw_key(w, key);
	jsonw_dbl(w, (double)us / 1000.0, 1);
}

static void write_whole(const struct shown *c, struct jsonw *w)
{
	jsonw_key(w, "code");
	if (c->code)
		jsonw_i64(w, c->code);
	else
		jsonw_null(w);
	jsonw_ki64(w, "revision", c->revision);
	jsonw_key(w, "phases");
	jsonw_obj(w);
	for (int p = 0; p < RES_PHASE_N; p++)
		if (c->phase_us[p] >= 0)
			ms(w, phase_names[p], c->phase_us[p]);
	jsonw_obj_end(w);
}

void shown_write(const struct shown *c, np_str region_name, struct jsonw *w)
{
	jsonw_obj(w);
	jsonw_kstr(w, "region", region_name);
	jsonw_ktime(w, "slot", c->slot_us);
	jsonw_ki64(w, "attempt", c->attempt);
	jsonw_kc(w, "status", res_status_name(c->status));
	ms(w, "duration_ms", c->duration_us);
	jsonw_kc(w, "error_class", c->cls == RES_C_NONE ? NULL : res_class_name(c->cls));
	jsonw_key(w, "error");
	if (c->text.n)
		jsonw_str(w, c->text);
	else
		jsonw_null(w);
	jsonw_ktime(w, "received_at", c->received_us);
	if (c->whole)
		write_whole(c, w);
	jsonw_obj_end(w);
}
