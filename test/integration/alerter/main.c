/* SPDX-License-Identifier: Apache-2.0 */
/* The alerter alone, as the tests start it: `test-alerter --config FILE`. */
#include "alerter/alerter.h"

int main(int argc, char **argv)
{
	return alerter_main(argc, argv);
}
