/* SPDX-License-Identifier: MIT */
/*
 * prometheus.h - --pypy-prometheus: the numbers of all workers as a page for Prometheus.
 *
 * Any worker answers for all of them, before an application is chosen: requests, statuses and times
 * are counted in memory that all processes share, the rest is uWSGI's, the kernel's, or in
 * numbers.h. The format is Prometheus' text format 0.0.4.
 */
#ifndef UPP_PROMETHEUS_H
#define UPP_PROMETHEUS_H

struct upp_request;
struct wsgi_request;

/* In the `init` hook, once the options are checked: memory for what is counted. Does nothing
 * without the option. */
void upp_prometheus_setup(void);

/* Counts a request that has ended. */
void upp_prometheus_count(const struct wsgi_request *host);

/* 1 if the request is for the page. */
int upp_prometheus_is_asked(const struct upp_request *request);

/* Answers a request for the page. */
void upp_prometheus_answer(struct upp_request *request);

#endif
