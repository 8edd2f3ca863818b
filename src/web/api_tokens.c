/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/page.h"
#include "web/store_token.h"
#include "web/who.h"

#define LIFE_MAX_US (3660 * NP_DAY_US)

np_err api_tokens_list(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	np_str state = in_choice(q, "state", "active expired revoked");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = stok_list(q, c, state, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

np_err api_tokens_read(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	np_err e = in_id(q, 0, id);
	return e < 0 ? e : stok_show(q, c, id);
}

static void read_scopes(struct wreq *q, struct stok *t)
{
	const json_t *list = in_member(q, "scopes"), *one;
	size_t i;
	t->scopes = list ? 0 : ACC_S_ALL;
	if (list && (!json_is_array(list) || json_array_size(list) == 0))
		problem_add(&q->problems, "", "scopes",
			    "must be a list of one or more of: read, write, respond, admin");
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		uint32_t bit = 0;
		const char *text = json_string_value(one);
		if (text && acc_scope_from_name(str_from_c(text), &bit) == NP_OK) {
			t->scopes |= bit;
			continue;
		}
		problem_add(&q->problems, "", "scopes",
			    "may hold these only: read, write, respond, admin");
		return;
	}
}

static void read_expiry(struct wreq *q, struct stok *t)
{
	const json_t *v = in_member(q, "expires_at");
	const char *text = json_string_value(v);
	int64_t now = clock_wall_us();
	if (!v)
		return;
	if (!text || clock_from_rfc3339(str_from_c(text), &t->expires_us) < 0 ||
	    t->expires_us <= now || t->expires_us - now > LIFE_MAX_US)
		problem_add(&q->problems, "", "expires_at",
			    "must be a time to come, within ten years, such as "
			    "2030-01-01T00:00:00Z; without it the token does not expire");
}

static np_err read_new(struct wreq *q, struct stok *t)
{
	in_only(q, "name role scopes expires_at");
	t->name = in_text(q, (struct in_text){ "name", 1, 100 });
	np_str role = in_text(q, (struct in_text){ "role", 1, 20 });
	if (role.n && acc_role_from_name(role, &t->role) < 0)
		problem_add(&q->problems, "", "role",
			    "must be one of: viewer, editor, admin, owner");
	read_scopes(q, t);
	read_expiry(q, t);
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	if (t->role > q->who.role || (t->scopes & ~q->who.scopes) != 0)
		return wq_problem(q, 403, "Nobody can give away more than they may themselves.");
	return NP_OK;
}

/* What the audit log keeps of it. */
static np_str facts(struct wreq *q, const struct stok *t)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct jsonw w;
	buf_init(&out, 4096);
	jsonw_init(&w, &out);
	jsonw_obj(&w);
	jsonw_kstr(&w, "name", t->name);
	jsonw_kc(&w, "role", acc_role_name(t->role));
	jsonw_key(&w, "scopes");
	jsonw_arr(&w);
	for (size_t i = 0; acc_scope_name(i); i++)
		if (t->scopes & (1u << i))
			jsonw_c(&w, acc_scope_name(i));
	jsonw_arr_end(&w);
	if (t->expires_us)
		jsonw_ktime(&w, "expires_at", t->expires_us);
	jsonw_obj_end(&w);
	return buf_failed(&out) < 0 ? (np_str){ 0 } : arena_str(q->arena, buf_str(&out));
}

static np_str id_text(struct wreq *q, const uint8_t id[16])
{
	char text[36];
	str_uuid(id, text);
	return arena_str(q->arena, (np_str){ text, sizeof text });
}

static np_err store(struct wreq *q, struct pg_conn *c, const struct stok *t)
{
	np_err e = stok_lock(q, c);
	if (e == NP_OK)
		e = stok_insert(q, c, t);
	if (e == NP_E_LIMIT)
		return wq_problem(
			q, 409, "There are as many tokens as can be: revoke one that is not used.");
	if (e < 0)
		return e;
	np_str after = facts(q, t);
	if (!after.p)
		return NP_E_NOMEM;
	return act_audit(q, c,
			 &(struct act_audit){ .act = "token.create",
					      .subject = id_text(q, t->id),
					      .after = after });
}

np_err api_tokens_create(struct wreq *q, struct pg_conn *c)
{
	struct stok t = { .expires_us = 0 };
	np_err e = read_new(q, &t);
	if (e < 0)
		return e;
	uint8_t raw[32];
	char text[sizeof WHO_TOKEN_PREFIX + 4 * sizeof raw / 3 + 1] = WHO_TOKEN_PREFIX;
	rnd_bytes(raw, sizeof raw);
	rnd_uuid(t.id);
	size_t head = sizeof WHO_TOKEN_PREFIX - 1;
	np_str secret = { text, head + str_b64url(raw, sizeof raw, text + head) };
	crypt_sha256(secret, t.sha256);
	t.prefix = str_sub(secret, 0, STOK_PREFIX);
	e = store(q, c, &t);
	if (e == NP_OK) {
		jsonw_obj(&q->json);
		jsonw_kstr(&q->json, "secret", secret);
		jsonw_key(&q->json, "token");
		e = stok_show(q, c, t.id);
		jsonw_obj_end(&q->json);
		q->status = 201;
		q->location =
			arena_printf(q->arena, "/api/v1/tokens/%.*s", NP_FMT(id_text(q, t.id)));
	}
	explicit_bzero(raw, sizeof raw);
	explicit_bzero(text, sizeof text);
	return e;
}

static np_err may_revoke(struct wreq *q, const struct stok_seen *seen)
{
	if (seen->role > q->who.role)
		return wq_problem(q, 403, "This token may more than you; ask an owner.");
	if (seen->last_owner)
		return wq_problem(q, 409,
				  "This is the last token of an owner: make another one first.");
	return NP_OK;
}

np_err api_tokens_revoke(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	struct stok_seen seen;
	np_err e = in_id(q, 0, id);
	if (e == NP_OK)
		e = stok_lock(q, c);
	if (e == NP_OK)
		e = stok_see(q, c, id, &seen);
	if (e < 0)
		return e;
	q->status = 204;
	if (seen.revoked)
		return NP_OK;
	e = may_revoke(q, &seen);
	if (e == NP_OK)
		e = stok_revoke(q, c, id);
	if (e < 0)
		return e;
	q->nudge_streams = true;
	struct stok was = { .name = seen.name, .role = seen.role, .scopes = seen.scopes };
	return act_audit(q, c,
			 &(struct act_audit){ .act = "token.revoke",
					      .subject = id_text(q, id),
					      .before = facts(q, &was) });
}
