/* SPDX-License-Identifier: Apache-2.0 */
/* banned.h - functions that are easy to misuse do not compile.
 *
 * The system headers that declare them come first, so that only our own uses
 * break. Files that must use one (base/str.c: strtol) undefine it with a reason.
 */
#pragma once
#include <alloca.h> /* IWYU pragma: keep */
#include <signal.h> /* IWYU pragma: keep */
#include <stdio.h>  /* IWYU pragma: keep */
#include <stdlib.h> /* IWYU pragma: keep */
#include <string.h> /* IWYU pragma: keep */
#include <time.h>   /* IWYU pragma: keep */

#undef strcpy
#define strcpy(...) np_banned_strcpy_use_buf
#undef strcat
#define strcat(...) np_banned_strcat_use_buf
#undef strncpy
#define strncpy(...) np_banned_strncpy_use_buf
#undef strncat
#define strncat(...) np_banned_strncat_use_buf
#undef strtok
#define strtok(...) np_banned_strtok_use_str_cut
#undef sprintf
#define sprintf(...) np_banned_sprintf_use_buf_printf
#undef vsprintf
#define vsprintf(...) np_banned_vsprintf_use_buf_printf
#undef gets
#define gets(...) np_banned_gets
#undef atoi
#define atoi(...) np_banned_atoi_use_str_to_u64
#undef atol
#define atol(...) np_banned_atol_use_str_to_u64
#undef atof
#define atof(...) np_banned_atof_use_str_to_double
#undef strtol
#define strtol(...) np_banned_strtol_use_str_to_i64
#undef strtoul
#define strtoul(...) np_banned_strtoul_use_str_to_u64
#undef strtoll
#define strtoll(...) np_banned_strtoll_use_str_to_i64
#undef strtoull
#define strtoull(...) np_banned_strtoull_use_str_to_u64
#undef scanf
#define scanf(...) np_banned_scanf
#undef sscanf
#define sscanf(...) np_banned_sscanf
#undef localtime
#define localtime(...) np_banned_localtime
#undef gmtime
#define gmtime(...) np_banned_gmtime_use_clock
#undef system
#define system(...) np_banned_system
#undef alloca
#define alloca(...) np_banned_alloca
#undef signal
#define signal(...) np_banned_signal_use_sigaction
#undef rand
#define rand(...) np_banned_rand_use_rnd
