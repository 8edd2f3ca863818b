/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/batchjson.h"

#include <jansson.h>
#include <math.h>

#include "base/jsonw.h"
#include "base/str.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

#define DOUBLE_EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers beyond are not exact */

/* ---- JSON -> encoded message ------------------------------------------------------- */

/* Where we are, for the sentence; and one scratch buffer per depth, used again and again. */
struct reader {
	struct buf *why;
	uint32_t depth;
	struct {
		const char *field;
		size_t index; /* in a list; SIZE_MAX: none */
	} at[BATCHJSON_DEPTH_MAX];
	struct buf tmp[BATCHJSON_DEPTH_MAX];
};

static np_err refuse(struct reader *r, const char *what)
{
	for (uint32_t i = 0; i < r->depth; i++) {
		(void)buf_printf(r->why, "%s%s", i ? "." : "", r->at[i].field);
		if (r->at[i].index != SIZE_MAX)
			(void)buf_printf(r->why, "[%zu]", r->at[i].index);
	}
	(void)buf_printf(r->why, "%s%s", r->depth ? ": " : "", what);
	return NP_E_PROTO;
}

/* Is `key` the lowerCamelCase form of the name? */
static bool is_camel(const char *name, const char *key)
{
	for (; *name; name++, key++) {
		char c = *name;
		if (c == '_' && name[1] >= 'a' && name[1] <= 'z')
			c = (char)(*++name - 'a' + 'A');
		if (c != *key)
			return false;
	}
	return *key == '\0';
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *d,
						const char *key)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, key);
	for (unsigned i = 0; !f && i < d->n_fields; i++)
		if (is_camel(d->fields[i].name, key))
			f = &d->fields[i];
	return f;
}

/* A whole number, as a JSON number or in a string. */
static bool read_unsigned(const json_t *v, uint64_t *ret)
{
	if (json_is_integer(v)) {
		*ret = (uint64_t)json_integer_value(v);
		return json_integer_value(v) >= 0;
	}
	if (json_is_string(v)) {
		np_str s = { json_string_value(v), json_string_length(v) };
		return str_to_u64(s, ret) == NP_OK;
	}
	double d = json_is_real(v) ? json_real_value(v) : -1.0;
	if (!(d >= 0 && d <= DOUBLE_EXACT_MAX) || floor(d) < d)
		return false;
	*ret = (uint64_t)d;
	return true;
}

static bool read_signed(const json_t *v, int64_t *ret)
{
	if (json_is_string(v)) {
		np_str s = { json_string_value(v), json_string_length(v) };
		return str_to_i64(s, ret) == NP_OK;
	}
	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return true;
	}
	double d = json_is_real(v) ? json_real_value(v) : HUGE_VAL;
	if (!(d >= -DOUBLE_EXACT_MAX && d <= DOUBLE_EXACT_MAX) || floor(d) < d)
		return false;
	*ret = (int64_t)d;
	return true;
}

static np_err put_varint(struct buf *out, uint32_t field, uint64_t v)
{
	np_err e = buf_add_varint(out, (uint64_t)field << 3);
	return e < 0 ? e : buf_add_varint(out, v);
}

static np_err read_number(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v,
			  struct buf *out)
{
	uint64_t u = 0;
	if (f->type == PROTOBUF_C_TYPE_INT64) {
		int64_t i = 0;
		if (!read_signed(v, &i))
			return refuse(r, "not a whole number of 64 bits");
		u = (uint64_t)i;
	} else if (!read_unsigned(v, &u)) {
		return refuse(r, "not a whole number from 0");
	}
	if (f->type == PROTOBUF_C_TYPE_UINT32 && u > UINT32_MAX)
		return refuse(r, "larger than 32 bits");
	return put_varint(out, f->id, u);
}

static np_err read_msg(struct reader *r, const ProtobufCMessageDescriptor *d, const json_t *o,
		       struct buf *out);

static np_err read_child(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v,
			 struct buf *out)
{
	if (r->depth >= BATCHJSON_DEPTH_MAX)
		return refuse(r, "nested too deep");
	struct buf *tmp = &r->tmp[r->depth];
	buf_reset(tmp);
	np_err e = read_msg(r, f->descriptor, v, tmp);
	return e < 0 ? e : pballoc_put_bytes(out, f->id, buf_str(tmp));
}

