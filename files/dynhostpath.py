#!/usr/bin/python3 -IScimport sys;exec(open(sys.argv[1]).read().split('\n# --')[0])
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dynhostpath: a FlexVolume driver that gives each pod its own directory below one base directory of the node.

    dynhostpath init | mount MOUNT_DIR JSON | unmount MOUNT_DIR      as the kubelet calls it
    dynhostpath prune [--dry-run]                                    as a timer, or a person, calls it

A callout goes one way: parse it, decide on the options, walk the path below the base, mount, answer.
The administrator's settings lie in .config.json beside this file; docs/docsite/rst/dynhostpath.rst explains each of them.
"""

# Start-up is what a callout costs: -IS leaves out the site module, posix stands in for os, what only some callouts need is imported there,
# and the file is not compiled each time: the first line runs no more than this head, which fetches the compiled form of the whole.
# Under another first line, or as `python3 dynhostpath.py init`, all works the same, only at twice the price.
import errno
import posix
import sys
import time

CACHE = '/run/nodeops~dynhostpath'


def compiled(path: str):
    """Return this file's code, from the cache if its checksum, over source and code, says that it was made of this very source and is whole."""
    import marshal
    from binascii import crc32
    cache = f'{CACHE}/{sys.hexversion:x}'
    with open(path, 'rb') as file:
        source = file.read()
    checksum = crc32(source)
    try:
        with open(cache, 'rb') as file:
            status = posix.fstat(file.fileno())
            if status.st_uid == posix.geteuid() and not status.st_mode & 0o022:
                kept = memoryview(file.read())
                if crc32(kept[4:], checksum) == int.from_bytes(kept[:4], 'big'):
                    return marshal.loads(kept[4:])
    except (OSError, ValueError, EOFError, TypeError):
        pass
    code = compile(source, path, 'exec')
    try:
        if not posix.access(CACHE, posix.F_OK):
            posix.mkdir(CACHE, 0o700)
        # Of another source or interpreter, or of a writer that was killed. One that still writes, beside us, does without.
        for name in posix.listdir(CACHE):
            posix.unlink(f'{CACHE}/{name}')
        fresh, whole = f'{cache}.{posix.getpid()}', marshal.dumps(code)
        with open(fresh, 'xb') as new:
            new.write(crc32(whole, checksum).to_bytes(4, 'big') + whole)
        posix.rename(fresh, cache)
    except OSError:
        pass
    return code


if __name__ == '__main__' and '__file__' not in globals():
    __file__ = sys.argv.pop(1)
    exec(compiled(__file__))

# ---- settings ----------------------------------------------------------------------------------------------------------------------------

DEFAULTS = {
    'base': '/var/lib/dynhostpath',
    'own_mount': False,
    'layout': '{namespace}/{pod}/{uid}',
    'owner': 0,
    'group': 0,
    'mode': '0755',
    'mount_flags': ['nosuid', 'nodev'],
    'retention': 'retain',
    'size': None,
    'by_pod': False,
    'pod_options': {},
}
FIELDS = ('namespace', 'pod', 'uid', 'volume')
# Were fsGroup or selinuxRelabel true, the kubelet or the runtime would visit every file of the volume at each start of its pod.
CAPABILITIES = {'attach': False, 'selinuxRelabel': False, 'fsGroup': False, 'requiresFSResize': False, 'supportsMetrics': True}

DIGITS = frozenset('0123456789')
SAFE = DIGITS.union('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-')
SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}
BYTES = {'Ki': 1 << 10, 'Mi': 1 << 20, 'Gi': 1 << 30, 'Ti': 1 << 40}
FOREVER = 1 << 62
# The first of January 2026: a clock that shows less was not set yet.
CLOCK_IS_SET = 1767225600
# So many names are removed while the kubelet waits; the others are left to prune.
AT_UNMOUNT = 10000

# The same values in mount(2), mount_setattr(2) and statvfs(3).
RDONLY = 1
MOUNT_FLAGS = {'nosuid': 2, 'nodev': 4, 'noexec': 8}
ALL_FLAGS = 15
DIRECTORY = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW

# The driver's own directories below the base. No pod can name them: none of its values begins with a dot.
STATE, TRASH, BY_POD = '.state', '.trash', '.by-pod'
UNFINISHED = NEW_RECORD, NEW_IMAGE = '.new', '.new-image'
HIDDEN = '.mount'

HINTS = {
    errno.ENOENT: 'it does not exist; list it under host_paths of this driver',
    errno.ENOSPC: 'free some space or inodes on its file system',
    errno.EDQUOT: 'the quota is used up; free some space or raise it',
    errno.EROFS: 'mount its file system read-write',
    errno.EFBIG: 'its file system takes no file of that size; write a smaller one',
    errno.ELOOP: 'a symbolic link lies there; remove it',
    errno.ENOTDIR: 'a symbolic link or a file lies there; remove it',
}


class Refused(Exception):
    """One sentence for the reader of the pod's events: what is wrong, where, and what to do about it."""


def explain(error: OSError, where: str) -> str:
    return f'{where}: {error.strerror}: {HINTS.get(error.errno or 0, "see the driver log in the journal of the node")}.'


# ---- JSON ----------------------------------------------------------------------------------------------------------------------------

