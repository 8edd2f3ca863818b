/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

void record_init(struct record *r, size_t row_size)
{
	*r = (struct record){ .row = row_size };
}

void record_done(struct record *r)
{
	free(r->rows);
	r->rows = NULL;
	r->n = r->cap = 0;
}

np_err record_add(struct record *r, const void *row)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 4096;
		char *p = cap > RECORD_ROWS_MAX ? NULL : np_reallocarray(r->rows, cap, r->row);
		if (!p)
			return NP_E_NOMEM;
		r->rows = p;
		r->cap = cap;
	}
	memcpy(r->rows + r->n++ * r->row, row, r->row);
	return NP_OK;
}

np_err record_write(const struct record *r, const char *path)
{
	NP_CLEANUP(np_close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return NP_E_IO;
	return file_write_all(fd, (np_str){ r->rows, r->n * r->row });
}
