# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kubelet: the one that C($KUBELET) names, or 1.20.2 built once from the source package of Debian bookworm."""

import os
import pathlib
import shutil

from . import host

VERSION = '1.20.2'
SOURCES = 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n'


def path() -> pathlib.Path:
    """Return the path of a kubelet, building it first where there is none."""
    chosen = os.environ.get('KUBELET')
    if not chosen:
        return _built()
    if not os.access(chosen, os.X_OK):
        raise host.Failure(f'KUBELET={chosen} is no executable file: name a kubelet binary, or unset it to have {VERSION} built.')
    return pathlib.Path(chosen).resolve()


def _built() -> pathlib.Path:
    binary = host.CACHE / f'kubelet-{VERSION}'
    with host.locked(host.CACHE / 'kubelet.lock'):
        if not binary.exists():
            work = host.CACHE / 'kubelet-build'
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            _build(work).rename(binary)
            shutil.rmtree(work)
    return binary


def _build(work: pathlib.Path) -> pathlib.Path:
    host.install('golang-go', 'dpkg-dev', 'debian-archive-keyring')
    host.say(f'fetching the source of the kubelet {VERSION}')
    gopath = work / 'go'
    (gopath / 'src/k8s.io').mkdir(parents=True)
    _fetch_source(work).rename(gopath / 'src/k8s.io/kubernetes')
    # Half of the source is the clouds' own volumes, which its makers let one leave out.
    host.run_slowly(
        f'building the kubelet {VERSION}, once (three minutes on two processors)',
        'nice', 'go', 'build', '-v', '-tags', 'providerless', '-o', work / 'kubelet', '-ldflags', _version_flags(), 'k8s.io/kubernetes/cmd/kubelet', cwd=work,
        env=dict(os.environ, GO111MODULE='off', CGO_ENABLED='0', GOPATH=str(gopath), GOCACHE=str(work / 'cache'), GOFLAGS=''))
    return work / 'kubelet'


def _fetch_source(work: pathlib.Path) -> pathlib.Path:
    # Lists of our own: the machine's apt sources need no deb-src line and are left as they are.
    lists, sources = work / 'lists', work / 'sources.list'
    (lists / 'partial').mkdir(parents=True)
    sources.write_text(SOURCES, encoding='utf-8')
    apt = ('apt-get', '-q', '-o', f'Dir::Etc::SourceList={sources}', '-o', 'Dir::Etc::SourceParts=-', '-o', f'Dir::State::Lists={lists}',
           '-o', 'APT::Sandbox::User=root')
    host.run(*apt, 'update')
    host.run(*apt, 'source', '--download-only', 'kubernetes/bookworm', cwd=work)
    [description] = work.glob('kubernetes_*.dsc')
    host.run('dpkg-source', '-x', description, work / 'source', cwd=work)
    return work / 'source'


def _version_flags() -> str:
    major, minor, _patch = VERSION.split('.')
    package = 'k8s.io/kubernetes/vendor/k8s.io/component-base/version'
    return f'-X {package}.gitVersion=v{VERSION} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}'