static np_err read_value(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v,
			 struct buf *out)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return read_child(r, f, v, out);
	if (f->type == PROTOBUF_C_TYPE_STRING) {
		if (!json_is_string(v))
			return refuse(r, "not a text");
		np_str s = { json_string_value(v), json_string_length(v) };
		return pballoc_put_bytes(out, f->id, s);
	}
	if (f->type == PROTOBUF_C_TYPE_BOOL) {
		if (!json_is_boolean(v))
			return refuse(r, "neither true nor false");
		return put_varint(out, f->id, json_is_true(v));
	}
	return read_number(r, f, v, out);
}

static np_err read_field(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v,
			 struct buf *out)
{
	if (r->depth >= BATCHJSON_DEPTH_MAX)
		return refuse(r, "nested too deep");
	r->at[r->depth].field = f->name;
	r->at[r->depth].index = SIZE_MAX;
	r->depth++;
	np_err e = NP_OK;
	if (f->label != PROTOBUF_C_LABEL_REPEATED) {
		e = read_value(r, f, v, out);
	} else if (!json_is_array(v)) {
		e = refuse(r, "not a list");
	} else {
		for (size_t i = 0; i < json_array_size(v) && e == NP_OK; i++) {
			r->at[r->depth - 1].index = i;
			e = read_value(r, f, json_array_get(v, i), out);
		}
	}
	r->depth--;
	return e;
}

static np_err read_msg(struct reader *r, const ProtobufCMessageDescriptor *d, const json_t *o,
		       struct buf *out)
{
	uint64_t seen = 0;
	bool member = false; /* one of a oneof; no message here has two of them */
	const char *key;
	json_t *v;
	assert(d->n_fields <= 64);
	if (!json_is_object(o))
		return refuse(r, "not an object");
	/* The macro casts const away; nothing is changed. */
	for (void *it = json_object_iter((json_t *)(uintptr_t)o); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)o, it)) {
		key = json_object_iter_key(it);
		v = json_object_iter_value(it);
		const ProtobufCFieldDescriptor *f = field_of(d, key);
		if (!f)
			return refuse(r, "a field that is not known");
		uint64_t bit = (uint64_t)1 << (f - d->fields);
		if (seen & bit)
			return refuse(r, "the same field under both its names");
		seen |= bit;
		if (json_is_null(v))
			continue;
		if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			if (member)
				return refuse(r, "more than one kind of item");
			member = true;
		}
		np_err e = read_field(r, f, v, out);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err read_text(const ProtobufCMessageDescriptor *d, np_str text, struct buf *out,
			struct buf *ret_why)
{
	if (text.n > BATCHJSON_MAX)
		return NP_E_LIMIT;
	json_error_t err;
	/* NUL in a text spoils its item, not the whole. */
	json_t *root = json_loadb(text.p ? text.p : "", text.n,
				  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &err);
	if (!root) {
		(void)buf_printf(ret_why, "not JSON: %s (line %d)", err.text, err.line);
		return NP_E_PROTO;
	}
	struct reader r = { .why = ret_why };
	for (size_t i = 0; i < BATCHJSON_DEPTH_MAX; i++)
		buf_init(&r.tmp[i], BATCHJSON_MAX);
	np_err e = read_msg(&r, d, root, out);
	for (size_t i = 0; i < BATCHJSON_DEPTH_MAX; i++)
		buf_done(&r.tmp[i]);
	json_decref(root);
	return e;
}

np_err batchjson_read(np_str text, struct buf *ret_batch, struct buf *ret_why)
{
	return read_text(&np__v1__batch__descriptor, text, ret_batch, ret_why);
}

np_err batchjson_read_answer(struct arena *a, np_str text, Np__V1__PostAnswer **ret)
{
	NP_CLEANUP(buf_done) struct buf bytes = { 0 };
	NP_CLEANUP(buf_done) struct buf why = { 0 };
	buf_init(&bytes, BATCHJSON_MAX);
	buf_init(&why, 512);
	np_err e = read_text(&np__v1__post_answer__descriptor, text, &bytes, &why);
	if (e < 0)
		return e;
	ProtobufCMessage *m = NULL;
	e = pballoc_unpack(a, &np__v1__post_answer__descriptor, buf_str(&bytes), &m);
	if (e == NP_OK)
		*ret = (Np__V1__PostAnswer *)m;
	return e;
}

/* ---- encoded message -> JSON --------------------------------------------------------- */

