# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the kernel, or env(1), does not start an executable."""

import codecs
import errno
import os
import re
import stat
import struct

# e_machine of elf(5), as uname -m names it.
MACHINES = {
    3: 'i386', 8: 'mips', 20: 'ppc', 21: 'ppc64le', 22: 's390x', 40: 'armv7l', 62: 'x86_64', 183: 'aarch64', 243: 'riscv64', 258: 'loongarch64',
}


def why_not_started(path: str, error: OSError) -> str:
    """Say why execve(2) refused the executable, and what to do about it."""
    try:
        mode = os.stat(path).st_mode
        head = _head(path) if stat.S_ISREG(mode) else b''
    except OSError as unseen:
        return f'{path} cannot be run: {unseen.strerror}.'
    if not stat.S_ISREG(mode):
        return f'{path} is not a regular file.'
    if not mode & 0o111:
        return f'{path} has mode {stat.S_IMODE(mode):04o}, no execute permission; set its mode to 0755.'
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        return f'{path} lies on a file system that is mounted noexec; remount it exec, or use another plugin dir.'
    if head.startswith(b'\x7fELF'):
        return _why_elf_not_started(path, head, error)
    line = shebang(path)
    words = line.split()
    if line.endswith('\r'):
        return _has_crlf(path)
    if words and error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
        return f'{path} wants the interpreter {words[0]}, which this node does not have or may not run; install it, or name another after #!.'
    if head.startswith(codecs.BOM_UTF8):
        return f'{path} has a byte order mark before its #!, which no editor shows and no kernel takes; save it as UTF-8 without one.'
    if error.errno == errno.ENOEXEC:
        return f'{path} is neither a program of this machine nor a script that begins with #! and an interpreter, which it must name.'
    return f'{path} cannot be run: {error.strerror}.'


def why_env_failed(path: str, output: str) -> str:
    """Say what env(1) could not find for a script that begins with #!/usr/bin/env; empty for another one."""
    line = shebang(path)
    words = line.split()
    if not words or os.path.basename(words[0]) != 'env':
        return ''
    if line.endswith('\r'):
        return _has_crlf(path)
    return f"{path} asks env for an interpreter that is not on the kubelet's PATH: {output.strip()[:200]!r}; name it by its full path."


def shebang(path: str) -> str:
    """Return what follows #! in a script's first line, with the carriage return of a CRLF; empty for what is no script, or is gone."""
    match = re.match(rb'#![ \t]*([^\n]*)', _head(path))
    return match.group(1).decode('utf-8', 'replace') if match else ''


def _has_crlf(path: str) -> str:
    return f'{path} has CRLF line ends, so that its interpreter has a carriage return in its name; save it with LF line ends.'


def _why_elf_not_started(path: str, head: bytes, error: OSError) -> str:
    number_of_machine, = struct.unpack('<H' if head[5:6] == b'\x01' else '>H', head[18:20].ljust(2, b'\0'))
    built_for = MACHINES.get(number_of_machine, 'another machine')
    if error.errno == errno.ENOEXEC:
        return f'{path} was built for {built_for}, and this node is {os.uname().machine}; deploy the build for this architecture.'
    return f'{path} needs a dynamic loader that this node does not have; deploy a static build, or one made for its libc.'


def _head(path: str) -> bytes:
    try:
        with open(path, 'rb') as file:
            return file.read(256)
    except OSError:
        # A driver may remove itself.
        return b''
