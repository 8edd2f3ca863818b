/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum { FILE_STEP = 8192, FILE_PATH_MAX = 4096 };

np_err file_read(const char *path, struct buf *ret)
{
	NP_CLEANUP(np_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return np_err_from_errno(errno);
	for (;;) {
		char step[FILE_STEP];
		ssize_t got = read(fd, step, sizeof step);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return np_err_from_errno(errno);
		if (got == 0)
			return buf_failed(ret);
		np_err e = buf_add(ret, (np_str){ step, (size_t)got });
		if (e < 0)
			return e;
	}
}

np_err file_write_all(int fd, np_str content)
{
	while (content.n > 0) {
		ssize_t put = write(fd, content.p, content.n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return np_err_from_errno(errno);
		content = str_sub(content, (size_t)put, content.n);
	}
	return NP_OK;
}

/* fsync of the folder that holds path: makes the rename durable. */
static np_err sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	NP_CLEANUP(np_free_ptr)
	char *folder = !slash          ? np_strdup(NP_STR("."))
		       : slash == path ? np_strdup(NP_STR("/"))
				       : np_strdup((np_str){ path, (size_t)(slash - path) });
	if (!folder)
		return NP_E_NOMEM;
	NP_CLEANUP(np_close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

static np_err write_new(const char *path, np_str content, mode_t mode)
{
	/* A leftover of a crash may have another owner or mode. */
	if (unlink(path) != 0 && errno != ENOENT)
		return np_err_from_errno(errno);
	NP_CLEANUP(np_close_fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return np_err_from_errno(errno);
	np_err e = file_write_all(fd, content);
	if (e < 0)
		return e;
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

np_err file_write_atomic(const char *path, np_str content, uint32_t mode)
{
	NP_CLEANUP(buf_done) struct buf tmp;
	buf_init(&tmp, FILE_PATH_MAX);
	np_err e = buf_printf(&tmp, "%s.tmp", path);
	if (e < 0)
		return e;
	e = write_new(buf_c(&tmp), content, mode);
	if (e == NP_OK && rename(buf_c(&tmp), path) != 0)
		e = np_err_from_errno(errno);
	if (e < 0) {
		(void)unlink(buf_c(&tmp));
		return e;
	}
	return sync_folder_of(path);
}

static np_err make_one(const char *path, mode_t mode)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return NP_OK;
	int why = errno;
	if (why == EEXIST && stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? NP_OK : NP_E_EXISTS;
	return np_err_from_errno(why);
}

np_err file_mkdirs(const char *path, uint32_t mode)
{
	NP_CLEANUP(np_free_ptr) char *part = np_strdup(str_from_c(path));
	if (!part)
		return NP_E_NOMEM;
	if (part[0] == '\0')
		return NP_E_INVAL;
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		np_err e = make_one(part, mode);
		if (e < 0)
			return e;
		*at = '/';
	}
	return make_one(part, mode);
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}
