/* SPDX-License-Identifier: Apache-2.0 */
/* attach.h - lets our loop watch the descriptor of a hiredis connection.
 *
 * Floor 3 (redis), for link.c. Goes with the connection.
 */
#pragma once
#include <hiredis/async.h>

#include "net/loop.h"

NP_NODISCARD np_err attach_to_loop(redisAsyncContext *ac, struct loop *l);
