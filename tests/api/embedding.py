"""A library with embedded data, as `ld -r -b binary` makes it, and how a worker loads it."""

import subprocess

# %s: the path of the library
EMBED = 'import ctypes; library = ctypes.CDLL(%r, ctypes.RTLD_GLOBAL)'


def make_library(directory, data, texts=()):
    """Compiles {name: bytes} to the symbols _binary_NAME_start and _end, {name: str} to char pointers. Its path."""
    source = ['.section .rodata']
    for name, content in data.items():
        (directory / name).write_bytes(content)
        source += ['.global _binary_%s_start' % name, '_binary_%s_start:' % name,
                   '.incbin "%s"' % (directory / name),
                   '.global _binary_%s_end' % name, '_binary_%s_end:' % name]
    source += ['.section .note.GNU-stack,"",@progbits', '']
    (directory / 'data.s').write_text('\n'.join(source))
    (directory / 'texts.c').write_text(''.join(
        'const char *%s = "%s";\n' % (name, text) for name, text in dict(texts).items()))
    path = directory / 'libembedded.so'
    subprocess.check_call(['cc', '-shared', '-fPIC', '-o', path, directory / 'data.s', directory / 'texts.c'])
    return path
