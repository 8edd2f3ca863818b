/* SPDX-License-Identifier: Apache-2.0 */
/* The trampoline between the supervisor and a child: foreign servers cannot ask for a signal at
 * their parent's death themselves, and a child that outlived its supervisor would hold its ports. */
#include "up/up.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/str.h"

int up_exec_main(int argc, char **argv)
{
	uint64_t ppid = 0, sig = 0;
	if (argc < 4 || str_to_u64(str_from_c(argv[1]), &ppid) < 0 ||
	    str_to_u64(str_from_c(argv[2]), &sig) < 0 || sig == 0 || sig > 64)
		return 2;
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)sig) != 0)
		return 1;
	if ((uint64_t)getppid() != ppid) /* it died before we asked */
		return 1;
	char name[] = "netpulse"; /* what `ps` shows */
	bool self = str_eq_c(str_from_c(argv[3]), "self");
	const char *program = self ? "/proc/self/exe" : argv[3];
	if (self)
		argv[3] = name;
	execv(program, argv + 3);
	(void)fprintf(stderr, "cannot start %s: %s\n", argv[3],
		      np_err_text(np_err_from_errno(errno)));
	return 127;
}