class Scanner:
    """What the C scanner behind json.loads wants to know; the json package around it loads re, which costs as much as the interpreter."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def parse_object(text: str, what: str) -> dict:
    """Return the one JSON object in C(text); the error names it as C(what) and never quotes it, as it may hold secrets."""
    from _json import make_scanner
    text = text.strip(' \t\r\n')
    try:
        value, end = make_scanner(Scanner)(text, 0)  # type: ignore[arg-type]
    except (StopIteration, ValueError, RecursionError, SystemError):
        # SystemError: the scanner wanted to raise JSONDecodeError, but nobody has imported json.
        raise Refused(f'{what}: not valid JSON.') from None
    if end != len(text) or not isinstance(value, dict):
        raise Refused(f'{what}: not one JSON object.')
    return value


def to_json(value) -> str:
    """Write None, a boolean, an integer, a string, or a dictionary of such."""
    if isinstance(value, dict):
        return '{' + ', '.join(f'{to_json(key)}: {to_json(item)}' for key, item in value.items()) + '}'
    if isinstance(value, str):
        from _json import encode_basestring_ascii
        return encode_basestring_ascii(value)
    return 'null' if value is None else repr(value).lower()


# ---- values: a parser takes what a JSON file or a pod says, and what to call it ----------------------------------------------------------

def component(value, what: str) -> str:
    if not isinstance(value, str) or not value or value[0] == '.' or len(value) > 255 or not SAFE.issuperset(value):
        raise Refused(f'{what} {value!r:.80}: not one path component; write letters, digits, ".", "_", "-", no leading dot, at most 255.')
    return value


def kubernetes_name(value, what: str) -> str:
    """Check a name that the kubelet says. None has a "_", so that it can keep names apart that a layout joins."""
    if '_' in component(value, what):
        raise Refused(f'{what} {value!r:.80}: no name of Kubernetes, which knows no "_".')
    return value


def identity(value, what: str) -> int:
    number = int(value) if isinstance(value, str) and 0 < len(value) <= 10 and DIGITS.issuperset(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2 ** 32 - 1:
        raise Refused(f'{what} {value!r:.80}: not a user or group id; write a number from 0 to 4294967294.')
    return number


def permissions(value, what: str) -> int:
    if not isinstance(value, str) or not 3 <= len(value) <= 4 or not frozenset('01234567').issuperset(value):
        raise Refused(f'{what} {value!r:.80}: not a mode; write three or four octal digits as a string, as in "0750".')
    return int(value, 8)


def retention(value, what: str) -> int:
    """Return for how many seconds the data outlive their volume."""
    if value in ('retain', 'delete'):
        return FOREVER if value == 'retain' else 0
    return quantity(value, SECONDS, what, '"retain", "delete" or a time such as "12h" or "7d"')


def size(value, what: str) -> int:
    """Return the volume's limit in bytes."""
    wanted = 'a size such as "500Mi" or "10Gi", at least "4Mi"'
    limit = quantity(value, BYTES, what, wanted)
    if not 4 << 20 <= limit < 1 << 60:
        raise Refused(f'{what} {value!r:.80}: out of range; write {wanted}.')
    return limit


def optional_size(value, what: str):
    return None if value is None else size(value, what)


def quantity(value, units: dict, what: str, wanted: str) -> int:
    for unit in units if isinstance(value, str) else ():
        number = value[:-len(unit)]
        if value.endswith(unit) and 0 < len(number) <= 15 and DIGITS.issuperset(number):
            return int(number) * units[unit]
    raise Refused(f'{what} {value!r:.80}: write {wanted}.')


def layout(value, what: str) -> list:
    """Return the components, each with its {fields}."""
    parts = value.split('/') if isinstance(value, str) else ['']
    for part in parts:
        filled = fill(part, dict.fromkeys(FIELDS, 'x'))
        if '{' in filled or '}' in filled:
            raise Refused(f'{what} {value!r:.200}: no such placeholder; there are {", ".join("{" + field + "}" for field in FIELDS)}.')
        component(filled, what + ', in which a component is')
    return parts


def fill(part: str, names: dict) -> str:
    for field in FIELDS:
        part = part.replace('{' + field + '}', names[field])
    return part


def is_ambiguous(part: str) -> bool:
    """Tell whether two pods could fill a component's fields with different names and get the same text."""
    between = fill(part, dict.fromkeys(FIELDS, '/')).split('/')[1:-1]
    return any('_' not in text for text in between)


def absolute(value, what: str) -> str:
    if not isinstance(value, str) or value[:1] != '/' or '\0' in value or not {'', '.', '..'}.isdisjoint(value[1:].split('/')):
        raise Refused(f'{what} {value!r:.200}: not a plain absolute path; write one without ".", "..", "//" and a slash at its end.')
    return value


def mount_flags(value, what: str) -> int:
    if not isinstance(value, list) or not all(isinstance(flag, str) and flag in MOUNT_FLAGS for flag in value):
        raise Refused(f'{what} {value!r:.80}: write a list of {", ".join(MOUNT_FLAGS)}.')
    return sum(MOUNT_FLAGS[flag] for flag in set(value))


def switch(value, what: str) -> bool:
    if not isinstance(value, bool):
        raise Refused(f'{what} {value!r:.80}: write true or false.')
    return value


def pod_options(value, what: str) -> dict:
    """Return {option: (least, most)} of the options that a pod may set."""
    if not isinstance(value, dict):
        raise Refused(f'{what} {value!r:.80}: write an object with the options that a pod may set, each with its bounds.')
    return {option: bounds(limits, option, f'{what}.{option:.80}') for option, limits in value.items()}


def bounds(value, option: str, what: str) -> tuple:
    if option not in POD_OPTIONS:
        raise Refused(f'{what}: no option that a pod can set; there are {", ".join(POD_OPTIONS)}.')
    parse, wanted = POD_OPTIONS[option]
    if not isinstance(value, dict) or set(value) != set(wanted):
        raise Refused(f'{what} {value!r:.80}: its bounds are an object with {" and ".join(wanted) or "nothing in it"}.')
    return tuple(parse(value[bound], f'{what}.{bound}') for bound in wanted)


SETTINGS = {
    'base': absolute, 'own_mount': switch, 'layout': layout, 'owner': identity, 'group': identity, 'mode': permissions,
    'mount_flags': mount_flags, 'retention': retention, 'size': optional_size, 'by_pod': switch, 'pod_options': pod_options,
}
POD_OPTIONS: dict = {
    'mode': (permissions, ('max',)), 'owner': (identity, ('min', 'max')), 'group': (identity, ('min', 'max')),
    'subdirectory': (component, ()), 'retention': (retention, ('max',)), 'size': (size, ('max',)),
}


# ---- what the administrator, the kubelet and the pod say --------------------------------------------------------------------------------

def configuration() -> dict:
    """Read and check the administrator's settings; without a file they are the defaults."""
    path = __file__[:__file__.rfind('/') + 1] + '.config.json'
    try:
        fd = posix.open(path, posix.O_RDONLY)
    except FileNotFoundError:
        return settle_configuration({}, path)
    try:
        text = b''.join(iter(lambda: posix.read(fd, 65536), b'')).decode()
    except (OSError, ValueError) as error:
        raise Refused(f'{path}: cannot be read as UTF-8 text: {error}.') from None
    finally:
        posix.close(fd)
    return settle_configuration(parse_object(text, path), path)


