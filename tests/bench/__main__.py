# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deploy costs, beside a plain role that does the same and beside one ping; run it by C(make bench)."""

import argparse
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import pages  # noqa: E402
from nodes.host import CACHE  # noqa: E402
from nodes.sets import NodeSet  # noqa: E402


def main():
    """Measure, and write docs/docsite/rst/speed.rst anew unless only a quick look was asked for."""
    parser = argparse.ArgumentParser(prog='bench', description=__doc__)
    parser.add_argument('--quick', action='store_true', help='two nodes, one round, nothing written: does it still work, in one execution?')
    parser.add_argument('--nodes', type=int, default=10, help='how many nodes the contestants are compared on (default: 10)')
    parser.add_argument('--rounds', type=int, default=3, help='how many times; the tables show medians (default: 3)')
    arguments = parser.parse_args()
    # The nodes go all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    libraries = installed()
    sys.path.insert(0, str(libraries))
    import experiments
    import plays
    import report

    plays.adopt_orphans()
    node_set = NodeSet('bench')
    with tempfile.TemporaryDirectory(prefix='bench-') as work:
        try:
            node_set.up(2 if arguments.quick else max(arguments.nodes, *experiments.NODES))
            on_nodes = plays.Plays(node_set.inventory(), pathlib.Path(work), libraries / 'ansible_mitogen/plugins/strategy')
            if arguments.quick:
                compared = experiments.compare(on_nodes, node_set, 2, [experiments.PIPELINING], rounds=1)
                print(report.comparison(compared, experiments.PIPELINING))
                experiments.insist_on_one_execution(compared)
                return
            results = experiments.everything(on_nodes, node_set, arguments.nodes, arguments.rounds)
        finally:
            node_set.down()
    # Not before: a play's memory would be no less than that of the process which starts it.
    import plots
    plots.draw(results, pages.RST)
    report.write(results)
    print(f'Written: {pages.RST / "speed.rst"} and its plots.')


def installed() -> pathlib.Path:
    """Return the directory of the libraries that only the benchmarks need, made on the first run."""
    requirements = HERE / 'requirements.txt'
    name = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = CACHE / f'bench-{name}'
    if not directory.exists():
        unfinished = tempfile.mkdtemp(prefix='bench-', dir=CACHE)
        print('bench: installing requirements.txt (once)', file=sys.stderr)
        subprocess.run([sys.executable, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check', '--requirement', requirements,
                        '--target', unfinished], check=True)
        os.rename(unfinished, directory)
    return directory


if __name__ == '__main__':
    main()
