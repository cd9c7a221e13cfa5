/* SPDX-License-Identifier: MIT */
#include "metric.h"

#include "../compat.h"
#include "../contract.h"
#include "number.h"

int upp_metric_is_on(void)
{
    return uwsgi.has_metrics != 0;
}

/* The handle is uWSGI's metric, under a name that the contract can have. */
struct upp_metric *upp_metric_find(const char *name)
{
    return (struct upp_metric *)uwsgi_metric_find_by_name((char *)name);
}

int64_t upp_metric_get(const struct upp_metric *handle)
{
    const struct uwsgi_metric *metric = (const struct uwsgi_metric *)handle;
    uwsgi_rlock(uwsgi.metrics_lock);
    int64_t value = *metric->value;
    uwsgi_rwunlock(uwsgi.metrics_lock);
    return value;
}

int upp_metric_change(struct upp_metric *handle, int operation, int64_t operand)
{
    struct uwsgi_metric *metric = (struct uwsgi_metric *)handle;
    if (metric->collector || metric->type == UWSGI_METRIC_ALIAS)
        return UPP_CANNOT;
    if (operation == UPP_NUMBER_MINIMUM && operand <= metric->initial_value)
        return UPP_OK;
    uwsgi_wlock(uwsgi.metrics_lock);
    *metric->value = upp_number_calculate(*metric->value, operation, operand);
    uwsgi_rwunlock(uwsgi.metrics_lock);
    return UPP_OK;
}