def settle_configuration(given: dict, path: str) -> dict:
    unknown = sorted(set(given) - set(SETTINGS))
    if unknown:
        raise Refused(f'{path}: unknown setting {unknown[0]!r:.80}; there are {", ".join(SETTINGS)}.')
    config = {name: parse(given.get(name, DEFAULTS[name]), f'{path}: {name}') for name, parse in SETTINGS.items()}
    fields = ''.join(config['layout'])
    if '{uid}' not in fields and (config['retention'] != FOREVER or 'retention' in config['pod_options']):
        raise Refused(f'{path}: retention needs {{uid}} in the layout, or the data of one pod could be deleted with those of another.')
    if not ('{uid}' in fields and '{volume}' in fields) and (config['size'] or 'size' in config['pod_options']):
        raise Refused(f'{path}: size needs {{uid}} and {{volume}} in the layout, or two volumes would share one limit.')
    ambiguous = [part for part in config['layout'] if is_ambiguous(part)]
    if ambiguous and '{uid}' not in fields:
        raise Refused(f'{path}: layout: two pods could get the same {ambiguous[0]}; join fields by "_", which no name has, or add {{uid}}.')
    return config


def identify(mount_dir: str) -> dict:
    """Read the pod's uid and the volume's name from the kubelet's ROOT/pods/UID/volumes/VENDOR~DRIVER/VOLUME."""
    parts = absolute(mount_dir, 'mount dir').split('/')
    if len(parts) < 7 or parts[-5] != 'pods' or parts[-3] != 'volumes':
        raise Refused(f'mount dir {mount_dir!r:.200}: no volume of a kubelet; write ROOT/pods/UID/volumes/VENDOR~DRIVER/VOLUME.')
    return {'uid': kubernetes_name(parts[-4], 'pod uid in the mount dir'), 'volume': kubernetes_name(parts[-1], 'volume name in the mount dir')}


def decide(config: dict, options: dict, volume: dict) -> dict:
    """Return the directory, owner, group, mode, mount flags, retention and size that this volume gets; refuse what the pod must not say."""
    volume['namespace'] = kubernetes_name(options.get('kubernetes.io/pod.namespace'), 'kubernetes.io/pod.namespace')
    volume['pod'] = kubernetes_name(options.get('kubernetes.io/pod.name'), 'kubernetes.io/pod.name')
    if options.get('kubernetes.io/pod.uid') != volume['uid']:
        raise Refused(f'kubernetes.io/pod.uid {options.get("kubernetes.io/pod.uid")!r:.80}: the mount dir is that of pod {volume["uid"]}.')
    access = options.get('kubernetes.io/readwrite', 'rw')
    if access not in ('ro', 'rw'):
        raise Refused(f'kubernetes.io/readwrite {access!r:.80}: write ro or rw.')

    wishes = {name: wish(config, name, value) for name, value in options.items() if not name.startswith('kubernetes.io/')}
    plan = {name: wishes.get(name, config[name]) for name in ('owner', 'group', 'mode', 'size')}
    plan['retention'] = wishes.get('retention')
    plan['directory'] = [component(fill(part, volume), 'path component') for part in config['layout']]
    if 'subdirectory' in wishes:
        plan['directory'].append(wishes['subdirectory'])
    plan['flags'] = config['mount_flags'] | (RDONLY if access == 'ro' else 0)
    fs_group = options.get('kubernetes.io/mounterArgs.FsGroup') or options.get('kubernetes.io/fsGroup')
    if fs_group:
        plan['group'] = identity(fs_group, 'fsGroup')
        plan['mode'] |= 0o2050 if access == 'ro' else 0o2070
    return plan


def wish(config: dict, name: str, value):
    """Return what the pod asks for, if the administrator lets it."""
    allowed = config['pod_options']
    if name not in allowed:
        raise Refused(f'option {name!r:.80}: not one that a pod may set on this node; it may set {", ".join(allowed) or "none"}.')
    if not isinstance(value, str):
        raise Refused(f'option {name}: not a string.')
    wanted = POD_OPTIONS[name][0](value, f'option {name}')
    limits = allowed[name]
    if name == 'mode':
        fits = not wanted & ~limits[0]
    else:
        fits = not limits or (limits[0] if len(limits) > 1 else 0) <= wanted <= limits[-1]
    if not fits:
        raise Refused(f'option {name} {value!r:.80}: outside of what this node allows.')
    return wanted


# ---- the path: by descriptors, one component at a time, through no symlink --------------------------------------------------------------

def walk(start: int, names: list, made=None, private: bool = False) -> int:
    """Return a descriptor of the directory at C(names) below C(start); with a list C(made), make what is missing and note it there.

    The driver's own, C(private) directories are root's alone; one that is not was put there by somebody else.
    """
    here = posix.dup(start)
    try:
        for depth, name in enumerate(names, 1):
            if made is not None:
                try:
                    posix.mkdir(name, 0o700 if private else 0o755, dir_fd=here)
                    made.append(names[:depth])
                except FileExistsError:
                    pass
            above, here = here, posix.open(name, DIRECTORY, dir_fd=here)
            posix.close(above)
            if private:
                refuse_foreign(here, '/'.join(names[:depth]))
    except (OSError, Refused) as error:
        posix.close(here)
        if isinstance(error, OSError):
            error.filename = '/'.join(names[:depth])
        raise
    return here


def refuse_foreign(directory: int, where: str, sticky: int = 0) -> int:
    """Refuse a directory in which others than root could exchange what lies there; return its mode."""
    status = posix.fstat(directory)
    if status.st_uid or (status.st_mode & 0o022 and not status.st_mode & sticky):
        raise Refused(f'{where}: others than root can write to it (owner {status.st_uid}, mode {status.st_mode & 0o7777:04o}); '
                      'give it to root and take write permission from the others, or choose another base.')
    return status.st_mode & 0o7777


