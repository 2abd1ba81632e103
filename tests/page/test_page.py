# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person does with the fleet page: read, search, filter, sort, open a node, print; in both themes, with eyes, keyboard or screen reader."""

import base64
import datetime

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated

EVIL = '</script><script>document.title="broken"</script><img src=x onerror=\'document.title="broken"\'>'
# Generous: machines are shared. It opens in half a second alone.
OPEN_SECONDS = 6
CONFORMANCE = {'node-003': [{'driver': 'nodeops/dynhostpath', 'tests': 40, 'left_out': 1, 'made': _simulated.MADE,
                             'failed': [{'check': '201 init answers (MUST)', 'evidence': 'it printed nothing', 'advice': 'Print JSON.'}]}]}


def text(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector).text


def shown(browser):
    return [row.find_element(By.CSS_SELECTOR, '.open').text for row in browser.find_elements(By.CSS_SELECTOR, 'tr.node') if row.is_displayed()]


def click(browser, selector):
    browser.find_element(By.CSS_SELECTOR, selector).click()


def test_it_says_first_what_is_wrong(show):
    browser = show(_simulated.results(200))
    assert text(browser, 'h1') == '15 of 200 nodes have troubles, 4 could not be examined.'
    headings = [element.text for element in browser.find_elements(By.CSS_SELECTOR, '.trouble h3')]
    assert headings[0] == "The driver's init fails nodeops/dynhostpath"
    assert len(headings) == 7
    assert '11 nodes run an older version' in text(browser, '.versions')
    assert text(browser, '.trouble .advice').startswith('What to do Repair the driver')


def test_a_healthy_fleet_and_an_empty_one(show):
    assert text(show(_simulated.results(3, ill=False)), 'h1') == 'All 3 nodes are healthy.'
    assert text(show({}), '.versions, #drivers + .muted') == 'No node has a driver.'


def test_search_and_filters(show):
    browser = show(_simulated.results(200))
    assert len(shown(browser)) == 200
    browser.find_element(By.ID, 'search').send_keys('older init FAILS')
    assert shown(browser) == ['node-017']
    assert text(browser, '#shown') == '1 of 200 shown'
    browser.find_element(By.ID, 'search').send_keys(' nonsense')
    assert shown(browser) == [] and text(browser, '#nothing') == 'No node matches.'
    browser.find_element(By.ID, 'search').send_keys(Keys.CONTROL, 'a')
    browser.find_element(By.ID, 'search').send_keys(Keys.DELETE)
    click(browser, '.filter [data-state="unreachable"]')
    assert shown(browser) == ['node-013', 'node-110']


@pytest.mark.parametrize('key, first, last', [
    ('rank', 'node-1', 'node-20'), ('volumes', 'node-6', 'node-17'), ('kubelet', 'node-7', 'node-20'), ('touched', 'node-14', 'node-15')])
def test_sorting(show, key, first, last):
    browser = show(_simulated.results(20, ill=False) | {'node-x': {'unreachable': True, 'msg': 'gone'}} if key == 'rank' else _simulated.results(20, ill=False))
    button = f'[data-key="{key}"]'
    click(browser, f'thead {button}')
    names = [name for name in shown(browser) if name != 'node-x']
    assert browser.find_element(By.CSS_SELECTOR, f'th:has({button})').get_attribute('aria-sort') == 'ascending'
    click(browser, f'thead {button}')
    back = [name for name in shown(browser) if name != 'node-x']
    assert browser.find_element(By.CSS_SELECTOR, f'th:has({button})').get_attribute('aria-sort') == 'descending'
    if key == 'rank':
        assert (names[0], names[-1]) == ('node-01', 'node-20') and back == names[::-1]
    else:
        assert len(names) == 20 and names != back and sorted(names) == sorted(back)


def test_a_node_opens_by_keyboard_and_by_link(show):
    browser = show(_simulated.results(200), conformance=CONFORMANCE)
    button = browser.find_element(By.XPATH, '//button[text()="node-003"]')
    button.send_keys(Keys.ENTER)
    assert button.get_attribute('aria-expanded') == 'true'
    detail = text(browser, 'tr.detail')
    assert 'init_fails' in detail and 'flexvolume-touch' not in detail and '1 of 40 checks failed, 1 left out' in detail
    button.send_keys(Keys.SPACE)
    assert browser.find_elements(By.CSS_SELECTOR, 'tr.detail') == []
    browser = show(_simulated.results(200), fragment='#node=node-100')
    assert browser.switch_to.active_element.text == 'node-100'
    assert 'its output is not one JSON object' in text(browser, 'tr.detail')


def test_everything_is_reached_by_tab_and_the_first_skips_to_the_nodes(show):
    browser = show(_simulated.results(3))
    browser.find_element(By.TAG_NAME, 'body').send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == 'Skip to the nodes'
    reached = set()
    for _number in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.switch_to.active_element.get_attribute('class') or browser.switch_to.active_element.get_attribute('data-key') or
                    browser.switch_to.active_element.get_attribute('id'))
    assert {'chip', 'open', 'search', 'rank', 'volumes'} <= reached


