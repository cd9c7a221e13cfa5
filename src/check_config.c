/* SPDX-License-Identifier: MIT */
#include "check_config.h"

#include "compat.h"
#include "migration.h"
#include "vm/find.h"

/* how many compiled modules are named */
#define NAMES_MAX 20

/* ---- reading without doing ---------------------------------------------- */

/* The first option of the file, behind those of the command line; and the values as they were
 * before placeholders were put in, by number. */
static int first;
static char **raw;

static struct uwsgi_string_list *loaded; /* plugins */

static void read_only(void);

/* Other plugins have options, too. The Python plugin's are this one's. */
static void load_plugins(char *name, char *value, void *unused)
{
    const char *sentence;
    char *context = NULL;
    char *names = uwsgi_str(value);
    (void)name;
    (void)unused;
    for (char *plugin = strtok_r(names, ",", &context); plugin;
         plugin = strtok_r(NULL, ",", &context)) {
        if (!upp_migration_is_python(plugin, &sentence) && !strstr(plugin, "pypy") &&
            !uwsgi_string_list_has_item(loaded, plugin, strlen(plugin)) &&
            uwsgi_load_plugin(-1, plugin, NULL))
            uwsgi_string_new_list(&loaded, uwsgi_str(plugin));
    }
    free(names);
    build_options();
    read_only();
}

static void declare_option(char *name, char *value, void *data)
{
    uwsgi_opt_add_custom_option(name, value, data);
    read_only();
}

static int is_reading(const struct uwsgi_option *option)
{
    static void (*const functions[])(char *, char *, void *) = {
        uwsgi_opt_load,
        uwsgi_opt_load_ini,
#ifdef UWSGI_XML
        uwsgi_opt_load_xml,
#endif
#ifdef UWSGI_YAML
        uwsgi_opt_load_yml,
#endif
#ifdef UWSGI_JSON
        uwsgi_opt_load_json,
#endif
        uwsgi_opt_set_placeholder,
        uwsgi_opt_logic,
        uwsgi_opt_noop,
        load_plugins,
        declare_option,
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (option->func == functions[i])
            return 1;
    }
    return uwsgi_endswith(option->name, "ini-paste") ||
           uwsgi_endswith(option->name, "ini-paste-logged");
}

/* uWSGI carries out some options as soon as it reads them. Only those that are about reading. */
static void read_only(void)
{
    for (struct uwsgi_option *option = uwsgi.options; option->name; option++) {
        if (option->func == uwsgi_opt_load_plugin)
            option->func = load_plugins;
        else if (option->func == uwsgi_opt_add_custom_option)
            option->func = declare_option;
        if (!is_reading(option))
            option->flags &= (uint64_t)~UWSGI_OPT_IMMEDIATE;
    }
}

/* As uWSGI does with a bare argument, but with a section behind the name, too. */
static void read_file(char *name, char *file)
{
    const char *section = uwsgi_get_last_char(file, ':');
    char *path =
        section && section != file ? uwsgi_strncopy(file, (int)(section - file)) : uwsgi_str(file);
    if (uwsgi_endswith(path, ".ini"))
        uwsgi_opt_load_ini(name, uwsgi_str(file), NULL);
#ifdef UWSGI_XML
    else if (uwsgi_endswith(path, ".xml"))
        uwsgi_opt_load_xml(name, uwsgi_str(file), NULL);
#endif
#ifdef UWSGI_YAML
    else if (uwsgi_endswith(path, ".yaml") || uwsgi_endswith(path, ".yml"))
        uwsgi_opt_load_yml(name, uwsgi_str(file), NULL);
#endif
#ifdef UWSGI_JSON
    else if (uwsgi_endswith(path, ".json") || uwsgi_endswith(path, ".js"))
        uwsgi_opt_load_json(name, uwsgi_str(file), NULL);
#endif
    else {
        uwsgi_log("--%s %s: its name must end in .ini, .xml, .yaml or .json\n", name, file);
        exit(1);
    }
    free(path);
}

/* ---- the report ---------------------------------------------------------- */

static int reported;
static int fatal;

static void report(const struct uwsgi_opt *line, const char *state, const char *sentence)
{
    printf("%s = %s\n    %s: %s\n", line->key, line->value ? line->value : "true", state, sentence);
    reported++;
}

static int is_true(const char *value)
{
    return !value || (strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0 &&
                      strcasecmp(value, "no") != 0 && strcasecmp(value, "off") != 0);
}

static int count_of(const char *name)
{
    int count = 0;
    for (int i = first; i < uwsgi.exported_opts_cnt; i++)
        count += !strcmp(uwsgi.exported_opts[i]->key, name);
    return count;
}

static const char *last_value_of(const char *name)
{
    const char *value = NULL;
    for (int i = first; i < uwsgi.exported_opts_cnt; i++) {
        if (!strcmp(uwsgi.exported_opts[i]->key, name))
            value = uwsgi.exported_opts[i]->value;
    }
    return value;
}

static void check_plugins(const struct uwsgi_opt *line)
{
    const char *sentence;
    char *context = NULL;
    char *names = uwsgi_str(line->value);
    for (char *plugin = strtok_r(names, ",", &context); plugin;
         plugin = strtok_r(NULL, ",", &context)) {
        if (upp_migration_is_python(plugin, &sentence)) {
            int is_loop = !strstr(sentence, "plugin = pypy");
            report(line, is_loop ? "refused" : "change", sentence);
            fatal |= is_loop;
        } else if (!strstr(plugin, "pypy") &&
                   !uwsgi_string_list_has_item(loaded, plugin, strlen(plugin))) {
            report(line, "unknown", "uWSGI cannot load it here, and its options are not known");
            fatal = 1;
        }
    }
    free(names);
}