def open_base(config: dict) -> int:
    """Return a descriptor of the base, which none but root can exchange, nor enter past the mount flags."""
    where, path, here, closed = f'base {config["base"]}', '', posix.open('/', DIRECTORY), False
    try:
        for name in config['base'][1:].split('/'):
            # In a sticky directory, such as /tmp, nobody can exchange what is root's.
            mode = refuse_foreign(here, f'{where}, at {path or "/"}', 0o1000)
            closed = closed or (path != '' and not mode & 0o011)
            path += '/' + name
            above, here = here, posix.open(name, DIRECTORY, dir_fd=here)
            posix.close(above)
        mode = refuse_foreign(here, where)
        if config['own_mount'] and mount_id_at('/') == mount_id(here):
            raise Refused(f'{where}: it lies on the root file system, though own_mount is set; mount its file system.')
        if mode & 0o011 and not closed:
            missing = config['mount_flags'] & ~posix.fstatvfs(here).f_flag
            if missing:
                flags = ', '.join(name for name, flag in MOUNT_FLAGS.items() if missing & flag)
                raise Refused(f'{where}: its mode {mode:04o} lets others than root in, past the mount_flags {flags}; give it mode 0700, or mount it with '
                              'them.')
    except OSError as error:
        posix.close(here)
        raise Refused(explain(error, f'{where}, at {path}')) from None
    return here


def persist(function, *arguments):
    """Call it again where an unmount or a prune that tidies up beside us took an empty directory away in between."""
    for _attempt in range(100):
        try:
            return function(*arguments)
        except FileNotFoundError as error:
            last = error
    raise last


def make_directory(base: int, names: list, made: list, private: bool = False) -> int:
    return persist(walk, base, names, made, private)


def remove_empty(base: int, names: list, keep: int = 0):
    """Remove the directory at C(names) and its parents as far as they are empty, down to C(keep) components."""
    for depth in range(len(names), keep, -1):
        try:
            parent = walk(base, names[:depth - 1])
        except OSError:
            continue
        try:
            posix.rmdir(names[depth - 1], dir_fd=parent)
        except FileNotFoundError:
            pass
        except OSError:
            return
        finally:
            posix.close(parent)


def remove_made(base: int, made: list):
    """Remove the directories that were noted when they were made, those that are empty."""
    for names in reversed(made):
        remove_empty(base, names, len(names) - 1)


def own(directory: int, plan: dict):
    now = posix.fstat(directory)
    if (now.st_uid, now.st_gid) != (plan['owner'], plan['group']):
        posix.chown(directory, plan['owner'], plan['group'])
    if now.st_mode & 0o7777 != plan['mode']:
        posix.chmod(directory, plan['mode'])


# ---- system calls that Python does not wrap ----------------------------------------------------------------------------------------------

OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, AT_EMPTY_PATH, MOVE_BY_DESCRIPTORS = 1, 0x1000, 0x44
MS_REMOUNT, MS_BIND = 32, 4096
MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8


def libc(name: str, *arguments) -> int:
    """Call a function of the C library with numbers, bytes and None; raise OSError where it returns -1."""
    function, get_errno = libc_function(name)
    result = function(*arguments)
    if result == -1:
        raise OSError(get_errno(), posix.strerror(get_errno()))
    return result


def libc_function(name: str) -> tuple:
    """Return the function and what tells its errno."""
    try:
        # The C half of ctypes; the Python half, which is not needed here, costs ten times as much to load.
        import _ctypes

        class Function(_ctypes.CFuncPtr):
            _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO

        return Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), name)), _ctypes.get_errno  # type: ignore[arg-type]
    except (ImportError, AttributeError):
        import ctypes
        return ctypes.CDLL(None, use_errno=True)[name], ctypes.get_errno


def encode(path: str) -> bytes:
    return path.encode(sys.getfilesystemencoding(), 'surrogateescape')


def bind(directory: int, target: int, flags: int, state: int):
    """Mount one open directory on another; only with these flags does the mount become visible, whenever the driver is killed."""
    try:
        tree = libc('syscall', OPEN_TREE, directory, b'', AT_EMPTY_PATH | OPEN_TREE_CLONE)
        libc('syscall', MOUNT_SETATTR, tree, b'', AT_EMPTY_PATH, flags.to_bytes(8, sys.byteorder) + bytes(24), 32)
        libc('syscall', MOVE_MOUNT, tree, b'', target, b'', MOVE_BY_DESCRIPTORS)
    except OSError as error:
        # Linux before 5.12, or a filter that does not know these calls.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        bind_twice(directory, target, flags, state)


def bind_twice(directory: int, target: int, flags: int, state: int):
    """Set the flags on a mount that nobody sees, among the pod's records, and mount that: a bind mount inherits them."""
    uncover(state)
    posix.mkdir(HIDDEN, 0o700, dir_fd=state)
    hidden = b'/proc/self/fd/%d/' % state + HIDDEN.encode()
    try:
        libc('mount', b'/proc/self/fd/%d' % directory, hidden, None, MS_BIND, None)
        libc('mount', None, hidden, None, MS_REMOUNT | MS_BIND | flags, None)
        libc('mount', hidden, b'/proc/self/fd/%d' % target, None, MS_BIND, None)
    finally:
        uncover(state)


def uncover(state: int):
    """Remove the hidden mount."""
    detach(f'/proc/self/fd/{state}/{HIDDEN}')
    try:
        posix.rmdir(HIDDEN, dir_fd=state)
    except FileNotFoundError:
        pass


def mount_id(fd: int) -> bytes:
    """Return the id of the mount on which an open file lies, at the same price however many mounts there are."""
    info = posix.open(f'/proc/self/fdinfo/{fd}', posix.O_RDONLY)
    try:
        return posix.read(info, 4096).partition(b'mnt_id:')[2].split()[0]
    finally:
        posix.close(info)


def is_mounted(directory: int) -> bool:
    """Tell whether the open directory is the root of a mount."""
    above = posix.open('..', posix.O_PATH | posix.O_DIRECTORY, dir_fd=directory)
    try:
        return mount_id(directory) != mount_id(above)
    finally:
        posix.close(above)


def mount_id_at(path: str) -> bytes:
    directory = posix.open(path, posix.O_PATH | posix.O_DIRECTORY)
    try:
        return mount_id(directory)
    finally:
        posix.close(directory)


def mount_point_of(path: str) -> str:
    """Return where the file system that holds the directory is mounted."""
    mount = mount_id_at(path)
    while path != '/':
        above = path.rpartition('/')[0] or '/'
        if mount_id_at(above) != mount:
            break
        path = above
    return path


