/* SPDX-License-Identifier: Apache-2.0 */
/* audit.h - the audit chain held against itself and against the heads file.
 *
 * Floor 5. Reads through the owner's connection, page by page: memory grows with the
 * number of organisations, never with the number of entries. What is wrong is a list
 * of findings; the first of each organisation is what to look at.
 */
#pragma once
#include "base/map.h"
#include "core/headread.h"
#include "pg/pg.h"

#define AUDIT_ORGS_MAX 1000000
#define AUDIT_FINDINGS_MAX 200 /* kept; all are counted */
#define AUDIT_TEXT_MAX 240

enum audit_kind {
	AUDIT_EDITED,    /* its content is not what was sealed */
	AUDIT_MISSING,   /* the numbers have a hole */
	AUDIT_UNLINKED,  /* it does not follow on the one before */
	AUDIT_CUT,       /* entries that were there are gone from the end */
	AUDIT_REWRITTEN, /* whole in itself, but not what was signed */
	AUDIT_HEAD,      /* a line of the heads file */
	AUDIT_HEADS_CUT, /* lines that were written are gone from its end */
	AUDIT_KIND_N
};
const char *audit_kind_name(enum audit_kind k);

struct audit_finding {
	enum audit_kind kind;
	int64_t org;     /* 0: of the heads file as a whole */
	uint64_t seq;    /* the first bad entry */
	int64_t when_us; /* sealed, or signed; 0: not known */
	char text[AUDIT_TEXT_MAX];
};

struct audit_org {
	uint64_t tip_seq; /* where the sealer says that it stands */
	uint8_t tip_hash[CHAIN_HASH_LEN];
	uint64_t copied_seq; /* newest head that the database knows to be in the file */
	/* from the heads file */
	uint64_t head_seq, good_seq;
	int64_t head_us, good_us;
	bool bad_head; /* one did not fit: later ones are not told */
	/* from the rows */
	uint64_t seq;
	int64_t sealed_us;
	uint8_t hash[CHAIN_HASH_LEN];
	bool bad_row;
};

struct audit {
	struct pg_conn *db;
	struct map *orgs; /* number -> struct audit_org */
	struct audit_finding found[AUDIT_FINDINGS_MAX];
	size_t found_n;   /* kept */
	uint64_t wrong_n; /* all */
	uint64_t entries, heads, unsealed;
	uint64_t copies, copies_found; /* heads that the database knows to be in a file */
	int64_t until_us;              /* the newest good head */
	struct buf scratch;
};

NP_NODISCARD np_err audit_init(struct audit *a, struct pg_conn *db);
void audit_done(struct audit *a);
/* In this order. What the sealer says of itself: tips and copies of heads. */
NP_NODISCARD np_err audit_read_tips(struct audit *a);
/* Every line of a heads file against its signature, its neighbours and the entry it names. */
NP_NODISCARD np_err audit_read_heads(struct audit *a, int fd, const uint8_t key[SIGN_PUBLIC_LEN]);
/* After the last file: is one cut? */
void audit_end_heads(struct audit *a);
/* Every entry against its hash and its neighbours, and the ends against tips and heads. */
NP_NODISCARD np_err audit_read_rows(struct audit *a);

/* ---- between the files ---- */
/* NULL: no memory, or too many. */
struct audit_org *audit_org(struct audit *a, int64_t org);
void audit_find(struct audit *a, const struct audit_finding *f);
