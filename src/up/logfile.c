/* SPDX-License-Identifier: Apache-2.0 */
#include "up/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define TAIL 2048

static void log_path(const struct place *p, const char *name, const char *suffix,
		     char ret[PLACE_FILE_MAX])
{
	char sub[96];
	(void)snprintf(sub, sizeof sub, "log/%s.log%s", name, suffix);
	place_path(p, sub, ret);
}

np_err logfile_open(const struct place *p, const char *name, int *ret_fd)
{
	char path[PLACE_FILE_MAX];
	log_path(p, name, "", path);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return np_err_from_errno(errno);
	*ret_fd = fd;
	return NP_OK;
}

void logfile_last_line(const struct place *p, const char *name, struct buf *ret)
{
	NP_CLEANUP(np_close_fd) int fd = -1;
	char tail[TAIL];
	struct stat st;
	if (logfile_open(p, name, &fd) < 0 || fstat(fd, &st) != 0)
		return;
	off_t from = st.st_size > TAIL ? st.st_size - TAIL : 0;
	ssize_t n = pread(fd, tail, sizeof tail, from);
	np_str rest = str_trim((np_str){ tail, n > 0 ? (size_t)n : 0 });
	np_str line = rest;
	while (str_cut(rest, '\n', &line, &rest))
		;
	(void)buf_add(ret, str_clip_utf8(line, 300));
}

np_err logfile_rotate(const struct place *p, const char *name, int64_t max)
{
	char path[PLACE_FILE_MAX], old[PLACE_FILE_MAX];
	struct stat st;
	log_path(p, name, "", path);
	log_path(p, name, ".1", old);
	if (stat(path, &st) != 0 || st.st_size <= max)
		return NP_OK;
	NP_CLEANUP(np_close_fd) int from = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	NP_CLEANUP(np_close_fd)
	int to = open(old, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (from < 0 || to < 0)
		return np_err_from_errno(errno);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n < 0)
			return np_err_from_errno(errno);
		if (n == 0)
			break;
		left -= n;
	}
	return ftruncate(from, 0) == 0 ? NP_OK : np_err_from_errno(errno);
}
