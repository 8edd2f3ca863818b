/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the command line of `netpulse up`, checked before anything is touched.
 *
 * Floor 5. Pure apart from reading the SMTP secret's file.
 */
#pragma once
#include "base/args.h"

#define UP_REGIONS_MAX 16
#define UP_REGION_LEN_MAX 32
#define UP_PATH_MAX 90 /* of DIR: sockets below it must fit into 107 bytes */

struct up_options {
	struct args *args; /* owns every text below */
	const char *dir;
	const char *http, *gateway, *enrol; /* ADDR:PORT */
	const char *metrics;                /* ADDR:PORT or NULL */
	const char *user;                   /* service user, when started as root */
	const char *names;     /* comma-separated extra names for certificates, or NULL */
	const char *proxies;   /* comma-separated addresses and networks, or NULL */
	const char *heartbeat; /* URL, or @FILE that holds it, or NULL */
	const char *smtp_url, *smtp_secret_path, *mail_from;
	char regions[UP_REGIONS_MAX][UP_REGION_LEN_MAX + 1];
	size_t n_regions;
	char default_dir[UP_PATH_MAX + 1];
};

/* NP_E_CANCELED: help was printed. NP_E_INVAL: one sentence in *ret_why. */
NP_NODISCARD np_err up_options_parse(int argc, char **argv, struct up_options *ret,
				     struct buf *ret_why);
void up_options_done(struct up_options *o);
