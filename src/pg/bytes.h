/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - network byte order, as PostgreSQL's binary formats want it.
 *
 * Floor 2 (pg), for this room only. No bounds are checked here.
 */
#pragma once
#include <endian.h>

#include "base/np.h"

static inline void pg_put16(char *to, uint16_t v)
{
	v = htobe16(v);
	memcpy(to, &v, sizeof v);
}

static inline void pg_put32(char *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof v);
}

static inline void pg_put64(char *to, uint64_t v)
{
	v = htobe64(v);
	memcpy(to, &v, sizeof v);
}

static inline uint16_t pg_get16(const char *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return be16toh(v);
}

static inline uint32_t pg_get32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static inline uint64_t pg_get64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return be64toh(v);
}
