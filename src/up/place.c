/* SPDX-License-Identifier: Apache-2.0 */
#include "up/place.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static const char *const folders[] = { "etc",     "secret", "ca",  "tls",
				       "checker", "log",    "run", "redis" };

static np_err say_errno(struct buf *why, const char *what, const char *path, const char *hint)
{
	np_err e = np_err_from_errno(errno);
	(void)buf_printf(why, "cannot %s %s: %s; %s", what, path, np_err_text(e), hint);
	return e;
}

static np_err open_icmp(const struct up_options *o, struct place *p)
{
	for (size_t i = 0; i < o->n_regions; i++) {
		/* No privilege is no error: ICMP monitors then say `unknown` and why. */
		p->icmp[i][0] =
			socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
		p->icmp[i][1] =
			socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
		if (p->icmp[i][1] < 0)
			continue;
		struct icmp6_filter only;
		ICMP6_FILTER_SETBLOCKALL(&only);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only);
		ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &only);
		ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &only);
		if (setsockopt(p->icmp[i][1], IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof only) !=
		    0)
			return np_err_from_errno(errno);
	}
	return NP_OK;
}

/* Root's part: the folder, its owner, the ICMP sockets; then never root again. */
static np_err become(const struct up_options *o, struct place *p, struct buf *why)
{
	const struct passwd *pw = getpwnam(o->user);
	if (pw == NULL || pw->pw_uid == 0) {
		(void)buf_printf(
			why,
			"no service user %s: run script/setup, or `useradd --system %s`, or "
			"name another one with --user",
			o->user, o->user);
		return NP_E_NOTFOUND;
	}
	uid_t uid = pw->pw_uid;
	gid_t gid = pw->pw_gid;
	np_err e = file_mkdirs(o->dir, 0755);
	struct stat st;
	if (e < 0 || stat(o->dir, &st) != 0)
		return say_errno(why, "make", o->dir, "choose another folder with --data");
	if (st.st_uid != uid && rmdir(o->dir) != 0) { /* somebody's folder with something in it */
		(void)buf_printf(
			why,
			"%s belongs to another user and is not empty: choose another folder "
			"with --data, or give it to %s",
			o->dir, o->user);
		return NP_E_PERM;
	}
	if (mkdir(o->dir, 0700) != 0 && errno != EEXIST)
		return say_errno(why, "make", o->dir, "choose another folder with --data");
	if (chown(o->dir, uid, gid) != 0 || chmod(o->dir, 0700) != 0)
		return say_errno(why, "own", o->dir, "choose another folder with --data");
	if ((e = open_icmp(o, p)) < 0)
		return e;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return say_errno(why, "become", o->user, "start as root or as an ordinary user");
	return NP_OK;
}

static np_err check_disk(const struct place *p, struct buf *why)
{
	struct statvfs fs;
	if (statvfs(p->dir, &fs) != 0)
		return say_errno(why, "look at", p->dir, "is the disk mounted?");
	uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes >= PLACE_DISK_MIN)
		return NP_OK;
	(void)buf_printf(
		why,
		"the disk of %s has %llu MB left and NetPulse wants at least %llu MB: free "
		"some, or choose another disk with --data",
		p->dir, (unsigned long long)(free_bytes >> 20),
		(unsigned long long)(PLACE_DISK_MIN >> 20));
	return NP_E_NOSPACE;
}

static np_err lock(struct place *p, struct buf *why)
{
	char path[PLACE_FILE_MAX];
	place_path(p, "lock", path);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock_fd < 0)
		return say_errno(why, "write to", p->dir, "choose another folder with --data");
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return NP_OK;
	(void)buf_printf(
		why,
		"another `netpulse up` already runs on %s: stop it first, or choose another "
		"folder with --data",
		p->dir);
	return NP_E_BUSY;
}

np_err place_enter(const struct up_options *o, struct place *ret, struct buf *ret_why)
{
	*ret = (struct place){ .dir = o->dir, .lock_fd = -1 };
	for (size_t i = 0; i < UP_REGIONS_MAX; i++)
		ret->icmp[i][0] = ret->icmp[i][1] = -1;
	np_err e = geteuid() == 0 ? become(o, ret, ret_why) : file_mkdirs(o->dir, 0700);
	if (e < 0) {
		if (ret_why->n == 0)
			(void)buf_printf(ret_why,
					 "cannot make %s: %s; choose another folder with --data",
					 o->dir, np_err_text(e));
		return e;
	}
	if (chdir(o->dir) != 0)
		return say_errno(
			ret_why, "enter", o->dir,
			"the service user must be able to; choose another folder with --data");
	if ((e = check_disk(ret, ret_why)) < 0 || (e = lock(ret, ret_why)) < 0)
		return e;
	(void)umask(0077);
	for (size_t i = 0; i < NP_LEN(folders); i++) {
		char path[PLACE_FILE_MAX];
		place_path(ret, folders[i], path);
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return say_errno(ret_why, "make", path, "is the disk full or read-only?");
	}
	return NP_OK;
}

void place_leave(struct place *p)
{
	for (size_t i = 0; i < UP_REGIONS_MAX; i++) {
		np_close_fd(&p->icmp[i][0]);
		np_close_fd(&p->icmp[i][1]);
	}
	np_close_fd(&p->lock_fd);
}

void place_path(const struct place *p, const char *sub, char ret[PLACE_FILE_MAX])
{
	int n = snprintf(ret, PLACE_FILE_MAX, "%s/%s", p->dir, sub);
	assert(n > 0 && n < PLACE_FILE_MAX);
}

np_err place_write(const struct place *p, const char *sub, np_str text, uint32_t mode)
{
	char path[PLACE_FILE_MAX];
	place_path(p, sub, path);
	NP_CLEANUP(buf_done) struct buf old;
	buf_init(&old, 1 << 20);
	if (file_exists(path) && file_read(path, &old) == NP_OK && str_eq(buf_str(&old), text))
		return NP_OK;
	return file_write_atomic(path, text, mode);
}
