/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in a chunk: reading ends, and what could be read packs again. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_iter it;
	struct chunk_row row;
	struct buf b;
	size_t rows = 0;
	if (chunk_open((np_str){ (const char *)data, size }, &it) < 0)
		return 0;
	buf_init(&b, CHUNK_BYTES_MAX);
	while (chunk_next(&it, &row)) {
		if (rows++ % 64 == 0 && chunk_pack(&row, 1, &b) < 0)
			abort();
		buf_reset(&b);
	}
	if (rows > CHUNK_ROWS_MAX)
		abort();
	buf_done(&b);
	return 0;
}
