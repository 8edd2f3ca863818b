/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-mint: identities for the load's workers, signed straight from the CA's folder.
 *
 * For the bench only: thousands of enrolments over HTTPS would measure the ca. Writes
 * OUT/identities (for netpulse-load), OUT/cert.pem and key.pem (of the first), and
 * OUT/rows.csv: checker, uuid, serial, not_after (µs), key_sha256, monitor. */
#include <stdio.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/str.h"
#include "ca/vault.h"
#include "ids.h"
#include "net/x509.h"

static const struct arg_opt opts[] = {
	{ "ca", "DIR", "folder of the CA keys", NULL },
	{ "region", "NAME", "region of the workers", "load" },
	{ "count", "N", "identities to make", "10000" },
	{ "checker", "N", "number of the first checker", "1" },
	{ "monitor", "N", "number of the first monitor", "1" },
	{ "out", "DIR", "where the files go", "." },
};
static const struct arg_spec spec = {
	.usage = "netpulse-mint --ca DIR --out DIR [options]",
	.about = "Make identities for netpulse-load.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct mint_run {
	struct vault *vault;
	np_str region;
	struct buf ids, rows;
	const char *out;
};

static np_err put(const struct mint_run *m, const char *name, np_str text, uint32_t mode)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/%s", m->out, name);
	return file_write_atomic(path, text, mode);
}

static void put_row(struct mint_run *m, const struct id_one *one, const struct ident *id)
{
	char uuid[36], key[64];
	str_uuid(id->uuid, uuid);
	str_hex(id->key_sha256, 32, key);
	(void)buf_printf(&m->rows, "%llu,%.36s,%s,%lld,%.64s,%llu\n",
			 (unsigned long long)one->checker, uuid, id->serial,
			 (long long)id->not_after_us, key, (unsigned long long)one->monitor);
}

static np_err mint_one(struct mint_run *m, uint64_t checker, uint64_t monitor, bool first)
{
	uint8_t uuid[16];
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	struct vault_leaf made;
	rnd_bytes(uuid, sizeof uuid);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	np_err e = x509_key_new(&key);
	if (e < 0)
		return e;
	const struct vault_checker who = { m->region, uuid, key };
	e = vault_checker(m->vault, &who, clock_wall_us(), &made);
	if (e < 0)
		return e;
	e = x509_cert_parse(buf_str(&made.chain), &leaf);
	const struct id_one one = { checker, monitor, key, leaf };
	if (e == NP_OK)
		e = ids_put(&m->ids, &one);
	if (e == NP_OK && first)
		e = put(m, "cert.pem", buf_str(&made.chain), 0644);
	if (e == NP_OK && first) {
		char path[512];
		(void)snprintf(path, sizeof path, "%s/key.pem", m->out);
		e = x509_key_save(key, path);
	}
	put_row(m, &one, &made.ident);
	vault_leaf_done(&made);
	return e;
}

static np_err number(const struct args *a, const char *name, uint64_t *ret)
{
	return str_to_u64(str_from_c(args_str(a, name)), ret);
}

static np_err run(const struct args *a, struct buf *why)
{
	uint64_t n = 0, checker = 0, monitor = 0;
	struct mint_run m = { .region = str_from_c(args_str(a, "region")),
			      .out = args_str(a, "out") };
	np_err e = number(a, "count", &n);
	if (e == NP_OK)
		e = number(a, "checker", &checker);
	if (e == NP_OK)
		e = number(a, "monitor", &monitor);
	if (e < 0 || n == 0 || n > IDS_MAX || !args_str(a, "ca"))
		return NP_E_INVAL;
	buf_init(&m.ids, IDS_FILE_MAX);
	buf_init(&m.rows, IDS_FILE_MAX);
	e = vault_open(args_str(a, "ca"), &m.vault, why);
	if (e == NP_OK)
		e = file_mkdirs(m.out, 0755);
	for (uint64_t i = 0; e == NP_OK && i < n; i++)
		e = mint_one(&m, checker + i, monitor + i, i == 0);
	if (e == NP_OK)
		e = put(&m, "identities", buf_str(&m.ids), 0600);
	if (e == NP_OK)
		e = put(&m, "rows.csv", buf_str(&m.rows), 0644);
	vault_free(m.vault);
	buf_done(&m.ids);
	buf_done(&m.rows);
	return e;
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = run(args, &why);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-mint: %s\n", why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
