/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/headsfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define TAIL_MAX ((size_t)2 * (HEADS_LINE_MAX + 1)) /* holds a whole line and a torn one */

void headsfile_init(struct headsfile *f, const char *path)
{
	*f = (struct headsfile){ .path = path, .fd = -1 };
}

void headsfile_close(struct headsfile *f)
{
	np_close_fd(&f->fd);
}

/* The entry of a new file must survive a crash as well as its lines. */
static np_err sync_folder(const char *folder)
{
	NP_CLEANUP(np_close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

static np_err make(struct headsfile *f)
{
	char folder[HEADSFILE_PATH_MAX];
	const char *slash = strrchr(f->path, '/');
	size_t n = slash ? (size_t)(slash - f->path) : 1;
	if (n >= sizeof folder)
		return NP_E_LIMIT;
	memcpy(folder, slash ? f->path : ".", n);
	folder[n] = '\0';
	np_err e = n > 0 ? file_mkdirs(folder, 0700) : NP_OK;
	if (e < 0)
		return e;
	f->fd = open(f->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return np_err_from_errno(errno);
	return sync_folder(n > 0 ? folder : "/");
}

static np_err read_tail(struct headsfile *f, off_t size, char tail[TAIL_MAX], size_t *ret_n)
{
	off_t from = size > (off_t)TAIL_MAX ? size - (off_t)TAIL_MAX : 0;
	size_t want = (size_t)(size - from), n = 0;
	while (n < want) {
		ssize_t got = pread(f->fd, tail + n, want - n, from + (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? np_err_from_errno(errno) : NP_E_IO;
		n += (size_t)got;
	}
	*ret_n = n;
	return NP_OK;
}

/* Where the last whole line ends, as the number of bytes behind it. */
static size_t torn_bytes(const char *tail, size_t n)
{
	size_t torn = 0;
	while (torn < n && tail[n - 1 - torn] != '\n')
		torn++;
	return torn;
}

static np_err take_last(struct headsfile *f, np_str whole)
{
	struct head h;
	np_str line = str_sub(whole, 0, whole.n - 1);
	for (size_t at; (at = str_find_byte(line, '\n')) != SIZE_MAX;)
		line = str_sub(line, at + 1, line.n);
	np_err e = heads_parse(line, &h);
	if (e == NP_OK)
		headsfile_took(f, &h, line);
	return e;
}

static np_err find_end(struct headsfile *f)
{
	char tail[TAIL_MAX];
	struct stat st;
	size_t n = 0;
	f->n = 0;
	memset(f->prev, 0, sizeof f->prev);
	f->torn = false;
	if (fstat(f->fd, &st) != 0)
		return np_err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return NP_E_INVAL;
	np_err e = read_tail(f, st.st_size, tail, &n);
	if (e < 0)
		return e;
	size_t torn = torn_bytes(tail, n);
	if (torn > HEADS_LINE_MAX) /* no line of ours is that long */
		return NP_E_CORRUPT;
	if (torn > 0 && ftruncate(f->fd, st.st_size - (off_t)torn) != 0)
		return np_err_from_errno(errno);
	f->torn = torn > 0;
	return n == torn ? NP_OK : take_last(f, (np_str){ tail, n - torn });
}

np_err headsfile_open(struct headsfile *f)
{
	np_err e = make(f);
	if (e == NP_OK && flock(f->fd, LOCK_EX | LOCK_NB) != 0)
		e = errno == EWOULDBLOCK ? NP_E_BUSY : np_err_from_errno(errno);
	if (e == NP_OK)
		e = find_end(f);
	if (e < 0)
		headsfile_close(f);
	return e;
}

void headsfile_next(const struct headsfile *f, struct head *h)
{
	h->n = f->n + 1;
	memcpy(h->prev, f->prev, sizeof h->prev);
}

void headsfile_took(struct headsfile *f, const struct head *h, np_str line)
{
	f->n = h->n;
	heads_hash(line, f->prev);
}

np_err headsfile_append(struct headsfile *f, np_str lines)
{
	np_err e = file_write_all(f->fd, lines);
	if (e == NP_OK && fdatasync(f->fd) != 0)
		e = np_err_from_errno(errno);
	return e;
}
