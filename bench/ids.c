/* SPDX-License-Identifier: Apache-2.0 */
#include "ids.h"

#include "base/file.h"

static np_err put_der(struct buf *out, const uint8_t *der, int n)
{
	if (n <= 0 || n > IDS_DER_MAX)
		return NP_E_CRYPTO;
	(void)buf_add_le16(out, (uint16_t)n);
	return buf_add(out, (np_str){ (const char *)der, (size_t)n });
}

np_err ids_put(struct buf *out, const struct id_one *one)
{
	uint8_t *key = NULL, *leaf = NULL;
	int key_n = i2d_PrivateKey(one->key, &key);
	int leaf_n = i2d_X509(one->leaf, &leaf);
	(void)buf_add_le64(out, one->checker);
	(void)buf_add_le64(out, one->monitor);
	np_err e = put_der(out, key, key_n);
	if (e == NP_OK)
		e = put_der(out, leaf, leaf_n);
	OPENSSL_free(key);
	OPENSSL_free(leaf);
	return e;
}

static np_err get_der(struct cur *c, np_str *ret)
{
	uint16_t n = 0;
	np_err e = cur_le16(c, &n);
	return e < 0 ? e : cur_bytes(c, n, ret);
}

static np_err get_one(struct cur *c, struct id_one *ret)
{
	np_str key, leaf;
	np_err e = cur_le64(c, &ret->checker);
	if (e == NP_OK)
		e = cur_le64(c, &ret->monitor);
	if (e == NP_OK)
		e = get_der(c, &key);
	if (e == NP_OK)
		e = get_der(c, &leaf);
	if (e < 0)
		return e;
	const uint8_t *p = (const uint8_t *)key.p;
	ret->key = d2i_AutoPrivateKey(NULL, &p, (long)key.n);
	p = (const uint8_t *)leaf.p;
	ret->leaf = d2i_X509(NULL, &p, (long)leaf.n);
	return ret->key && ret->leaf ? NP_OK : NP_E_CORRUPT;
}

np_err ids_load(const char *path, size_t max, struct ids *ret)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, IDS_FILE_MAX);
	np_err e = file_read(path, &b);
	struct ids ids = { .at = e == NP_OK ? np_calloc(max, sizeof *ids.at) : NULL };
	struct cur c = { buf_str(&b) };
	if (e == NP_OK && !ids.at)
		e = NP_E_NOMEM;
	while (e == NP_OK && ids.n < max && c.rest.n > 0)
		e = get_one(&c, &ids.at[ids.n++]);
	if (e < 0)
		ids_done(&ids);
	else
		*ret = ids;
	return e;
}

void ids_done(struct ids *ids)
{
	for (size_t i = 0; i < ids->n; i++) {
		EVP_PKEY_free(ids->at[i].key);
		X509_free(ids->at[i].leaf);
	}
	free(ids->at);
	*ids = (struct ids){ 0 };
}