def is_mount_point(path: str) -> bool:
    try:
        directory = open_mount_dir(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return is_mounted(directory)
    finally:
        posix.close(directory)


def open_mount_dir(mount_dir: str) -> int:
    return posix.open(mount_dir, posix.O_PATH | posix.O_DIRECTORY | posix.O_NOFOLLOW)


def attach(directory: int, mount_dir: str, flags: int, state: int):
    """Make the directory appear at the mount dir with exactly these flags; once, however often it is called."""
    try:
        target = open_mount_dir(mount_dir)
    except OSError as error:
        raise Refused(explain(error, f'mount dir {mount_dir}')) from None
    # What the base is mounted with holds for its volumes too.
    flags |= posix.fstatvfs(directory).f_flag & ALL_FLAGS
    if not is_mounted(target):
        bind(directory, target, flags, state)
    elif not same_file(target, directory):
        raise Refused(f'mount dir {mount_dir}: something else is mounted there; unmount it.')
    elif posix.statvfs(mount_dir).f_flag & ALL_FLAGS != flags:
        libc('mount', None, encode(mount_dir), None, MS_REMOUNT | MS_BIND | flags, None)
    if posix.statvfs(mount_dir).f_flag & ALL_FLAGS != flags:
        detach(mount_dir)
        raise Refused(f'mount dir {mount_dir}: the kernel did not take the mount flags {flags}; look into its log.')


def same_file(one: int, other: int) -> bool:
    return posix.fstat(one)[1:3] == posix.fstat(other)[1:3]


def detach(mount_dir: str):
    """Unmount what is mounted on the directory, stacked or not; nothing mounted, or nothing there, is fine."""
    lazily = vain = 0
    while is_mount_point(mount_dir):
        try:
            libc('umount2', encode(mount_dir), UMOUNT_NOFOLLOW | lazily)
        except OSError as error:
            # Somebody looks into the volume: take it out of sight at once, rather than keep its pod Terminating.
            if error.errno == errno.EBUSY and not lazily:
                lazily = MNT_DETACH
            # Somebody else was faster; but what still is there was locked by the owner of the user namespace.
            elif error.errno == errno.EINVAL and not vain:
                vain = 1
            else:
                raise


# ---- the record of a volume: BASE/.state/UID/VOLUME ---------------------------------------------------------------------------------------

def lock_pod(base: int, uid: str, made=None, wait: bool = True) -> int:
    """Return a descriptor of the directory with the pod's records, locked: callouts for one pod, and prune, wait for each other."""
    from fcntl import LOCK_EX, LOCK_NB, flock
    while True:
        state = walk(base, [STATE, uid], private=True) if made is None else make_directory(base, [STATE, uid], made, private=True)
        flock(state, LOCK_EX if wait else LOCK_EX | LOCK_NB)
        if posix.fstat(state).st_nlink:
            return state
        posix.close(state)


def create(name: str, directory: int) -> int:
    """Open a file that is new; what bears its name was left by a callout that was killed."""
    forget(directory, name)
    return posix.open(name, posix.O_RDWR | posix.O_CREAT | posix.O_EXCL, 0o600, dir_fd=directory)


def write_record(state: int, volume: str, record: dict):
    fd = create(NEW_RECORD, state)
    try:
        text = to_json(record).encode()
        if posix.write(fd, text) != len(text):
            raise OSError(errno.ENOSPC, posix.strerror(errno.ENOSPC))
        mark(fd, 0)
        posix.rename(NEW_RECORD, volume, src_dir_fd=state, dst_dir_fd=state)
    except OSError:
        forget(state, NEW_RECORD)
        raise
    finally:
        posix.close(fd)


def mark(record, ended: float, state=None):
    """Note when the volume ended (0: it has not) as the time of its record, which works on a full disk as well."""
    posix.utime(record, (ended, ended), dir_fd=state)


def read_record(state: int, uid: str, volume: str) -> dict:
    """Return the record, with the time of its end, or an empty one where there is none; refuse what is not one that this driver wrote."""
    try:
        fd = posix.open(volume, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK, dir_fd=state)
        try:
            record = parse_object(posix.read(fd, 65536).decode(), 'its text')
            check_record(record, uid, volume)
            return dict(record, ended=posix.fstat(fd).st_mtime)
        finally:
            posix.close(fd)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, Refused) as error:
        raise Refused(f'{STATE}/{uid}/{volume} in the base: no record of this driver ({str(error).rstrip(".")}); the data of the pod are kept until the '
                      'volume is mounted again, or that is removed.') from None


def check_record(record: dict, uid: str, volume: str):
    directory = record.get('directory')
    for part in [record.get('namespace'), record.get('pod')] + (directory.split('/') if isinstance(directory, str) else [directory]):
        component(part, 'name')
    if identify(record.get('mount_dir', '')) != {'uid': uid, 'volume': volume}:
        raise Refused('it is of another volume')
    if not all(isinstance(record.get(name, 0), int) for name in ('retention', 'size')):
        raise Refused('retention and size are no numbers')


def forget(state: int, volume: str):
    try:
        posix.unlink(volume, dir_fd=state)
    except FileNotFoundError:
        pass


def link(base: int, record: dict, uid: str, volume: str):
    """Point .by-pod/NAMESPACE/POD/VOLUME, the path for log collectors, at the directory of the pod's latest incarnation."""
    shelf = make_directory(base, [BY_POD, record['namespace'], record['pod']], [])
    target = '../../../' + record['directory']
    try:
        if read_link(shelf, volume) != target:
            fresh = unfinished_link(uid)
            forget(shelf, fresh)
            posix.symlink(target, fresh, dir_fd=shelf)
            posix.rename(fresh, volume, src_dir_fd=shelf, dst_dir_fd=shelf)
    finally:
        posix.close(shelf)


def unlink_if_ours(base: int, record: dict, uid: str, volume: str):
    names = [BY_POD, record['namespace'], record['pod']]
    try:
        shelf = walk(base, names)
        forget(shelf, unfinished_link(uid))
        if read_link(shelf, volume) == '../../../' + record['directory']:
            posix.unlink(volume, dir_fd=shelf)
        posix.close(shelf)
    except FileNotFoundError:
        # A run that was killed had got as far as this.
        pass
    remove_empty(base, names, 1)