/* A name that nothing knows is a placeholder if another line uses it. */
static int is_placeholder(const char *name)
{
    char *use = uwsgi_concat3((char *)"%(", (char *)name, (char *)")");
    size_t length = strlen(name);
    int used = 0;
    for (int i = first; i < uwsgi.exported_opts_cnt && !used; i++) {
        const char *key = uwsgi.exported_opts[i]->key;
        used = raw[i] &&
               (strstr(raw[i], use) || (!strncmp(key, "set", 3) && !strncmp(raw[i], name, length) &&
                                        raw[i][length] == '='));
    }
    free(use);
    return used;
}

/* Changes that make one name of the other: letters put in, left out, replaced. */
static unsigned distance(const char *one, const char *other)
{
    unsigned row[64];
    size_t length = strlen(other);
    if (length >= sizeof row / sizeof row[0])
        return UINT_MAX;
    for (unsigned i = 0; i <= length; i++)
        row[i] = i;
    for (unsigned line = 1; *one; one++, line++) {
        unsigned before = row[0];
        row[0] = line;
        for (size_t i = 1; i <= length; i++) {
            unsigned replaced = before + (*one != other[i - 1]);
            before = row[i];
            row[i] = UMIN(replaced, UMIN(row[i - 1], row[i]) + 1);
        }
    }
    return row[length];
}

static void report_unknown(const struct uwsgi_opt *line)
{
    const char *nearest = NULL;
    unsigned least = 3;
    for (const struct uwsgi_option *option = uwsgi.options; option->name; option++) {
        unsigned found = distance(line->key, option->name);
        if (found < least && found < strlen(line->key) / 2) {
            least = found;
            nearest = option->name;
        }
    }
    char *sentence = uwsgi_concat4(
        (char *)"no option, neither of uWSGI nor of a plugin that is loaded; uWSGI ignores it",
        (char *)(nearest ? ". Is it " : ""), (char *)(nearest ? nearest : ""),
        (char *)(nearest ? "?" : ""));
    report(line, "unknown", sentence);
    free(sentence);
    fatal = 1;
}

static void check_virtualenv(const struct uwsgi_opt *line)
{
    char names[4096];
    const char *directory = last_value_of("chdir");
    char *path = line->value[0] == '/' || !directory
                     ? uwsgi_str(line->value)
                     : uwsgi_concat3((char *)directory, (char *)"/", line->value);
    int count = upp_find_is_of_cpython(path)
                    ? upp_migration_compiled(path, NAMES_MAX, names, sizeof names)
                    : 0;
    if (access(path, F_OK)) {
        report(line, "refused", "there is no such directory; make it with pypy3 -m venv");
        fatal = 1;
    } else if (count) {
        char *sentence = uwsgi_concat3(
            (char *)"CPython made it, and PyPy cannot load these compiled modules in it: ", names,
            (char *)(count > NAMES_MAX ? " and more; pypy3 -m venv makes one for PyPy"
                                       : "; pypy3 -m venv makes one for PyPy"));
        report(line, "limited", sentence);
        free(sentence);
    } else if (upp_find_is_of_cpython(path)) {
        report(line, "the same", "CPython made it, and PyPy can use all that is in it");
        reported--;
    }
    free(path);
}

static void check_stack(const struct uwsgi_opt *line)
{
    if (strtol(line->value, NULL, 10) >= 1024)
        return;
    report(line, "refused", "PyPy needs at least 1024 (KB) of stack in each thread");
    fatal = 1;
}

/* As check_async() in config.c. */
static void check_async(const struct uwsgi_opt *line)
{
    const char *threads = last_value_of("threads");
    if (strtol(line->value, NULL, 10) < 2 || !threads || strtol(threads, NULL, 10) < 2)
        return;
    report(line, "refused", "async and threads exclude each other: leave one of them out");
    fatal = 1;
}

static void check_line(const struct uwsgi_opt *line)
{
    const struct uwsgi_option *option = uwsgi_opt_get(line->key);
    const struct upp_migration *entry = upp_migration_of(line->key, line->value);
    if (option && option->func == load_plugins) {
        check_plugins(line);
    } else if (entry) {
        /* the order of one is none */
        int is_order = !strcmp(entry->state, "another order");
        if (!is_true(line->value) || (is_order && count_of(line->key) < 2))
            return;
        report(line, entry->state, entry->sentence);
        fatal |= entry->is_fatal;
    } else if (!option && !is_placeholder(line->key)) {
        report_unknown(line);
    } else if (line->value && !strcmp(line->key, "threads-stacksize")) {
        check_stack(line);
    } else if (line->value && !strcmp(line->key, "async")) {
        check_async(line);
    } else if (option && option->shortcut == 'H' && line->value) {
        check_virtualenv(line);
    }
}

void upp_check_config(char *name, char *file, void *unused)
{
    (void)unused;
    first = uwsgi.exported_opts_cnt;
    read_only();
    read_file(name, file);
    raw = uwsgi_calloc(sizeof(char *) * (size_t)(uwsgi.exported_opts_cnt + 1));
    for (int i = first; i < uwsgi.exported_opts_cnt; i++)
        raw[i] = uwsgi.exported_opts[i]->value;
    uwsgi_apply_config_pass('$', (char *(*)(char *))getenv);
    uwsgi_apply_config_pass('%', uwsgi_manage_placeholder);
    int lines = uwsgi.exported_opts_cnt - first;
    for (int i = first; i < uwsgi.exported_opts_cnt; i++)
        check_line(uwsgi.exported_opts[i]);
    printf("%s: %d of %d options mean something else with the pypy plugin\n", file, reported,
           lines);
    fflush(stdout);
    exit(fatal);
}
