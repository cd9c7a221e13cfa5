/* SPDX-License-Identifier: MIT */
/* vm/maps.c */
#include "unit.h"
#include "vm/maps.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 8192

static struct stat status;
static const char *wanted;
static struct upp_mapping found;
static char name[64];

/* Remembers the one that begins where `wanted` says. */
static void see(const struct upp_mapping *mapping, void *argument)
{
    (void)argument;
    if (mapping->start > wanted || wanted >= mapping->start + mapping->size)
        return;
    found = *mapping;
    strncpy(name, mapping->name, sizeof name - 1);
}

static void look_for(const void *address)
{
    wanted = address;
    memset(&found, 0, sizeof found);
    memset(name, 0, sizeof name);
    CHECK_INT(upp_maps_each(see, NULL), 0);
}

static struct upp_slice text_of(const char *text)
{
    return (struct upp_slice){text, strlen(text)};
}

static void of_a_file(void)
{
    int file = memfd_create("a name", 0);
    CHECK(!ftruncate(file, 3L * SIZE) && !fstat(file, &status));
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, SIZE);
    look_for(memory);
    CHECK(found.start == memory);
    CHECK_INT((int64_t)found.size, SIZE);
    CHECK_INT((int64_t)found.offset, SIZE);
    CHECK(found.inode == status.st_ino);
    CHECK_TEXT(text_of(found.access), "rw-p");
    CHECK_TEXT(text_of(name), "/memfd:a name (deleted)");
    munmap(memory, SIZE);
    look_for(memory);
    CHECK(!found.start);
    close(file);
}

static void of_nothing(void)
{
    char *memory = mmap(NULL, SIZE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    look_for(memory);
    CHECK_TEXT(text_of(found.access), "---s");
    munmap(memory, SIZE);
    memory = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    look_for(memory);
    CHECK_TEXT(text_of(found.access), "r--p");
    CHECK_TEXT(text_of(name), "");
    CHECK_INT((int64_t)found.inode, 0);
    munmap(memory, SIZE);
}

static void of_the_stack(void)
{
    /* a variable may be elsewhere: ASan's fake stack */
    look_for(__builtin_frame_address(0));
    CHECK_TEXT(text_of(name), "[stack]");
}

int main(void)
{
    RUN(of_a_file);
    RUN(of_nothing);
    RUN(of_the_stack);
    return unit_result();
}