def unfinished_link(uid: str) -> str:
    return '.' + uid


def read_link(shelf: int, name: str):
    try:
        return posix.readlink(name, dir_fd=shelf)
    except FileNotFoundError:
        return None


# ---- the size limit: a loop-mounted image; a project quota is none, as whoever owns a file may take it out of its project -----------------

BYTES_PER_INODE = 16384


def image_of(volume: str) -> str:
    return '.image-' + volume


def bound(base: int, state: int, volume: str, plan: dict, directory: int, before: dict) -> int:
    """Return a descriptor of the directory, which from here on holds no more than the plan's size."""
    image = image_of(volume)
    if is_mounted(directory):
        return directory
    if not exists(image, state):
        if next(entries_of(directory), None):
            # Version 0.1.0 used project quotas where it could, and a volume of its has one still.
            if before:
                return directory
            raise Refused(f'size: {"/".join(plan["directory"])} in the base holds data that no image bounds; move them away.')
        make_image(state, image, plan['size'])
    # mount(8) sets up the loop device so that it goes with the mount, or with a mount that fails; for that, one call has to do both. It mounts on its
    # working directory, since that of Debian 13 (util-linux 2.41) follows no link in /proc to where it shall mount.
    flags = ','.join(['loop'] + [name for name, flag in MOUNT_FLAGS.items() if plan['flags'] & flag])
    run((state, directory), f'/proc/self/fd/{directory}', 'mount', '--no-canonicalize', '-t', 'ext4', '-o', flags, f'/proc/self/fd/{state}/{image}', '.')
    posix.close(directory)
    directory = walk(base, plan['directory'])
    remove_empty(directory, ['lost+found'])
    return directory


def make_image(state: int, image: str, limit: int):
    fd = create(NEW_IMAGE, state)
    try:
        posix.ftruncate(fd, limit)
        run((state,), '/', 'mkfs.ext4', '-q', '-F', '-m', '0', '-i', str(BYTES_PER_INODE), f'/proc/self/fd/{state}/{NEW_IMAGE}')
        posix.rename(NEW_IMAGE, image, src_dir_fd=state, dst_dir_fd=state)
    except (OSError, Refused):
        forget(state, NEW_IMAGE)
        raise
    finally:
        posix.close(fd)


def run(descriptors: tuple, place: str, *command):
    """Run a tool that makes or mounts images. With the descriptors it has the pod's lock, should the driver be killed meanwhile."""
    import subprocess
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=descriptors, cwd=place,
                                check=False, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'})
    except FileNotFoundError:
        raise Refused(f'size: {command[0]} is missing on this node; install it.') from None
    if result.returncode:
        output = ' '.join(result.stdout.decode('utf-8', 'replace').split())
        raise Refused(f'size: {command[0]} failed: {output:.300}')


def release(base: int, record: dict):
    """Unmount the volume's image, if one is mounted."""
    names = record['directory'].split('/')
    try:
        above = walk(base, names[:-1])
    except FileNotFoundError:
        return
    detach(f'/proc/self/fd/{above}/{names[-1]}')
    posix.close(above)


# ---- retention ---------------------------------------------------------------------------------------------------------------------------

def reap(base: int, state: int, uid: str, config: dict, dry_run: bool = False) -> list:
    """Move into the trash what the pod's volumes leave behind once their time is over; return the (volume, record) of each.

    A directory goes only when its path holds the pod's uid, and when no other volume of the pod needs it or anything in it.
    """
    now = time.time()
    records = {volume: read_record(state, uid, volume) for volume in names_in(state)}
    for volume, record in records.items():
        ended = end_of(record, now)
        if ended != record['ended'] and not dry_run:
            mark(volume, ended, state)
        record['ended'] = ended
    due = {volume: record for volume, record in records.items()
           if record['ended'] and uid in record['directory'] and now - record['ended'] >= record.get('retention', config['retention'])}
    needed = [record['directory'] for volume, record in records.items() if volume not in due]
    removed = [(volume, record) for volume, record in due.items() if not any(overlap(record['directory'], other) for other in needed)]
    if dry_run:
        return removed
    for volume, record in removed:
        release(base, record)
        discard(base, record['directory'].split('/'), uid)
        forget(state, image_of(volume))
        unlink_if_ours(base, record, uid, volume)
        forget(state, volume)
    for unfinished in UNFINISHED:
        forget(state, unfinished)
    uncover(state)
    remove_empty(base, [STATE, uid], 1)
    return removed


def end_of(record: dict, now: float) -> float:
    """Return when the volume ended; now, where there was no unmount but the pod is gone, or where the clock was wrong; 0 if it is in use."""
    if is_mount_point(record['mount_dir']):
        return 0
    if not record['ended']:
        return now if pod_is_gone(record) else 0
    return record['ended'] if CLOCK_IS_SET <= record['ended'] <= now or now < CLOCK_IS_SET else now


def pod_is_gone(record: dict) -> bool:
    """Tell whether the kubelet's pods are there and this one is not; refuse a place where a disk that held them is not mounted (yet)."""
    pod_dir = record['mount_dir'].rsplit('/', 3)[0]
    pods = pod_dir.rsplit('/', 1)[0]
    if exists(pod_dir) or not exists(pods):
        return False
    if 'pods_on' not in record:
        # Of version 0.1.0, which did not note where; an empty directory says nothing.
        return bool(posix.listdir(pods))
    found = whereabouts(pods)
    if found['pods_on'] != record['pods_on'] and found['pods'] != record.get('pods'):
        raise Refused(f'{pods}: it lies on {found["pods_on"]}, but lay on {record["pods_on"]} when the volume was mounted; the data are kept until that '
                      'is mounted.')
    return True


def whereabouts(pods: str) -> dict:
    """Return what tells the kubelet's directory from one below its mount point: its mount, or, seen from another mount namespace, the directory itself."""
    inode, device = posix.stat(pods)[1:3]
    return {'pods': f'{device}:{inode}', 'pods_on': mount_point_of(pods)}


def overlap(one: str, other: str) -> bool:
    return (one + '/').startswith(other + '/') or (other + '/').startswith(one + '/')


