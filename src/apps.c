/* SPDX-License-Identifier: MIT */
/*
 * apps.c - uWSGI's table of applications: what --need-app, stats, %(app) and
 * --manage-script-name look at. Python owns the callables; an id links the two.
 */
#include "apps.h"

#include "compat.h"
#include "contract.h"

static void copy_path(char *target, const char *path)
{
    /* the fields of struct uwsgi_app hold 254 bytes */
    if (path)
        snprintf(target, 0xff, "%s", path);
}

int upp_app_add(const char *mountpoint, size_t length, int64_t seconds, const char *chdir_to,
                const char *touch_reload)
{
    int id = uwsgi_apps_cnt;
    struct stat status;
    if (id >= uwsgi.max_apps) {
        uwsgi_log("no room for application %d (mountpoint='%.*s'): raise --max-apps\n", id,
                  (int)length, mountpoint);
        return -1;
    }
    /* uWSGI takes the slot when `callable` is not NULL, and never calls it */
    void *callable = (void *)(intptr_t)(id + 1);
    struct uwsgi_app *app = uwsgi_add_app(id, 0, (char *)mountpoint, (int)length, NULL, callable);
    app->started_at = uwsgi_now() - (time_t)seconds;
    app->startup_time = (time_t)seconds;
    copy_path(app->chdir, chdir_to);
    copy_path(app->touch_reload, touch_reload);
    if (touch_reload && !stat(app->touch_reload, &status))
        app->touch_reload_mtime = status.st_mtime;
    /* uwsgi_add_app() has copied the entry for the workers before it was complete */
    if (!uwsgi.mywid)
        uwsgi_emulate_cow_for_apps(id);
    return id;
}

int upp_app_is_default(int app)
{
    return app == uwsgi.default_app;
}

void upp_apps_choose_default(void)
{
    if (uwsgi.no_default_app || uwsgi.default_app > -1)
        return;
    for (int id = 0; id < uwsgi_apps_cnt; id++) {
        const struct uwsgi_app *app = &uwsgi_apps[id];
        if (app->modifier1 || !app->mountpoint_len || app->mountpoint[0] != '/')
            continue;
        uwsgi.default_app = id;
        uwsgi_log("app %d (mountpoint='%.*s') serves what no mountpoint covers\n", id,
                  (int)app->mountpoint_len, app->mountpoint);
        return;
    }
}
