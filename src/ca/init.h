/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - `netpulse ca init`: roots and the first certificates of our own servers.
 *
 * Floor 4 (ca). May be run again: what is there stays.
 */
#pragma once

int init_main(int argc, char **argv);
