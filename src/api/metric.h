/* SPDX-License-Identifier: MIT */
/*
 * metric.h - uWSGI's metrics (--enable-metrics, --metric).
 *
 * uWSGI's own functions look the name up in a list at every call: with eight
 * processes of four threads that takes 2.4 us. So a name is looked up once:
 * metrics are never removed.
 */
#ifndef UPP_API_METRIC_H
#define UPP_API_METRIC_H

#include <stdint.h>

/* contract: begin */

int upp_metric_is_on(void);

/* A metric, for ever valid, in processes forked later, too; NULL: there is none of that name. */
struct upp_metric;
struct upp_metric *upp_metric_find(const char *name);

int64_t upp_metric_get(const struct upp_metric *handle);
/* operation: UPP_NUMBER_... UPP_OK, or UPP_CANNOT: uWSGI computes this one. A divisor is not 0;
 * a minimum not above the metric's initial value has no effect. */
int upp_metric_change(struct upp_metric *handle, int operation, int64_t operand);

/* contract: end */

#endif