def discard(base: int, names: list, uid: str):
    """Move a directory into the trash, so that it is gone at once; a mount point stays where it is (EBUSY)."""
    trash = make_directory(base, [TRASH], [], private=True)
    try:
        parent = walk(base, names[:-1])
        try:
            posix.rename(names[-1], trash_name(uid), src_dir_fd=parent, dst_dir_fd=trash)
        finally:
            posix.close(parent)
    except FileNotFoundError:
        # A run that was killed had got as far as this.
        pass
    remove_empty(base, names[:-1])
    posix.close(trash)


def trash_name(uid: str) -> str:
    return f'{uid:.64}~{posix.getpid()}~{time.time()}'


def empty_trash(base: int, most: int) -> list:
    """Remove what is in the trash, but no more than so many names; return a sentence on each entry that could not be removed.

    What lies in a directory comes to lie beside it first, so no depth is too deep, no mount is crossed and no list of names is kept.
    """
    try:
        trash = walk(base, [TRASH], private=True)
    except FileNotFoundError:
        return []
    failures: dict = {}
    before = None
    while before != most and most > 0:
        before = most
        for name in entries_of(trash):
            if name not in failures and most > 0:
                most = dismantle(trash, name, most, failures)
    posix.close(trash)
    return list(failures.values())


def dismantle(trash: int, name: str, most: int, failures: dict) -> int:
    """Remove one entry of the trash, whose directories become entries of their own; return how many names may still be removed."""
    try:
        if not is_directory_after_unlink(trash, name):
            return most - 1
        fd = posix.open(name, DIRECTORY, dir_fd=trash)
        try:
            for entry in entries_of(fd):
                if not most:
                    return 0
                try:
                    if is_directory_after_unlink(fd, entry):
                        posix.rename(entry, trash_name(name.partition('~')[0]), src_dir_fd=fd, dst_dir_fd=trash)
                    most -= 1
                except OSError as error:
                    # What cannot be removed, a mount point or an immutable file, keeps nothing else.
                    if error.errno != errno.ENOENT:
                        failures[name] = f'{TRASH}/{name}/{entry}: {error.strerror}'
        finally:
            posix.close(fd)
        if name not in failures:
            posix.rmdir(name, dir_fd=trash)
            most -= 1
    except FileNotFoundError:
        # Another prune was faster.
        pass
    except OSError as error:
        failures[name] = f'{TRASH}/{name}: {error.strerror}'
    return most


def is_directory_after_unlink(parent: int, name: str) -> bool:
    """Unlink the entry, unless it is a directory; asking first what it is would leave a tenant the time to make it something else."""
    try:
        posix.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        return True
    return False


def prune(arguments: list) -> int:
    """Remove what outlived its retention; for a timer and for people, hence its words on stdout. Return the exit status."""
    started = time.monotonic()
    try:
        if arguments not in ([], ['--dry-run']):
            raise Refused('usage: dynhostpath prune [--dry-run]')
        config = configuration()
        base = open_base(config)
        failed = [uid for uid in names_in(base, STATE) if not prune_pod(base, uid, config, bool(arguments))]
        failures = [] if arguments else empty_trash(base, FOREVER)
    except (OSError, Refused) as error:
        complain('dynhostpath', str(error), {}, started)
        return 2
    for failure in failures:
        complain(config['base'], failure, {}, started)
    return int(bool(failed or failures))


def prune_pod(base: int, uid: str, config: dict, dry_run: bool) -> bool:
    """Prune what one pod left behind; return whether that succeeded."""
    started = time.monotonic()
    try:
        state = lock_pod(base, uid, wait=False)
        removed = reap(base, state, uid, config, dry_run)
        posix.close(state)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        say(f'pod {uid}: a callout is at work on its volumes; the next prune sees to it\n')
        return True
    except (OSError, Refused) as error:
        complain(f'pod {uid}', str(error), {'uid': uid}, started)
        return False
    for volume, record in removed:
        say(f'{"would remove" if dry_run else "removed"} {config["base"]}/{record["directory"]}: pod {record["namespace"]}/{record["pod"]}, '
            f'volume {volume}, unused since {time.strftime("%Y-%m-%d %H:%M", time.localtime(record["ended"]))}\n')
        if not dry_run:
            log('prune', 'Success', dict(record, uid=uid, volume=volume, message='removed ' + record['directory']), started)
    return True


def complain(where: str, sentence: str, facts: dict, started: float):
    say(f'{where}: {sentence}\n')
    log('prune', 'Failure', dict(facts, message=sentence), started)


