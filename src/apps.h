/* SPDX-License-Identifier: MIT */
/*
 * apps.h - uWSGI's table of applications, once all of the configuration are in it.
 */
#ifndef UPP_APPS_H
#define UPP_APPS_H

/* Without an application for "" or "/", the first one that has a path for its mountpoint serves
 * what no mountpoint covers, as in the Python plugin. --no-default-app: none does. */
void upp_apps_choose_default(void);

#endif