static void put_key(struct jsonw *w, const char *name)
{
	char key[64];
	size_t n = 0;
	for (; *name && n < sizeof key - 1; name++, n++) {
		if (*name == '_' && name[1] >= 'a' && name[1] <= 'z')
			key[n] = (char)(*++name - 'a' + 'A');
		else
			key[n] = *name;
	}
	key[n] = '\0';
	jsonw_key(w, key);
}

static void put_number(struct jsonw *w, const ProtobufCFieldDescriptor *f, uint64_t v)
{
	char text[24];
	int n = 0;
	if (f->type == PROTOBUF_C_TYPE_BOOL) {
		jsonw_bool(w, v != 0);
	} else if (f->type == PROTOBUF_C_TYPE_UINT32) {
		jsonw_u64(w, (uint32_t)v);
	} else {
		if (f->type == PROTOBUF_C_TYPE_INT64)
			n = snprintf(text, sizeof text, "%lld", (long long)(int64_t)v);
		else
			n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
		jsonw_str(w, (np_str){ text, (size_t)n });
	}
}

static np_err write_msg(struct jsonw *w, const ProtobufCMessageDescriptor *d, np_str bytes,
			uint32_t depth);

static np_err put_packed(struct jsonw *w, const ProtobufCFieldDescriptor *f, np_str bytes)
{
	struct cur c = { .rest = bytes };
	while (c.rest.n > 0) {
		uint64_t v = 0;
		if (cur_varint(&c, &v) < 0)
			return NP_E_PROTO;
		put_number(w, f, v);
	}
	return NP_OK;
}

static np_err put_value(struct jsonw *w, const ProtobufCFieldDescriptor *f,
			const struct pballoc_field *v, uint32_t depth)
{
	bool is_bytes = f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING;
	if (v->type == 2 && !is_bytes && f->label == PROTOBUF_C_LABEL_REPEATED)
		return put_packed(w, f, v->bytes);
	if (v->type != (is_bytes ? 2U : 0U))
		return NP_E_PROTO;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return write_msg(w, f->descriptor, v->bytes, depth + 1);
	if (f->type == PROTOBUF_C_TYPE_STRING)
		jsonw_str(w, v->bytes);
	else
		put_number(w, f, v->value);
	return NP_OK;
}

/* All occurrences of a repeated field; of a single one the last, as protobuf has it. */
static np_err write_field(struct jsonw *w, const ProtobufCFieldDescriptor *f, np_str bytes,
			  uint32_t depth)
{
	bool list = f->label == PROTOBUF_C_LABEL_REPEATED, found = false;
	struct pballoc_field last = { 0 };
	while (bytes.n > 0) {
		struct pballoc_field v;
		np_err e = pballoc_next(&bytes, &v);
		if (e < 0)
			return e;
		if (v.number != f->id)
			continue;
		if (!found)
			put_key(w, f->name);
		if (!found && list)
			jsonw_arr(w);
		found = true;
		last = v;
		e = list ? put_value(w, f, &v, depth) : NP_OK;
		if (e < 0)
			return e;
	}
	if (found && list)
		jsonw_arr_end(w);
	return found && !list ? put_value(w, f, &last, depth) : NP_OK;
}

static np_err write_msg(struct jsonw *w, const ProtobufCMessageDescriptor *d, np_str bytes,
			uint32_t depth)
{
	if (depth > BATCHJSON_DEPTH_MAX)
		return NP_E_PROTO;
	jsonw_obj(w);
	for (unsigned i = 0; i < d->n_fields; i++) {
		np_err e = write_field(w, &d->fields[i], bytes, depth);
		if (e < 0)
			return e;
	}
	jsonw_obj_end(w);
	return NP_OK;
}

static np_err write_text(const ProtobufCMessageDescriptor *d, np_str bytes, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	np_err e = write_msg(&w, d, bytes, 0);
	return e < 0 ? e : buf_failed(out);
}

np_err batchjson_write(np_str batch, struct buf *out)
{
	return write_text(&np__v1__batch__descriptor, batch, out);
}

np_err batchjson_write_answer(const Np__V1__PostAnswer *m, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf bytes = { 0 };
	buf_init(&bytes, BATCHJSON_MAX);
	np_err e = pballoc_pack(&m->base, &bytes);
	return e < 0 ? e : write_text(&np__v1__post_answer__descriptor, buf_str(&bytes), out);
}
