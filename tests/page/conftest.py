# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet page in a real Chromium, Debian's, as it lies on a disk. SCREENSHOTS=DIRECTORY keeps pictures of both themes, to be looked at."""

import os
import pathlib
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

TESTS = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from nodes import host  # noqa: E402

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet, _fleet_files  # noqa: E402
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated  # noqa: E402

ARGUMENTS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--window-size=1440,1000')


@pytest.fixture(scope='session')
def chromium(tmp_path_factory):
    """The browser, with nothing but what it needs."""
    host.install('chromium', 'chromium-driver')
    options = webdriver.ChromeOptions()
    options.binary_location = '/usr/bin/chromium'
    for argument in (*ARGUMENTS, f'--user-data-dir={tmp_path_factory.mktemp("chromium")}'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(options=options, service=Service('/usr/bin/chromedriver'))
    yield driver
    driver.quit()


@pytest.fixture(scope='session')
def axe():
    """The accessibility checks of axe-core."""
    return pathlib.Path(os.environ['AXE']).read_text(encoding='utf-8')


@pytest.fixture
def show(chromium, tmp_path):
    """Write the page of some nodes, open it, and return the browser."""
    def opened(results: dict, theme: str = 'light', conformance: dict | None = None, made: str = _simulated.MADE, fragment: str = ''):
        paths = _fleet_files.write(tmp_path, _fleet.assemble(results, made, conformance))
        chromium.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': '', 'features': [{'name': 'prefers-color-scheme', 'value': theme}]})
        chromium.get('about:blank')
        chromium.get(f'file://{paths["page"]}{fragment}')
        return chromium

    yield opened
    chromium.execute_script('try { localStorage.clear() } catch (error) {}')
    assert [line for line in chromium.get_log('browser') if line['level'] == 'SEVERE'] == []


@pytest.fixture
def picture(chromium):
    """Keep a picture of the page, where that is wanted."""
    def keep(name: str):
        if 'SCREENSHOTS' in os.environ:
            directory = pathlib.Path(os.environ['SCREENSHOTS'])
            directory.mkdir(parents=True, exist_ok=True)
            chromium.save_screenshot(str(directory / f'{name}.png'))

    return keep
