# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kubelet makes of each answer, in its own words: handleCmdResponse of 1.20.2 (driver-call.go), built with Go 1.19, was asked."""

import json

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import callout, go_json

DEFAULT = ['attach', 'selinuxRelabel', 'fsGroup', 'requiresFSResize']
FIELDS = {'message': '', 'device': '', 'volumeName': '', 'attached': False, 'volumeNewSize': 0}
REFUSED = [
    (b'', 'unexpected end of JSON input'),
    (b' \n', 'unexpected end of JSON input'),
    (b't', "invalid character ' ' in literal true (expecting 'r')"),
    (b'tee: x', "invalid character 'e' in literal true (expecting 'r')"),
    (b'tr', "invalid character ' ' in literal true (expecting 'u')"),
    (b'truE', "invalid character 'E' in literal true (expecting 'e')"),
    (b'fals', "invalid character ' ' in literal false (expecting 'e')"),
    (b'nul}', "invalid character '}' in literal null (expecting 'l')"),
    (b'nulL', "invalid character 'L' in literal null (expecting 'l')"),
    (b'warning: x\n{"status": "Success"}', "invalid character 'w' looking for beginning of value"),
    (b'\x1b[0m', "invalid character '\\x1b' looking for beginning of value"),
    (b"it's", "invalid character 'i' looking for beginning of value"),
    (b'\\', "invalid character '\\\\' looking for beginning of value"),
    (b'{"status": "Success"}\ndone', "invalid character 'd' after top-level value"),
    (b'{"status": "Success"}{"status": "Success"}', "invalid character '{' after top-level value"),
    (b'{"status": "Success"}}', "invalid character '}' after top-level value"),
    (b'{"status": "Success"', 'unexpected end of JSON input'),
    (b'{', 'unexpected end of JSON input'),
    (b'[', 'unexpected end of JSON input'),
    (b'{"status"', 'unexpected end of JSON input'),
    (b'{"status":', 'unexpected end of JSON input'),
    (b'{"status" "Success"}', 'invalid character \'"\' after object key'),
    (b'{"status":}', "invalid character '}' looking for beginning of value"),
    (b'{"status"::1}', "invalid character ':' looking for beginning of value"),
    (b'{status: 1}', "invalid character 's' looking for beginning of object key string"),
    (b"{'status': 1}", "invalid character '\\'' looking for beginning of object key string"),
    (b'{"status": "Success",}', "invalid character '}' looking for beginning of object key string"),
    (b'{"status": "Success" "message": ""}', 'invalid character \'"\' after object key:value pair'),
    (b'{"status": "Success",, "message": ""}', "invalid character ',' looking for beginning of object key string"),
    (b'{,}', "invalid character ',' looking for beginning of object key string"),
    (b'[1,]', "invalid character ']' looking for beginning of value"),
    (b'[1 2]', "invalid character '2' after array element"),
    (b'[1}', "invalid character '}' after array element"),
    (b'{"a": [}', "invalid character '}' looking for beginning of value"),
    (b'{"a"]', "invalid character ']' after object key"),
    (b'{"a": 1]', "invalid character ']' after object key:value pair"),
    (b'{"status": "Succ', 'unexpected end of JSON input'),
    (b'{"message": "a\nb"}', "invalid character '\\n' in string literal"),
    (b'{"message": "a\tb"}', "invalid character '\\t' in string literal"),
    (b'{"message": "a\x00b"}', "invalid character '\\x00' in string literal"),
    (b'{"message": "a\\x"}', "invalid character 'x' in string escape code"),
    (b'{"message": "a\\', "invalid character ' ' in string escape code"),
    (b'{"message": "\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
    (b'{"message": "\\u12"}', 'invalid character \'"\' in \\u hexadecimal character escape'),
    (b'{"message": "\\u', "invalid character ' ' in \\u hexadecimal character escape"),
    (b'{"volumeNewSize": -}', "invalid character '}' in numeric literal"),
    (b'{"volumeNewSize": 01}', "invalid character '1' after object key:value pair"),
    (b'{"volumeNewSize": 1.}', "invalid character '}' after decimal point in numeric literal"),
    (b'{"volumeNewSize": .5}', "invalid character '.' looking for beginning of value"),
    (b'{"volumeNewSize": 1.5.5}', "invalid character '.' after object key:value pair"),
    (b'{"volumeNewSize": 1e}', "invalid character '}' in exponent of numeric literal"),
    (b'{"volumeNewSize": 1e+}', "invalid character '}' in exponent of numeric literal"),
    (b'{"volumeNewSize": 1E+5e}', "invalid character 'e' after object key:value pair"),
    (b'{"volumeNewSize": +1}', "invalid character '+' looking for beginning of value"),
    (b'{"volumeNewSize": 0x10}', "invalid character 'x' after object key:value pair"),
    (b'1.', "invalid character ' ' after decimal point in numeric literal"),
    (b'-', "invalid character ' ' in numeric literal"),
    (b'1e', "invalid character ' ' in exponent of numeric literal"),
    (b'{"status": NaN}', "invalid character 'N' looking for beginning of value"),
    (b'{"status": Infinity}', "invalid character 'I' looking for beginning of value"),
    (b'{"status": -Infinity}', "invalid character 'I' in numeric literal"),
    (b'{"status": undefined}', "invalid character 'u' looking for beginning of value"),
    (b'{"status": True}', "invalid character 'T' looking for beginning of value"),
    (b'\xef\xbb\xbf{"status": "Success"}', "invalid character 'ï' looking for beginning of value"),
    (b'\xc2\xa0{}', "invalid character 'Â' looking for beginning of value"),
    (b'\x0b{}', "invalid character '\\v' looking for beginning of value"),
    (b'\x7f', "invalid character '\\x7f' looking for beginning of value"),
    (b'\xe2\x80\x9e', "invalid character 'â' looking for beginning of value"),
    (b'// no\n{"status": "Success"}', "invalid character '/' looking for beginning of value"),
    (b'{"a": "\\ud800\\q"}', "invalid character 'q' in string escape code"),
    (b'[]', 'json: cannot unmarshal array into Go value of type flexvolume.DriverStatus'),
    (b'"Success"', 'json: cannot unmarshal string into Go value of type flexvolume.DriverStatus'),
    (b'0', 'json: cannot unmarshal number into Go value of type flexvolume.DriverStatus'),
    (b'1e999', 'json: cannot unmarshal number into Go value of type flexvolume.DriverStatus'),
    (b'true', 'json: cannot unmarshal bool into Go value of type flexvolume.DriverStatus'),
    (b'{"status": 0}', 'json: cannot unmarshal number into Go struct field DriverStatus.status of type string'),
    (b'{"status": ["Success"]}', 'json: cannot unmarshal array into Go struct field DriverStatus.status of type string'),
    (b'{"status": {}}', 'json: cannot unmarshal object into Go struct field DriverStatus.status of type string'),
    (b'{"status": true}', 'json: cannot unmarshal bool into Go struct field DriverStatus.status of type string'),
    (b'{"message": 1e3}', 'json: cannot unmarshal number into Go struct field DriverStatus.message of type string'),
    (b'{"attached": "true"}', 'json: cannot unmarshal string into Go struct field DriverStatus.attached of type bool'),
    (b'{"attached": 1}', 'json: cannot unmarshal number into Go struct field DriverStatus.attached of type bool'),
    (b'{"volumeNewSize": "1"}', 'json: cannot unmarshal string into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": 1.0}', 'json: cannot unmarshal number 1.0 into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": 1e3}', 'json: cannot unmarshal number 1e3 into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": 9223372036854775808}',
     'json: cannot unmarshal number 9223372036854775808 into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": -9223372036854775809}',
     'json: cannot unmarshal number -9223372036854775809 into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": true}', 'json: cannot unmarshal bool into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"volumeNewSize": 777777777777777777777777777777}',
     'json: cannot unmarshal number 777777777777777777777777777777 into Go struct field DriverStatus.volumeNewSize of type int64'),
    (b'{"capabilities": []}', 'json: cannot unmarshal array into Go struct field DriverStatus.Capabilities of type flexvolume.DriverCapabilities'),
    (b'{"capabilities": "all"}',
     'json: cannot unmarshal string into Go struct field DriverStatus.Capabilities of type flexvolume.DriverCapabilities'),
    (b'{"capabilities": {"attach": 0}}', 'json: cannot unmarshal number into Go struct field DriverCapabilities.Capabilities.attach of type bool'),
    (b'{"capabilities": {"ATTACH": "no"}}', 'json: cannot unmarshal string into Go struct field DriverCapabilities.Capabilities.attach of type bool'),
    (b'{"capabilities": {"fsGroup": {}}, "status": 0}',
     'json: cannot unmarshal object into Go struct field DriverCapabilities.Capabilities.fsGroup of type bool'),
    (b'{"message": 0, "status": []}', 'json: cannot unmarshal number into Go struct field DriverStatus.message of type string'),
    (b'{}', 'mount command failed, status: , reason: '),
    (b'null', 'mount command failed, status: , reason: '),
    (b'{"status": null}', 'mount command failed, status: , reason: '),
    (b'{"status": "success"}', 'mount command failed, status: success, reason: '),
    (b'{"status": "Failure", "message": "no"}', 'mount command failed, status: Failure, reason: no'),
    (b'{"status": "Success", "STATUS": "Failure", "message": "a", "Message": "b"}', 'mount command failed, status: Failure, reason: b'),
    (b'{"status": "Failure", "STATUS": "Not supported"}', 'Not supported'),
    (b'{"\xc5\xbftatus": "Failure"}', 'mount command failed, status: Failure, reason: '),
    (b'{"statu\\u017f": "Not supported"}', 'Not supported'),
    (b'{"status": "Failure", "me\xc3\x9fage": "x"}', 'mount command failed, status: Failure, reason: '),
    (b'{"status": "Failure", "message": "\\ud800 and \\ud83d\\ude00 and \\ude00"}',
     'mount command failed, status: Failure, reason: \ufffd and \U0001f600 and \ufffd'),
    (b'{"status": "Failure", "message": "\xff \xe2\x82 \xed\xa0\x80"}',
     'mount command failed, status: Failure, reason: \ufffd \ufffd\ufffd \ufffd\ufffd\ufffd'),
    (b'{"status": "Failure", "message": "\\u0000\\/\\"\xc2\xa0\x7f"}', 'mount command failed, status: Failure, reason: \x00/"\xa0\x7f'),
]
# The fields that the kubelet then has, and the capabilities that are true.
TAKEN = [
    (b'{"status": "Success"}', {}, DEFAULT),
    (b'\r\n\t {"STATUS": "Success"} \n', {}, DEFAULT),
    (b'{"status": "Failure", "status": "Success"}', {}, DEFAULT),
    (b'{"status": "A", "STATUS": "B", "status": "Success"}', {}, DEFAULT),
    (b'{"status": "Success", "status": null}', {}, DEFAULT),
    (b'{"\\u0073tatus": "Success"}', {}, DEFAULT),
    (b'{"\xc5\xbftatu\xc5\xbf": "Success"}', {}, DEFAULT),
    (b'{"status": "Success", "device": "/dev/sda", "DEVICE": "/dev/sdb", "volumename": "v", "attached": true, "volumeNewSize": 9223372036854775807}',
     {'device': '/dev/sdb', 'volumeName': 'v', 'attached': True, 'volumeNewSize': 9223372036854775807}, DEFAULT),
    (b'{"status": "Success", "attached": true, "attached": null, "device": null, "volumeNewSize": -0}', {'attached': True}, DEFAULT),
    (b'{"status": "Success", "volumeNewSize": -9223372036854775808}', {'volumeNewSize': -9223372036854775808}, DEFAULT),
    (b'{"status": "Success", "x": [1e999, 777777777777777777777777777777, {"status": "Failure"}], "": {}}', {}, DEFAULT),
    (b'{"status": "Success", "x": ' + b'7' * 5000 + b'}', {}, DEFAULT),
    (b'{"status": "Success", "capabilities": {}}', {}, DEFAULT),
    (b'{"status": "Success", "capabilities": {"attach": false}}', {}, ['selinuxRelabel', 'fsGroup', 'requiresFSResize']),
    (b'{"status": "Success", "Capabilities": {"Attach": false, "FSGROUP": false, "supportsMetrics": true, "new": 1}}',
     {}, ['selinuxRelabel', 'supportsMetrics', 'requiresFSResize']),
    (b'{"status": "Success", "capabilities": {"attach": false, "attach": true}}', {}, DEFAULT),
    (b'{"status": "Success", "capabilities": {"attach": false, "ATTACH": null}}', {}, ['selinuxRelabel', 'fsGroup', 'requiresFSResize']),
    (b'{"status": "Success", "capabilities": {"attach": false}, "capabilities": {"fsGroup": false}}', {}, ['selinuxRelabel', 'requiresFSResize']),
    (b'{"status": "Success", "capabilities": {"attach": true}, "CAPABILITIES": {"attach": false}}',
     {}, ['selinuxRelabel', 'fsGroup', 'requiresFSResize']),
    (b'{"status": "Success", "capabilities": null, "capabilities": {"fsGroup": true}}', {}, ['fsGroup']),
    (b'{"status": "Success", "capabilities": {"attach": false}, "capabilities": null, "capabilities": {}}', {}, []),
    (b'{"status": "Success", "capabilitie\xc5\xbf": {"\xc5\xbfelinuxrelabel": false}}', {}, ['attach', 'fsGroup', 'requiresFSResize']),
    (b'{"status": "Success", "capabilities": {"K": 0, "Attach ": 1}}', {}, DEFAULT),
]


def judged(output):
    return callout.judge(callout.Answer(['/driver', 'mount'], 0, go_json.decoded(output), 0.1, False, None, False))


@pytest.mark.parametrize('output, error', REFUSED)
def test_what_the_kubelet_refuses(output, error):
    verdict = judged(output)
    assert callout.error_of(verdict) == error
    assert verdict.status == ('Not supported' if error == 'Not supported' else 'Failure')
    assert bool(verdict.defect) == (not error.startswith(('Not supported', 'mount command failed, status: Failure')))
    if not error.startswith(('Not supported', 'mount command failed')):
        assert verdict.message == error
        assert verdict.log == f'Failed to unmarshal output for command: mount, output: {go_json.quoted(go_json.decoded(output))}, error: {error}'


@pytest.mark.parametrize('output, fields, capabilities', TAKEN)
def test_what_the_kubelet_takes(output, fields, capabilities):
    verdict = judged(output)
    assert (verdict.status, verdict.defect, verdict.log) == ('Success', None, '')
    assert {name: verdict.response.get(name, default) for name, default in FIELDS.items()} == dict(FIELDS, **fields)
    assert [name for name, value in verdict.capabilities.items() if value] == capabilities


@pytest.mark.parametrize('opening, closing', [(b'[', b']'), (b'{"x":', b'}')])
def test_what_is_nested_deeper_than_any_answer_is_refused_here_where_the_kubelet_takes_ten_thousand(opening, closing):
    def nested(depth):
        return b'{"status": "Success", "x": ' + opening * depth + b'0' + closing * depth + b'}'
    assert judged(nested(99)).status == 'Success'
    for depth in (100, 900, 5000, 100000):
        verdict = judged(nested(depth))
        assert (verdict.status, verdict.message) == ('Failure', "invalid character '[' exceeded max depth")
        assert 'nested more than 100 deep' in verdict.defect


def test_what_no_text_can_hold_is_replaced_wherever_it_is():
    response = judged(rb'{"status": "Success", "x\ud800": ["\udc00", {"\ud800": "\ud800\ud83d\ude00", "capabilities": {"\udc00": "\udc00"}}]}').response
    assert json.dumps(response, ensure_ascii=False).encode('utf-8')
    assert response['x\ufffd'] == ['\ufffd', {'\ufffd': '\ufffd\U0001f600', 'capabilities': {'\ufffd': '\ufffd'}}]


def test_a_text_is_quoted_as_go_quotes_it():
    assert go_json.quoted('a "b" \\ \a\b\f\n\r\t\v \0\x1b\x7f ß\xa0\u2028\ufffd 資 \U0001f600\U000e0001') == (
        r'"a \"b\" \\ \a\b\f\n\r\t\v \x00\x1b\x7f ß\u00a0\u2028' + '\ufffd 資 \U0001f600' + r'\U000e0001"')


def test_the_json_is_written_as_go_writes_it():
    assert go_json.dumps({'b': '<&>', 'a': 'ä "q"\n\u2028', 'n': 1}) == '{"a":"ä \\"q\\"\\n\\u2028","b":"\\u003c\\u0026\\u003e","n":"1"}'
