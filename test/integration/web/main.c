/* SPDX-License-Identifier: Apache-2.0 */
/* The web alone, as the tests start it: `test-web --config FILE`. And what a test writes into
 * the database as the historian would: `test-web --pack` reads lines of numbers (slot, attempt,
 * start, duration, received, status, class; µs) and prints one chunk in hexadecimal. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "web/web.h"
#include "wire/chunk.h"

#define NUMBERS 7

static bool read_row(char *line, struct chunk_row *ret)
{
	int64_t v[NUMBERS];
	np_str rest = str_trim(str_from_c(line)), word;
	for (size_t i = 0; i < NUMBERS; i++) {
		(void)str_cut(rest, ' ', &word, &rest);
		if (str_to_i64(word, &v[i]) < 0)
			return false;
	}
	*ret = (struct chunk_row){ .r = RES_RECORD_INIT, .received_us = v[4] };
	ret->r.revision = 1;
	ret->r.slot_us = v[0];
	ret->r.attempt = (uint32_t)v[1];
	ret->r.start_us = v[2];
	ret->r.duration_us = v[3];
	ret->r.status = (enum res_status)v[5];
	ret->r.cls = (enum res_class)v[6];
	return true;
}

static int pack(void)
{
	static struct chunk_row row[CHUNK_ROWS_MAX];
	char line[256];
	struct buf out;
	size_t n = 0;
	buf_init(&out, CHUNK_BYTES_MAX);
	while (n < CHUNK_ROWS_MAX && fgets(line, sizeof line, stdin) != NULL)
		if (!read_row(line, &row[n++]))
			return 2;
	if (chunk_pack(row, n, &out) < 0)
		return 1;
	for (size_t i = 0; i < out.n; i++)
		(void)printf("%02x", (unsigned char)out.p[i]);
	buf_done(&out);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--pack") == 0)
		return pack();
	return web_main(argc, argv);
}
