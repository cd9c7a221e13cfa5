/* SPDX-License-Identifier: MIT */
/* Gives files to a fuzz target, each ending at the guard page. */
#include "../../fuzz/fuzz.h"
#include "unit.h"

int main(int count, char **paths)
{
    static char bytes[1 << 16];
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        if (!file) {
            perror(paths[i]);
            return EXIT_FAILURE;
        }
        size_t length = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        LLVMFuzzerTestOneInput((const uint8_t *)unit_guarded(bytes, length), length);
        printf("ok     %s\n", paths[i]);
    }
    return unit_result();
}
