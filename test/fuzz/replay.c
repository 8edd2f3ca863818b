/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of the given folders: the corpus is a test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLAY_FILE_MAX = 4 << 20 };

static int replay(const char *path)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, REPLAY_FILE_MAX);
	np_err e = file_read(path, &b);
	if (e < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, np_err_text(e));
		return 1;
	}
	/* A copy of exactly that size: reading past the input is seen. */
	NP_CLEANUP(np_free_ptr) uint8_t *data = malloc(b.n > 0 ? b.n : 1);
	assert(data);
	for (size_t i = 0; i < b.n; i++)
		data[i] = (uint8_t)b.p[i];
	(void)LLVMFuzzerTestOneInput(data, b.n);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	int n = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d) {
			(void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
		for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
			NP_CLEANUP(buf_done) struct buf path;
			buf_init(&path, 4096);
			if (e->d_name[0] == '.')
				continue;
			(void)buf_printf(&path, "%s/%s", argv[i], e->d_name);
			failed += replay(buf_c(&path));
			n++;
		}
		(void)closedir(d);
	}
	(void)printf("%d inputs\n", n);
	return failed > 0 || n == 0 ? 1 : 0;
}
