/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - real checks against small servers that a test makes on loopback.
 *
 * A server is a thread that accepts and hands each connection to its function;
 * the function may misbehave in any way it likes. Certificates are minted here.
 */
#pragma once
#include "t.h"

#include <openssl/ssl.h>

#include "checker/check.h"
#include "checker/icmp.h"

struct server {
	int fd;
	uint16_t port;
	void (*serve)(struct server *s, int fd); /* the connection is closed afterwards */
	SSL_CTX *tls;
	unsigned long thread;
	_Atomic bool stop;
	int hits;
};
/* A port that refuses connections to the end of the process: nobody else gets it meanwhile. */
uint16_t server_dead_port(void);
void server_up(struct server *s, void (*serve)(struct server *s, int fd));
void server_down(struct server *s);
/* Reads a request's head (blocking); yields its bytes in `ret`, NUL-terminated. */
size_t server_read(int fd, char *ret, size_t size);
void server_say(int fd, const char *text);

struct pki {
	EVP_PKEY *root_key;
	X509 *root;
	char file[64]; /* PEM of the root */
};
enum leaf_kind {
	LEAF_GOOD,
	LEAF_EXPIRED,
	LEAF_FUTURE,
	LEAF_OTHER_HOST,
	LEAF_CLIENT_ONLY,
	LEAF_SELF
};
void pki_up(struct pki *p);
void pki_down(struct pki *p);
SSL_CTX *pki_server(const struct pki *p, enum leaf_kind kind);

struct rig {
	struct check_env env;
	struct check_run *run;
	struct check_def *def;
	bool over, slow;
};
/* What is checked; zero members have defaults. */
struct spec {
	enum mon_kind kind;
	const char *target, *options, *assertions;
	uint32_t timeout_ms;
	bool public_only;
};
void rig_up(struct rig *r, const char *ca_file);
void rig_down(struct rig *r);
/* Runs it to its end; the record (texts and all) is valid until the next one. */
const struct res_record *rig_check(struct rig *r, const struct spec *s);
const char *rig_url(uint16_t port, const char *scheme, const char *path);
const char *rig_addr(uint16_t port);
/* Status, class, and a piece that the sentence must hold. */
void rig_expect(const struct res_record *res, enum res_status status, enum res_class cls,
		const char *piece);
