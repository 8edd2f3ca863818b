/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - what one attempt of a check found: statuses, error classes, record.
 *
 * Floor 2 (core). Plain data; the numbers of statuses and classes are on the
 * wire and in rows and never change their meaning. Texts are borrowed from
 * whoever decoded the record. Any thread.
 */
#pragma once
#include "base/np.h"

#define RES_TEXT_MAX 500      /* bytes of the plain sentence */
#define RES_ADDRESS_MAX 64    /* "[2001:db8::1]:443" */
#define RES_ATTEMPT_MAX 10000 /* attempts of one slot */
#define RES_SKIPPED_MAX 1000000
#define RES_DURATION_MAX_US (10 * NP_MIN_US)

/* 0 is "not set" and never valid in a record. */
enum res_status {
	RES_NONE = 0,
	RES_OK = 1,
	RES_DEGRADED = 2, /* a pass with a soft assertion over its limit */
	RES_FAIL = 3,
	RES_UNKNOWN = 4, /* the checker could not tell: never a failure */
	RES_STATUS_N
};

/* Why not ok. Append only: the numbers are stored. */
enum res_class {
	RES_C_NONE = 0,
	RES_C_DNS = 1,
	RES_C_REFUSED = 2,
	RES_C_UNREACHABLE = 3,
	RES_C_TIMEOUT = 4,
	RES_C_RESET = 5,
	RES_C_TLS = 6,
	RES_C_CERT_EXPIRED = 7,
	RES_C_CERT_HOST = 8,
	RES_C_CERT_UNTRUSTED = 9,
	RES_C_PROTOCOL = 10,
	RES_C_STATUS = 11, /* HTTP status, DNS rcode: see code */
	RES_C_ASSERTION = 12,
	RES_C_TOO_LARGE = 13,
	RES_C_REDIRECT = 14,
	RES_C_BLOCKED = 15,   /* the address guard refused the target */
	RES_C_NETWORK = 16,   /* the checker's own network (its canaries fail) */
	RES_C_PRIVILEGE = 17, /* no right to open the socket that is needed */
	RES_C_OVERLOAD = 18,  /* the checker is behind */
	RES_C_CLOCK = 19,     /* slot too far ahead of the gateway's clock */
	RES_C_INTERNAL = 20,
	RES_C_CLOSED = 21, /* peer ended the connection before it answered */
	RES_CLASS_N
};

enum res_phase {
	RES_P_DNS,
	RES_P_CONNECT,
	RES_P_TLS,
	RES_P_FIRST_BYTE,
	RES_P_TRANSFER,
	RES_PHASE_N
};

/* One attempt. All zero except the phases is not valid: use RES_RECORD_INIT. */
struct res_record {
	uint64_t monitor;  /* 64-bit number, > 0 */
	uint32_t revision; /* of the definition that was run, > 0 */
	uint32_t attempt;  /* 0: the scheduled one; then extras of the slot */
	int64_t slot_us;   /* scheduled wall time */
	int64_t start_us;  /* wall time the attempt began */
	int64_t duration_us;
	int64_t phase_us[RES_PHASE_N]; /* -1: this phase did not happen */
	enum res_status status;
	enum res_class cls;
	int32_t code;           /* HTTP status or DNS rcode; 0: none */
	uint32_t skipped;       /* slots not run since the last result */
	np_str text;            /* one plain sentence; empty when ok */
	np_str address;         /* target address; empty: as before */
	int64_t cert_expires_s; /* Unix seconds; 0: none or as before */
};
#define RES_RECORD_INIT ((struct res_record){ .phase_us = { -1, -1, -1, -1, -1 } })

/* Which field is out of range; RES_F_OK when none is. */
enum res_field {
	RES_F_OK = 0,
	RES_F_MONITOR,
	RES_F_REVISION,
	RES_F_SLOT,
	RES_F_ATTEMPT,
	RES_F_START,
	RES_F_DURATION,
	RES_F_PHASES,
	RES_F_STATUS,
	RES_F_CLASS,
	RES_F_CODE,
	RES_F_SKIPPED,
	RES_F_TEXT,
	RES_F_ADDRESS,
	RES_F_CERT,
	RES_FIELD_N
};

/* First field that is out of range (also: texts not UTF-8 or with NUL, ok with a class,
 * fail or unknown without one). Does not look at any clock. */
NP_NODISCARD enum res_field res_validate(const struct res_record *r);
const char *res_field_name(enum res_field f); /* "slot"; "" for RES_F_OK */

static inline bool res_is_pass(enum res_status s)
{
	return s == RES_OK || s == RES_DEGRADED;
}

/* "ok", "degraded", "fail", "unknown"; "none" for anything else. */
const char *res_status_name(enum res_status s);
/* Stable identifier ("cert_expired"); "none" for anything unknown. */
const char *res_class_name(enum res_class c);
/* As people read it in a sentence ("TCP reset", "certificate expired"). */
const char *res_class_words(enum res_class c);
NP_NODISCARD np_err res_status_from_name(np_str s, enum res_status *ret);
NP_NODISCARD np_err res_class_from_name(np_str s, enum res_class *ret);
