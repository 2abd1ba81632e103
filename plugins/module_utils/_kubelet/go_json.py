# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as Go's encoding/json, and so the kubelet, reads and writes it, with the words that it has up to Go 1.24 for what it cannot read."""

import json
import re

VALUE, KEY, COLON = 'looking for beginning of value', 'looking for beginning of object key string', 'after object key'
IN_OBJECT, IN_ARRAY, AT_THE_END = 'after object key:value pair', 'after array element', 'after top-level value'
STEPS = {(COLON, ':'): VALUE, (IN_OBJECT, ','): KEY, (IN_ARRAY, ','): VALUE}
BRACKETS = {'{': ('}', KEY, IN_OBJECT), '[': (']', VALUE, IN_ARRAY)}
LITERALS = {'t': 'true', 'f': 'false', 'n': 'null'}
# Go's limit is 10,000; no answer has a use for more than three.
DEEPEST = 100
NO_SPACE = re.compile('[^ \t\r\n]')
WHOLE = r'-?(?:0|[1-9][0-9]*)'
IN_QUOTES = r'"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*'
SCALAR = re.compile(rf'{IN_QUOTES}"|{WHOLE}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?')
# What is begun, but not gone on with as it must be.
BROKEN = (
    (re.compile(rf'{IN_QUOTES}\\u[0-9a-fA-F]{{0,3}}(?![0-9a-fA-F])'), 'in \\u hexadecimal character escape'),
    (re.compile(rf'{IN_QUOTES}\\(?!["\\/bfnrtu])'), 'in string escape code'),
    (re.compile(rf'{IN_QUOTES}(?=[\0-\x1f])'), 'in string literal'),
    (re.compile('-(?![0-9])'), 'in numeric literal'),
    (re.compile(rf'{WHOLE}\.(?![0-9])'), 'after decimal point in numeric literal'),
    (re.compile(rf'{WHOLE}(?:\.[0-9]+)?[eE](?:[-+](?![0-9])|(?![-+0-9]))'), 'in exponent of numeric literal'),
)
ESCAPES = {'\a': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"'}
KINDS = ((bool, 'bool'), (str, 'string'), ((int, float), 'number'), (list, 'array'), (dict, 'object'))


class Unreadable(ValueError):
    """What is no JSON; the message is Go's."""


class Object(dict):
    """An object that knows its C(pairs): where a key is given twice, Go takes one value after the other."""

    def __init__(self, pairs=()):
        super().__init__(pairs)
        self.pairs = pairs


class Number(float):
    """A number that is no whole one of 64 bits, which Go shows as it was written."""

    def __new__(cls, text: str):
        return super().__new__(cls, text)

    def __init__(self, text: str):
        super().__init__()
        self.text = text


def decoded(output: bytes) -> str:
    """Return the text, in which each byte that is no UTF-8 is replaced."""
    return output.decode('utf-8', 'surrogateescape').translate(dict.fromkeys(range(0xdc80, 0xdd00), '\ufffd'))


def loads(text: str):
    """Read one JSON value; raise Unreadable, or RecursionError where it is nested too deep."""
    try:
        return _plain(json.loads(text, object_pairs_hook=Object, parse_int=_whole, parse_float=Number, parse_constant=_refuse), DEEPEST)
    except ValueError:
        raise Unreadable(_why_unreadable(text)) from None


def dumps(options: dict) -> str:
    """Write JSON as Go's json.Marshal does: sorted keys, no white space, and these characters escaped."""
    text = json.dumps({key: str(value) for key, value in options.items()}, ensure_ascii=False, sort_keys=True, separators=(',', ':'))
    for character in '<>&\u2028\u2029':
        text = text.replace(character, f'\\u{ord(character):04x}')
    return text


def folded(key: str) -> str:
    """Return what is the same for all keys that Go takes for one field, which is more than lower case: the long s is an s."""
    return key.replace('\u017f', 's').lower()


def kind(value) -> str:
    """Name what a value is."""
    return next(name for types, name in KINDS if isinstance(value, types))


def literal(value) -> str:
    """Show a value as it was written, of an object or an array only that it is one."""
    if isinstance(value, (dict, list)):
        return f'an {kind(value)}'
    return value.text if isinstance(value, Number) else json.dumps(value)


def quoted(text: str) -> str:
    """Quote a text as Go's strconv.Quote does."""
    return '"' + ''.join(map(_escaped, text)) + '"'


def _plain(value, depth: int):
    """Replace what JSON can escape, but no text can hold, as Go does."""
    if isinstance(value, str):
        return value.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
    if depth == 0 and isinstance(value, (list, Object)):
        raise RecursionError
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, Object):
        return Object([(_plain(key, depth), _plain(item, depth - 1)) for key, item in value.pairs])
    return value


def _whole(text: str):
    return int(text) if len(text) <= len(str(-1 << 63)) and -1 << 63 <= int(text) < 1 << 63 else Number(text)


def _refuse(name: str):
    raise ValueError(f'{name} is not JSON')


def _why_unreadable(text: str) -> str:
    """Say where JSON breaks off (encoding/json: scanner.go, which in the end feeds itself a space)."""
    text += ' '
    position, context, opened, may_be_empty = 0, VALUE, [], False
    while True:
        found = NO_SPACE.search(text, position)
        if not found:
            return 'unexpected end of JSON input'
        position, character = found.start(), found.group()
        was_opened, may_be_empty = may_be_empty, False
        if opened and character == BRACKETS[opened[-1]][0] and (was_opened or context in (IN_OBJECT, IN_ARRAY)):
            opened.pop()
            context = _after_value(opened)
        elif context == VALUE and character in BRACKETS:
            opened.append(character)
            context, may_be_empty = BRACKETS[character][1], True
        elif (context, character) in STEPS:
            context = STEPS[context, character]
        elif character in {KEY: '"', VALUE: '"-0123456789tfn'}.get(context, ''):
            position, broken = _scalar(text, position)
            if broken:
                return _invalid(text[position], broken)
            context = COLON if context == KEY else _after_value(opened)
            continue
        else:
            return _invalid(character, context)
        position += 1


def _after_value(opened: list) -> str:
    return BRACKETS[opened[-1]][2] if opened else AT_THE_END


def _scalar(text: str, position: int) -> tuple:
    """Return where a string, number or literal ends, or how Go calls the place where it breaks off."""
    literal = LITERALS.get(text[position], '')
    for expected in literal:
        if text[position] != expected:
            return position, f'in literal {literal} (expecting {expected!r})'
        position += 1
    if literal:
        return position, ''
    for pattern, context in BROKEN:
        broken = pattern.match(text, position)
        if broken:
            return broken.end(), context
    whole = SCALAR.match(text, position)
    return whole.end() if whole else len(text), ''


def _invalid(character: str, context: str) -> str:
    """Name a character as Go does, which looks at bytes; which one could not be decoded is not known here any more."""
    byte = character if character == '\ufffd' else chr(character.encode('utf-8')[0])
    shown = {"'": "\\'", '"': '"'}.get(byte) or _escaped(byte)
    return f"invalid character '{shown}' {context}"


def _escaped(character: str) -> str:
    if character in ESCAPES or character.isprintable():
        return ESCAPES.get(character, character)
    code = ord(character)
    return f'\\x{code:02x}' if code < 0x80 else f'\\u{code:04x}' if code < 0x10000 else f'\\U{code:08x}'
