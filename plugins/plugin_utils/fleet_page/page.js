// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';
(function () {
  const root = document.documentElement;
  const table = document.getElementById('table');
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const texts = rows.map(row => row.textContent.toLowerCase());
  const search = document.getElementById('search');
  const states = Array.from(document.querySelectorAll('.filter button'));
  const themes = Array.from(document.querySelectorAll('.theme button'));
  let data = null;

  // --- what a node said, made into elements that hold it as text --------------------------------------------------------------------------

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function within(parent, ...children) {
    parent.append(...children);
    return parent;
  }

  function list(pairs) {
    const made = element('dl');
    for (const [term, value] of pairs) if (value !== null && value !== undefined && value !== '') made.append(element('dt', term), element('dd', value));
    return made;
  }

  function grid(label, headings, lines) {
    const made = element('table');
    const head = within(element('tr'), ...headings.map(heading => {
      const cell = element('th', heading);
      cell.scope = 'col';
      return cell;
    }));
    made.append(within(element('thead'), head), within(element('tbody'), ...lines.map(line => within(element('tr'), ...line.map((cell, number) => {
      const kind = element(number ? 'td' : 'th', typeof cell === 'object' ? undefined : cell);
      if (!number) kind.scope = 'row';
      if (typeof cell === 'object') kind.append(cell);
      return kind;
    })))));
    const scroll = within(element('div', undefined, 'scroll'), made);
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'region');
    scroll.setAttribute('aria-label', label);
    return scroll;
  }

  function ago(moment, now) {
    const seconds = Math.max(0, Math.round((now - Date.parse(moment)) / 1000));
    for (const [unit, length] of [['days', 86400], ['hours', 3600], ['minutes', 60]]) if (seconds >= 2 * length) return Math.floor(seconds / length) + ' ' + unit;
    return seconds + ' seconds';
  }

  function init(driver) {
    if (!driver.init) return 'not called';
    if (!driver.init.defect) return Math.round(1000 * driver.init.seconds) + ' ms';
    return within(element('span', undefined, 'state troubled'), element('span', undefined, 'mark troubled'), 'fails');
  }

  function volumes(found, made) {
    if (!found || !found.count) return '0';
    const words = [String(found.count)];
    if (found.oldest) words.push('oldest ' + ago(found.oldest, made));
    return words.join(', ');
  }

  function troubles(node) {
    return within(element('ul'), ...node.troubles.map(trouble => within(element('li'),
      within(element('p'), element('code', trouble.trouble), ' ' + trouble.what),
      within(element('p'), element('span', 'What to do', 'label'), ' ' + trouble.advice))));
  }

  function drivers(node, made) {
    return grid('Drivers of ' + node.name, ['Driver', 'Version', 'Init', 'Touch timer', 'Touched', 'Mode', 'Pods', 'Volumes'], node.drivers.map(driver => [
      driver.name, standing(driver), init(driver),
      driver.touch_timer ? (driver.touch_timer.active ? 'active' : 'asleep') : 'none', driver.mtime ? ago(driver.mtime, made) + ' before' : '–',
      driver.mode ? driver.mode + ' ' + driver.owner : '–', String((driver.pods || []).length), volumes(driver.volumes, made)]));
  }

  function standing(driver) {
    const words = (data.standing[driver.name] || {})[driver.sha256];
    const made = within(element('span'), element('code', driver.sha256 ? driver.sha256.slice(0, 12) : 'none'));
    if (words === 'older' || words === 'other') made.append(' ', element('span', words, 'tag'));
    return made;
  }

  function conformance(node) {
    return within(element('ul'), ...node.conformance.map(each => within(element('li'),
      within(element('p'), element('code', each.driver), ' ' + (each.failed.length ? each.failed.length + ' of ' + each.tests + ' checks failed' :
        'all ' + (each.tests - each.left_out - (each.waived || []).length) + ' checks passed') + (each.left_out ? ', ' + each.left_out + ' left out' : '') + '; validated ' + each.made.replace('T', ' ').replace('Z', ' UTC')),
      ...(each.waived || []).map(waiver => within(element('p', waiver.check + ' '), element('span', 'Waived', 'label'), ' ' + waiver.reason)),
      ...each.failed.map(failure => within(element('p', failure.check + ': ' + failure.evidence + ' '), element('span', 'What to do', 'label'), ' ' + failure.advice)))));
  }

  function details(node) {
    const cell = element('td');
    const told = element('div');
    const made = Date.parse(data.made);
    cell.colSpan = table.tHead.rows[0].cells.length;
    const add = (heading, content) => told.append(element('h3', heading), content);
    if (node.message) add(node.state === 'unreachable' ? 'Not reached' : 'Not examined', element('p', node.message));
    if (node.troubles.length) add('Troubles', troubles(node));
    if (node.drivers.length) add('Drivers', drivers(node, made));
    const pods = node.drivers.filter(driver => (driver.pods || []).length);
    if (pods.length) add('Pods', list(pods.map(driver => [driver.name, driver.pods.join(', ')])));
    if (node.conformance.length) add('Conformance', conformance(node));
    if (node.plugin_dir) {
      const kubelet = node.kubelet || {};
      add('Kubelet', list([
        ['Version', kubelet.version || 'none runs'], ['Flavour', kubelet.flavour], ['Started', kubelet.since && kubelet.since.replace('T', ' ').replace('Z', ' UTC')],
        ['Unit', kubelet.unit], ['Plugin dir', node.plugin_dir.path], ['Why there', node.plugin_dir.reason],
        ['Watches it', node.kubelet ? (kubelet.watches_plugin_dir ? 'yes' : 'no') : ''],
        ['inotify', node.inotify && node.inotify.instances + ' of ' + node.inotify.max_user_instances + ' instances, ' + node.inotify.watches + ' of ' + node.inotify.max_user_watches + ' watches']]));
    }
    const row = within(element('tr', undefined, 'detail'), within(cell, told));
    row.id = 'detail-' + node.name;
    return row;
  }

  function toggle(row, open) {
    const button = row.querySelector('.open');
    const next = row.nextElementSibling;
    const shown = next && next.classList.contains('detail') ? next : null;
    if (open === Boolean(shown)) return;
    if (shown) {
      shown.remove();
      button.setAttribute('aria-expanded', 'false');
      button.removeAttribute('aria-controls');
      return;
    }
    data = data || JSON.parse(document.getElementById('data').textContent);
    const made = details(data.nodes[Number(row.dataset.index)]);
    row.after(made);
    button.setAttribute('aria-expanded', 'true');
    button.setAttribute('aria-controls', made.id);
  }

  body.addEventListener('click', event => {
    const button = event.target.closest('.open');
    if (button) toggle(button.closest('tr'), button.getAttribute('aria-expanded') !== 'true');
  });

  // --- search, filter, sort -----------------------------------------------------------------------------------------------------------------

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = states.find(button => button.getAttribute('aria-pressed') === 'true').dataset.state;
    let count = 0;
    rows.forEach((row, number) => {
      const hit = (!state || row.dataset.state === state) && words.every(word => texts[number].includes(word));
      if (!hit) toggle(row, false);
      row.hidden = !hit;
      count += hit;
    });
    document.getElementById('shown').textContent = count === rows.length ? '' : count + ' of ' + rows.length + ' shown';
    document.getElementById('nothing').hidden = count > 0;
  }

  function key(row, name) {
    if (name === 'kubelet' || name === 'plugin_dir' || name === 'watched') return row.querySelector('[data-key="' + name + '"]').textContent;
    if (name === 'touched') return row.dataset.touched;
    return Number(row.dataset[name]);
  }

  const collator = new Intl.Collator('en', {numeric: true});

  function sort(heading) {
    const name = heading.querySelector('button').dataset.key;
    const turn = heading.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    const keys = new Map(rows.map(row => [row, key(row, name)]));
    const order = rows.slice().sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      return turn * (typeof a === 'number' ? a - b : collator.compare(a, b)) || one.dataset.rank - other.dataset.rank;
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', turn > 0 ? 'ascending' : 'descending');
    const sorted = document.createDocumentFragment();
    for (const row of order) {
      const next = row.nextElementSibling;
      sorted.append(row);
      if (next && next.classList.contains('detail')) sorted.append(next);
    }
    body.append(sorted);
  }

  table.tHead.addEventListener('click', event => {
    const button = event.target.closest('button');
    if (button) sort(button.closest('th'));
  });
  search.addEventListener('input', apply);
  states.forEach(button => button.addEventListener('click', () => {
    states.forEach(other => other.setAttribute('aria-pressed', String(other === button)));
    apply();
  }));

  // --- links to a node, theme, age ------------------------------------------------------------------------------------------------------------

  function follow() {
    const match = /^#node=(.*)$/.exec(location.hash);
    if (!match) return;
    let name = match[1];
    try { name = decodeURIComponent(name); } catch (error) { return; }
    const row = rows.find(each => each.querySelector('.open').textContent === name);
    if (!row) return;
    search.value = '';
    states.forEach(other => other.setAttribute('aria-pressed', String(other.dataset.state === '')));
    apply();
    toggle(row, true);
    row.scrollIntoView({block: 'start'});
    row.querySelector('.open').focus({preventScroll: true});
  }
  window.addEventListener('hashchange', follow);

  function dress(theme) {
    if (theme === 'auto') delete root.dataset.theme; else root.dataset.theme = theme;
    themes.forEach(button => button.setAttribute('aria-pressed', String(button.dataset.theme === theme)));
    try { localStorage.setItem('flexvolume-theme', theme); } catch (error) { /* A page from a file may have no storage. */ }
  }
  themes.forEach(button => button.addEventListener('click', () => dress(button.dataset.theme)));
  try { if (localStorage.getItem('flexvolume-theme')) dress(localStorage.getItem('flexvolume-theme')); } catch (error) { /* As above. */ }

  const time = document.querySelector('#age time');
  function tell() {
    const now = Date.now();
    document.getElementById('ago').textContent = ', ' + ago(time.dateTime, now) + ' ago';
    document.getElementById('age').classList.toggle('stale', now - Date.parse(time.dateTime) > 86400000);
  }
  tell();
  setInterval(tell, 30000);
  follow();
})();