def test_nothing_that_a_node_says_runs(show):
    facts = _simulated.healthy()
    facts['drivers'][0].update(name=EVIL, init={'status': 'Failure', 'seconds': 0.1, 'timed_out': False, 'defect': EVIL}, pods=[EVIL], mode=EVIL, owner=EVIL)
    facts['kubelet'].update(version=EVIL, unit=EVIL)
    browser = show({EVIL: _simulated.judged(facts), EVIL + '2': {'failed': True, 'msg': EVIL}})
    for button in browser.find_elements(By.CSS_SELECTOR, '.open'):
        button.click()
    assert browser.find_elements(By.TAG_NAME, 'img') == []
    assert EVIL in text(browser, 'tr.detail')
    assert browser.title.startswith('FlexVolume: ')
    # Were it not for escaping, the policy would still stop it.
    browser.execute_script('document.body.insertAdjacentHTML("beforeend", arguments[0])', '<button id=x onclick="document.title=\'broken\'">x</button>')
    browser.execute_script('document.getElementById("x").click()')
    assert browser.title.startswith('FlexVolume: ')
    refused = browser.get_log('browser')
    assert any('Content Security Policy' in line['message'] for line in refused)


@pytest.mark.parametrize('theme', ['light', 'dark'])
def test_contrast_names_and_roles(show, axe, picture, theme):
    browser = show(_simulated.results(200), theme, CONFORMANCE)
    picture(f'{theme}-top')
    browser.find_element(By.XPATH, '//button[text()="node-003"]').click()
    browser.execute_script('document.getElementById("nodes").scrollIntoView()')
    picture(f'{theme}-nodes')
    browser.execute_cdp_cmd('Runtime.evaluate', {'expression': axe})
    found = browser.execute_async_script('axe.run().then(arguments[0])')
    assert [(problem['id'], problem['nodes'][0]['html'][:200]) for problem in found['violations']] == []
    assert len(found['passes']) > 20


def test_themes_can_be_chosen_and_stay(show):
    browser = show(_simulated.results(3), 'light')
    light = browser.execute_script('return getComputedStyle(document.body).backgroundColor')
    click(browser, '[data-theme="dark"]')
    dark = browser.execute_script('return getComputedStyle(document.body).backgroundColor')
    browser.refresh()
    assert browser.execute_script('return getComputedStyle(document.body).backgroundColor') == dark != light


def test_old_data_say_so(show):
    assert 'stale' in show(_simulated.results(3), made='2020-01-01T00:00:00Z').find_element(By.ID, 'age').get_attribute('class')
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    assert 'stale' not in show(_simulated.results(3), made=now).find_element(By.ID, 'age').get_attribute('class')


def test_a_long_name_takes_the_room_that_there_is(show):
    name = 'ip-10-0-17-17.eu-central-1.compute.internal.prod-cluster-frankfurt-017.example.com'
    browser = show({name: _simulated.judged(_simulated.healthy())})
    button = browser.find_element(By.CSS_SELECTOR, '.open')
    assert button.text == name and button.rect['width'] > 200


def test_what_is_printed_says_how_many_more_nodes_there_are(show):
    facts = _simulated.healthy()
    facts['kubelet']['watches_plugin_dir'] = False
    browser = show({f'node-{number:02}': _simulated.judged(facts) for number in range(30)})
    browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': 'print'})
    assert text(browser, '.trouble .more summary') == 'and 14 more'


def test_it_prints(show):
    pdf = base64.b64decode(show(_simulated.results(50)).execute_cdp_cmd('Page.printToPDF', {})['data'])
    assert pdf.startswith(b'%PDF') and len(pdf) > 20000


def test_it_fits_a_telephone(show, picture):
    browser = show(_simulated.results(200))
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': 390, 'height': 844, 'deviceScaleFactor': 1, 'mobile': False})
    try:
        picture('telephone')
        assert browser.execute_script('return document.documentElement.scrollWidth') <= 390
        browser.find_element(By.CSS_SELECTOR, '.open').click()
        browser.execute_script('document.getElementById("nodes").scrollIntoView()')
        picture('telephone-node')
        # What is read of a node takes no sideways scrolling, although the table of nodes does.
        assert all(element.rect['x'] + element.rect['width'] <= 390 for element in browser.find_elements(By.CSS_SELECTOR, 'tr.detail p, tr.detail dd'))
    finally:
        browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


def test_without_javascript_it_is_read_all_the_same(show, chromium, picture):
    chromium.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': True})
    try:
        browser = show(_simulated.results(200))
        assert not any(element.is_displayed() for element in browser.find_elements(By.CSS_SELECTOR, '.theme, .tools'))
        assert 'fleet.json beside this page' in text(browser, '#nodes noscript')
        click(browser, '.chip[href="#node=node-100"]')
        picture('without-javascript')
        assert browser.switch_to.active_element.text == 'node-100'
    finally:
        chromium.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': False})


def test_a_thousand_nodes_with_five_drivers_open_at_once(show):
    browser = show(_simulated.results(1000, 5))
    seconds = browser.execute_script('return performance.timing.loadEventEnd - performance.timing.navigationStart') / 1000
    print(f'\n1,000 nodes with 5 drivers: open after {seconds:.2f} s')
    assert seconds < OPEN_SECONDS
    assert len(browser.find_elements(By.CSS_SELECTOR, 'tr.node')) == 1000