def exists(path: str, directory=None) -> bool:
    try:
        posix.stat(path, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def entries_of(directory: int):
    """Yield the names in an open directory, without a list of them."""
    with posix.scandir(f'/proc/self/fd/{directory}') as entries:
        for entry in entries:
            yield entry.name


def names_in(directory: int, *names) -> list:
    """Return the sorted entries, but for hidden ones, of one of the driver's own directories."""
    try:
        fd = walk(directory, list(names), private=True)
    except FileNotFoundError:
        return []
    try:
        return sorted(name for name in entries_of(fd) if name[0] != '.')
    finally:
        posix.close(fd)


# ---- the callouts ------------------------------------------------------------------------------------------------------------------------

def init(_facts: dict) -> dict:
    open_base(configuration())
    return {'capabilities': CAPABILITIES}


def mount(facts: dict, mount_dir: str, text: str) -> dict:
    """Mount the pod's directory on the mount dir; a second call changes nothing, a failed one leaves nothing behind."""
    facts.update(identify(mount_dir))
    config = configuration()
    plan = decide(config, parse_object(text, 'the options of the volume'), facts)
    base = open_base(config)
    record = {'namespace': facts['namespace'], 'pod': facts['pod'], 'mount_dir': mount_dir, 'directory': '/'.join(plan['directory']),
              **whereabouts(mount_dir.rsplit('/', 4)[0])}
    state_made, made = [], []
    undo: list = [(remove_made, base, state_made)]
    try:
        state = lock_pod(base, facts['uid'], state_made)
        before = record_before(state, facts['uid'], facts['volume'])
        # A volume keeps the size with which it began: its data lie either in an image or not.
        plan['size'] = before.get('size') if before else plan['size']
        record.update((name, plan[name]) for name in ('retention', 'size') if plan[name] is not None)
        if not before:
            undo += [(forget, state, facts['volume']), (unlink_if_ours, base, record, facts['uid'], facts['volume'])]
            # Before all else, so that prune knows of everything that is made, should this process be killed.
            write_record(state, facts['volume'], record)
        undo += [(remove_made, base, made)]
        # A full disk may have no room for it on the day when something has to go.
        posix.close(make_directory(base, [TRASH], made, private=True))
        directory = make_directory(base, plan['directory'], made)
        if plan['size']:
            if not exists(image_of(facts['volume']), state):
                undo += [(forget, state, image_of(facts['volume'])), (release, base, record)]
            directory = bound(base, state, facts['volume'], plan, directory, before)
        own(directory, plan)
        if before and dict(record, ended=0) != before:
            write_record(state, facts['volume'], record)
        if config['by_pod']:
            persist(link, base, record, facts['uid'], facts['volume'])
        attach(directory, mount_dir, plan['flags'], state)
    except (OSError, Refused) as error:
        for function, *arguments in reversed(undo):
            function(*arguments)
        if isinstance(error, Refused):
            raise
        raise Refused(explain(error, f'base {config["base"]}, at {error.filename or mount_dir}')) from None
    return {}


def record_before(state: int, uid: str, volume: str) -> dict:
    """Return the volume's record, or an empty one where there is none, or none that can be read: it is written anew."""
    try:
        return read_record(state, uid, volume)
    except Refused:
        return {}


def unmount(facts: dict, mount_dir: str) -> dict:
    """Unmount, whatever became of the base, the settings and the record: a volume that cannot be unmounted keeps its pod Terminating."""
    facts.update(identify(mount_dir))
    try:
        config = configuration()
        base = open_base(config)
        state = lock_pod(base, facts['uid'])
    except (OSError, Refused) as error:
        detach(mount_dir)
        if not isinstance(error, FileNotFoundError):
            facts['message'] = str(error)
        return {}
    detach(mount_dir)
    try:
        record = read_record(state, facts['uid'], facts['volume'])
        facts.update((name, record[name]) for name in ('namespace', 'pod') if name in record)
        if record:
            if 'size' in record:
                release(base, record)
            mark(facts['volume'], record['ended'] or time.time(), state)
        if reap(base, state, facts['uid'], config):
            empty_trash(base, AT_UNMOUNT)
    except (OSError, Refused) as error:
        facts['message'] = f'unmounted; prune will tidy up what could not be removed now: {error}'
    return {}


CALLOUTS: dict = {'init': init, 'mount': mount, 'unmount': unmount}
USAGE = {'init': 'init', 'mount': 'mount MOUNT_DIR JSON', 'unmount': 'unmount MOUNT_DIR', 'prune': 'prune [--dry-run]'}


def answer(name: str, arguments: list, facts: dict) -> dict:
    """Make one callout; return the answer for the kubelet, whatever happens."""
    try:
        if not name:
            raise Refused(f'no callout; usage: dynhostpath {" | ".join(USAGE.values())}')
        if name not in CALLOUTS:
            return {'status': 'Not supported', 'message': f'dynhostpath has no callout {name!r:.80}, only {", ".join(CALLOUTS)}.'}
        if len(arguments) != len(USAGE[name].split()) - 1:
            raise Refused(f'{name}: wrong number of arguments; usage: dynhostpath {USAGE[name]}')
        return dict(CALLOUTS[name](facts, *arguments), status='Success')
    except Refused as error:
        return {'status': 'Failure', 'message': str(error)}
    except OSError as error:
        return {'status': 'Failure', 'message': explain(error, str(error.filename or name))}
    except Exception as error:
        place, line = error.__traceback__, 0
        while place:
            line, place = place.tb_lineno, place.tb_next
        return {'status': 'Failure', 'message': f'dynhostpath: internal error: {type(error).__name__} in line {line}; please report it.'}


# ---- words -------------------------------------------------------------------------------------------------------------------------------

def log(callout: str, outcome: str, facts: dict, started: float):
    """Send one line to the journal; where there is none, to syslog. Never wait for it, never fail because of it."""
    fields = {'callout': callout, 'outcome': outcome}
    fields.update((name, str(facts[name])) for name in FIELDS + ('message',) if name in facts)
    fields['milliseconds'] = f'{(time.monotonic() - started) * 1000:.1f}'
    line = ' '.join(f'{name}={to_json(value) if " " in value or not value.isprintable() else value}' for name, value in fields.items())
    # Data that go are worth a notice, which the service of the timer lets through.
    priority = (5 if callout == 'prune' else 6) if outcome == 'Success' else 4
    # The journal's own protocol makes every field one that journalctl can select by, which text in /dev/log is not.
    native = [f'MESSAGE={line}', f'PRIORITY={priority}', 'SYSLOG_FACILITY=3', 'SYSLOG_IDENTIFIER=dynhostpath']
    native += [f'DYNHOSTPATH_{name.upper()}={" ".join(value.split())}' for name, value in fields.items()]
    from _socket import AF_UNIX, SOCK_DGRAM, SOCK_NONBLOCK, socket
    sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK)
    for address, text in (('/run/systemd/journal/socket', '\n'.join(native) + '\n'),
                          ('/dev/log', f'<{3 * 8 + priority}>dynhostpath[{posix.getpid()}]: {line}')):
        try:
            sender.sendto(text.encode('utf-8', 'backslashreplace'), address)
            return
        except OSError:
            pass


def say(text: str):
    posix.write(1, text.encode('utf-8', 'backslashreplace'))


def main(arguments: list) -> int:
    started = time.monotonic()
    posix.umask(0o022)
    name, rest, facts = (arguments or [''])[0], arguments[1:], {}
    if name == 'prune':
        return prune(rest)
    # The kubelet reads stderr as part of the answer.
    posix.dup2(posix.open('/dev/null', posix.O_WRONLY), 2)
    result = answer(name, rest, facts)
    try:
        say(to_json(result) + '\n')
    finally:
        if name in ('mount', 'unmount'):
            log(name, result['status'], dict(facts, **{key: result[key] for key in ('message',) if key in result}), started)
    return 0 if result['status'] == 'Success' else 1


if __name__ == '__main__':
    # The interpreter's own tidying up costs a millisecond and more; nothing here needs it.
    posix._exit(main(sys.argv[1:]))
