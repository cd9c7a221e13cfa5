/* A uWSGI exception handler that prints the packet it is given, one line for each field. */
#include <uwsgi.h>

extern struct uwsgi_server uwsgi;

static char frame[4096];

static void print_variable(char *name, uint16_t name_length, char *value, uint16_t value_length, void *data)
{
    uwsgi_log("handler: var %.*s=%.*s\n", name_length, name, value_length, value);
}

/* Five items for each frame: file, line, function, text, custom. */
static void print_frame_item(uint16_t position, char *value, uint16_t length, void *data)
{
    size_t used = position % 5 ? strlen(frame) : 0;
    snprintf(frame + used, sizeof(frame) - used, "%.*s ", length, value);
    if (position % 5 == 4)
        uwsgi_log("handler: frame=%s\n", frame);
}

static void print_field(char *name, uint16_t name_length, char *value, uint16_t value_length, void *data)
{
    if (!uwsgi_strncmp(name, name_length, "vars", 4))
        uwsgi_hooked_parse(value, value_length, print_variable, NULL);
    else if (!uwsgi_strncmp(name, name_length, "backtrace", 9))
        uwsgi_hooked_parse_array(value, value_length, print_frame_item, NULL);
    else
        uwsgi_log("handler: %.*s=%.*s\n", name_length, name, value_length, value);
}

static int handle(struct uwsgi_exception_handler_instance *instance, char *packet, size_t length)
{
    uwsgi_hooked_parse(packet, length, print_field, NULL);
    return 0;
}

static void on_load(void)
{
    uwsgi_register_exception_handler("testhandler", handle);
}

struct uwsgi_plugin testhandler_plugin = {
    .name = "testhandler",
    .on_load = on_load,
};
