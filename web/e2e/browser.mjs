// SPDX-License-Identifier: Apache-2.0
// Scenarios for a real Chromium, started by test/e2e. Prints `say WORD` when the other side shall act;
// anything that goes wrong throws, and the process ends with 1.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { NP_URL: url, NP_TOKEN: token, NP_SHOTS: shots, NP_TARGET: target } = process.env;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 120000; // a wait that succeeds costs nothing; a machine under load is slow
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

async function open(options = {}) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: false, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const troubles = [];
  page.on('pageerror', (e) => troubles.push(`page error: ${e.message}`));
  page.on('console', (m) => { if (m.type() === 'error' && !/401|Failed to load resource|ERR_/.test(m.text())) troubles.push(m.text()); });
  return { browser, context, page, troubles };
}

async function signIn(page) {
  await page.goto(`${url}/app/`);
  await page.getByLabel('API token').fill('npt_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('API token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Monitors' }).waitFor();
}

const shot = (page, name) => page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });

async function story() {
  const { browser, page, troubles } = await open();
  await signIn(page);
  await page.locator('tr[data-state=up]').nth(3).waitFor();
  await shot(page, 'monitors');
  await page.getByRole('button', { name: 'Add monitor' }).and(page.locator(':enabled')).first().waitFor();
  await page.keyboard.press('n');
  await page.getByLabel('URL, host:port or host').fill(target);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Seen in a browser');
  await page.getByLabel('Every (seconds)').fill('5');
  await shot(page, 'add');
  await page.getByRole('button', { name: 'Start watching' }).click();
  await page.getByRole('heading', { name: 'Seen in a browser' }).waitFor();
  const id = page.url().split('/').at(-1);
  await page.locator('.monitor-head .state-up').waitFor();
  console.log('say down');
  await page.locator('.monitor-head .state-down').waitFor();
  const why = await page.locator('.why .sentence').textContent();
  assert.match(why, /\d of 3|3 of 3|down/i);
  await shot(page, 'monitor-down');
  await page.waitForFunction(() => /^\(\d+\) /.test(document.title));
  await page.getByRole('link', { name: 'Incidents' }).click();
  await page.getByRole('link', { name: 'Seen in a browser' }).first().click();
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.locator('.incident .now .state-degraded').waitFor();
  await page.getByLabel('Add a note').fill('on it <b>now</b>');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('on it <b>now</b>').waitFor();
  await shot(page, 'incident');
  console.log('say up');
  await page.locator('.incident .now .state-up').waitFor();
  await page.goto(`${url}/app/monitors/${id}`);
  await page.locator('.monitor-head .state-up').waitFor();
  await page.locator('.plot canvas, .plot .uplot').first().waitFor();
  await shot(page, 'monitor-up');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Monitors' }).waitFor();
  await page.getByText('Seen in a browser').waitFor({ state: 'detached' });
  assert.deepEqual(troubles, []);
  await browser.close();
}

async function checkAxe(page, name) {
  await page.evaluate(`${axeSource}; window.axeReady = true;`);
  const found = await page.evaluate(async () => {
    const r = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`);
  });
  assert.deepEqual(found, [], name);
}

// Every page, and every form on it.
async function channel(page) {
  await page.getByRole('button', { name: 'Add channel' }).click();
  await page.getByLabel('Kind').selectOption('telegram');
  await page.getByLabel('Bot token').waitFor();
}
async function policy(page) {
  await page.getByRole('button', { name: 'Add policy' }).click();
  for (const rule of ['Severity', 'Escalation', 'Quiet hours', 'Down when this many regions fail']) await page.getByLabel(`Set: ${rule}`).check();
  await page.locator('.preview').waitFor();
}
async function plan(page) {
  await page.getByRole('button', { name: 'Plan maintenance' }).click();
  await page.getByLabel('Repeat').selectOption('nth');
  await page.locator('.preview .spans li').nth(4).waitFor();
}
const list = (page) => page.getByRole('button', { name: 'List' }).click();
const places = [['monitors'], ['incidents'], ['maintenance'], ['maintenance', list], ['maintenance', plan], ['alerts'], ['alerts', channel],
  ['alerts/policies'], ['alerts/policies', policy], ['alerts/oncall'], ['regions']];

async function axe() {
  for (const [name, options] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
    ['phone', { viewport: { width: 390, height: 844 } }]]) {
    const { browser, page } = await open(options);
    await page.goto(`${url}/app/`);
    await page.getByLabel('API token').waitFor();
    await checkAxe(page, `sign in, ${name}`);
    await signIn(page);
    for (const [place, step] of places) {
      await page.goto(`${url}/app/${place}`);
      await page.locator('h1').waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      if (step) await step(page);
      const said = `${place.replaceAll('/', '-')}${step ? `-${step.name}` : ''}-${name}`;
      await checkAxe(page, said);
      await shot(page, said);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${said}: ${wide} px too wide`);
    }
    await page.goto(`${url}/app/monitors`);
    await page.locator('.c-name a').first().click();
    await page.locator('.why .sentence').waitFor();
    await page.waitForTimeout(800);
    await checkAxe(page, `monitor, ${name}`);
    await shot(page, `monitor-${name}`);
    await page.getByRole('tab', { name: 'Alerting' }).click();
    await page.getByLabel('Set: Severity').waitFor();
    await checkAxe(page, `alerting, ${name}`);
    await shot(page, `monitor-alerting-${name}`);
    await browser.close();
  }
}

async function channels(page) {
  await page.goto(`${url}/app/alerts`);
  await page.getByRole('button', { name: 'Add channel' }).click();
  const form = page.locator('dialog');
  await form.getByLabel('Name').fill('Browser mail');
  await form.getByLabel('Address').fill('nobody');
  await form.getByLabel('Address').evaluate((e) => (e.type = 'text')); // the server's word, not the browser's
  await form.getByRole('button', { name: 'Add channel' }).click();
  await form.locator('.problem').waitFor();
  await form.getByLabel('Address').fill('browser@example.org');
  await form.getByRole('button', { name: 'Add channel' }).click();
  const row = page.locator('.channel', { hasText: 'Browser mail' });
  assert.match(await row.locator('.target').textContent(), /E-mail · b…@example\.org/);
  await row.getByRole('button', { name: 'Send test' }).click();
  await row.locator('.test-result .state-up').waitFor();
  await row.getByText('Notices').click();
  await row.locator('.told li').first().waitFor();
  await row.getByText('1 attempt').click();
  await row.getByText(/SMTP 250/).last().waitFor();
  await shot(page, 'channel-tested');
  await row.getByRole('button', { name: 'Edit' }).click();
  await form.getByLabel('Name').fill('Browser letters');
  await form.getByRole('button', { name: 'Save' }).click();
  const renamed = page.locator('.channel', { hasText: 'Browser letters' });
  await renamed.getByRole('button', { name: 'Delete' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Delete' }).click();
  await renamed.waitFor({ state: 'detached' });
}

async function rules(page) {
  await page.goto(`${url}/app/alerts/policies`);
  await page.getByRole('button', { name: 'Add policy' }).click();
  const form = page.locator('dialog');
  await form.getByLabel('Name').fill('Browser policy');
  await form.getByLabel('For', { exact: true }).selectOption('organisation');
  await form.getByLabel('Set: Remind every').check();
  await form.getByLabel('Remind every', { exact: true }).fill('2');
  await form.locator('.preview').getByText(/every 2 h/).first().waitFor();
  await form.locator('.preview').getByText(/of them would change/).waitFor();
  await shot(page, 'policy-preview');
  await form.getByRole('button', { name: 'Add policy' }).click();
  await page.locator('.card', { hasText: 'Browser policy' }).getByText(/every 2 h/).waitFor();
  await page.getByText(/definitions? changed/).waitFor();
  await page.goto(`${url}/app/monitors`);
  await page.getByRole('link', { name: 'Ruled' }).click();
  await page.getByRole('tab', { name: 'Alerting' }).click();
  const tab = page.getByRole('tabpanel');
  await tab.getByRole('link', { name: 'Browser policy' }).waitFor();
  await tab.locator('.sentence', { hasText: 'every 2 h' }).waitFor();
  await tab.getByLabel('Set: Down when this many regions fail').check();
  await tab.getByRole('button', { name: 'Try these rules' }).click();
  await tab.locator('.tried').waitFor();
  await tab.getByLabel('Set: Severity').check();
  await tab.getByLabel('Severity', { exact: true }).selectOption('critical');
  await tab.getByRole('button', { name: 'Save the rules' }).click();
  await tab.getByText('Saved.').waitFor();
  await tab.getByLabel('Set: Severity').uncheck();
  await tab.getByLabel('Set: Down when this many regions fail').uncheck();
  await tab.getByRole('button', { name: 'Save the rules' }).click();
  await tab.getByText('Saved.').waitFor();
  await page.goto(`${url}/app/alerts/policies`);
  const card = page.locator('.card', { hasText: 'Browser policy' });
  await card.getByRole('button', { name: 'Delete' }).click();
  await page.locator('dialog .preview .sentence, dialog .preview .problem').first().waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Delete' }).click();
  await card.waitFor({ state: 'detached' });
}

async function maintenance(page) {
  await page.goto(`${url}/app/maintenance`);
  const stop = page.locator('[role=gridcell][tabindex="0"]');
  await stop.focus();
  const month = await page.getByRole('grid').getAttribute('aria-label');
  await page.keyboard.press('PageDown');
  // a key that comes before the new month has the focus is nobody's
  await page.waitForFunction((before) => document.querySelector('[role=grid]').getAttribute('aria-label') !== before
    && document.activeElement?.matches('[role=gridcell][tabindex="0"]'), month);
  await page.keyboard.press('Home');
  await page.waitForFunction(() => document.activeElement?.matches('tr > [role=gridcell][tabindex="0"]:first-of-type'));
  await page.keyboard.press('Enter');
  const form = page.locator('dialog');
  await form.getByLabel('What is done?').fill('Browser patches');
  assert.equal(await form.getByLabel('Time zone').inputValue(), 'Europe/Berlin');
  await form.getByLabel('Repeat').selectOption('weekly');
  await form.getByRole('checkbox', { name: 'Monday', checked: true }).waitFor(); // a Monday repeats on Mondays
  await form.getByLabel('For', { exact: true }).selectOption('some');
  await form.getByRole('group', { name: /Or one of these/ }).getByRole('checkbox').first().check();
  await form.locator('.preview .spans li').nth(4).waitFor();
  await form.locator('.preview').getByText(/For 1 monitor/).waitFor();
  await shot(page, 'maintenance-plan');
  await form.getByRole('button', { name: 'Plan maintenance' }).click();
  await page.locator('.bar', { hasText: 'Browser patches' }).first().waitFor();
  await shot(page, 'maintenance-month');
  await page.getByRole('button', { name: 'Plan maintenance' }).click();
  await form.getByLabel('What is done?').fill('Browser rack');
  await form.getByLabel('Begins').fill(new Date(Date.now() - 3600000).toISOString().slice(0, 16));
  await form.getByLabel('Time zone').fill('UTC');
  await form.getByLabel('Lasts').first().fill('3');
  await form.getByLabel('For', { exact: true }).selectOption('some');
  await form.getByRole('group', { name: /Or one of these/ }).getByRole('checkbox').first().check();
  await form.locator('.preview').getByText(/entered late/).waitFor();
  await form.getByRole('button', { name: 'Plan maintenance' }).click();
  await list(page);
  const item = page.locator('.maintenance', { hasText: 'Browser rack' });
  await item.getByText(/On until/).waitFor();
  await item.getByText('entered late').waitFor();
  await shot(page, 'maintenance-on');
  await item.getByRole('button', { name: 'End now' }).click();
  await form.getByRole('button', { name: 'End now' }).click();
  await item.getByText('Over').waitFor();
  for (const title of ['Browser rack', 'Browser patches']) {
    const one = page.locator('.maintenance', { hasText: title });
    await one.getByRole('button', { name: 'Delete' }).click();
    await form.getByRole('button', { name: 'Delete' }).click();
    await one.waitFor({ state: 'detached' });
  }
}

async function oncall(page) {
  await page.goto(`${url}/app/alerts/oncall`);
  await page.getByRole('button', { name: 'Add rota' }).click();
  const form = page.locator('dialog');
  await form.getByLabel('Name').fill('Browser rota');
  await form.getByLabel('Time zone').fill('Europe/Berlin');
  for (const name of ['ann', 'ben']) await form.getByLabel('Add a member').selectOption({ label: name });
  await form.getByRole('button', { name: 'Move ben up' }).click();
  await shot(page, 'rota-form');
  await form.getByRole('button', { name: 'Add rota' }).click();
  const card = page.locator('.rota', { hasText: 'Browser rota' });
  await card.locator('.sentence', { hasText: 'On call now: ben until' }).waitFor();
  await card.locator('.turns tbody tr').nth(3).waitFor();
  await card.getByRole('button', { name: 'Take over' }).click();
  await form.getByLabel('Who').selectOption({ label: 'ann' });
  await form.getByLabel('Note').fill('dentist');
  await form.getByRole('button', { name: 'Take over' }).click();
  await card.locator('.sentence', { hasText: 'On call now: ann until' }).waitFor();
  await card.locator('.turns tr[aria-current]', { hasText: 'dentist' }).waitFor();
  await shot(page, 'rota');
  await card.getByRole('button', { name: 'Remove the override of ann' }).click();
  await card.locator('.sentence', { hasText: 'On call now: ben until' }).waitFor();
  await card.getByRole('button', { name: 'Delete' }).click();
  await form.getByRole('button', { name: 'Delete' }).click();
  await card.waitFor({ state: 'detached' });
}

async function byHand(page) {
  await page.goto(`${url}/app/incidents`);
  await page.getByRole('button', { name: 'Open an incident' }).click();
  const form = page.locator('dialog');
  await form.getByLabel('Title').fill('Payments are slow');
  await form.getByLabel('What is happening?').fill('Long queues at the bank.');
  await form.getByLabel('Tell its channels').uncheck();
  await form.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('heading', { name: 'Payments are slow' }).waitFor();
  await page.getByRole('button', { name: 'Assign to me' }).click();
  await page.locator('.aside').getByText('admin', { exact: true }).waitFor();
  await page.getByLabel('Identified').check();
  await page.getByLabel('Add a note').fill('A switch lost power.');
  await page.getByLabel(/^Public/).check();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const entry = (text) => page.locator('.entry', { hasText: text });
  await entry('A switch lost power.').getByText('public').waitFor();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await form.getByLabel('Severity').selectOption('critical');
  await form.getByLabel('Why?').fill('Half of the customers.');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('.aside .severity-critical').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await form.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('button', { name: 'Unpublish' }).waitFor();
  await page.getByLabel('Resolved').check();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.incident .now .state-up').waitFor();
  await page.getByRole('button', { name: 'Write' }).click();
  await page.getByRole('textbox', { name: 'Post-mortem' }).fill('# Why\n<script>alert(1)</script>');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.written', { hasText: '<script>alert(1)</script>' }).waitFor();
  await page.getByLabel('Add a note').fill('Said afterwards.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await entry('Said afterwards.').waitFor();
  await checkAxe(page, 'incident by hand');
  await shot(page, 'incident-by-hand');
  await page.getByRole('button', { name: 'Reopen' }).click();
  await page.locator('.incident .now .state-down').waitFor();
  await page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await page.locator('.incident .now .state-up').waitFor();
  await page.getByRole('button', { name: 'Merge' }).click();
  await form.getByRole('radio').first().check();
  await form.getByRole('button', { name: 'Merge' }).click();
  await page.getByRole('link', { name: 'Show it' }).waitFor();
  await page.getByRole('button', { name: 'Take out again' }).click();
  await page.getByRole('link', { name: 'Show it' }).waitFor({ state: 'detached' });
}

// What an owner does beside watching, on one page after the other.
async function owner() {
  const { browser, page, troubles } = await open({ timezoneId: 'Europe/Berlin' });
  await signIn(page);
  await page.goto(`${url}/app/regions`);
  await page.locator('.drill').nth(2).getByRole('button', { name: 'Run a drill' }).waitFor();
  for (const flow of [channels, rules, maintenance, oncall, byHand]) {
    await flow(page);
    assert.deepEqual(troubles, [], flow.name);
  }
  await browser.close();
}

async function reconnect() {
  const { browser, page } = await open();
  await signIn(page);
  await page.locator('.conn-live').waitFor();
  console.log('say kill');
  await page.locator('.conn-lost').waitFor();
  await shot(page, 'reconnecting');
  console.log('say back');
  await page.locator('.conn-live').waitFor();
  const before = await page.locator('tbody tr .num time').first().getAttribute('datetime');
  await page.waitForFunction((old) => document.querySelector('tbody tr .num time')?.getAttribute('datetime') !== old, before);
  await browser.close();
}

async function tabs() {
  const { browser, context, page } = await open();
  let streams = 0;
  context.on('request', (r) => { if (r.url().includes('/api/v1/events')) streams++; });
  await signIn(page);
  await page.locator('.conn-live').waitFor();
  const others = [];
  for (let i = 0; i < 6; i++) {
    const tab = await context.newPage();
    await tab.goto(`${url}/app/`);
    await tab.getByRole('heading', { name: 'Monitors' }).waitFor();
    others.push(tab);
  }
  await others[5].locator('.conn-live').waitFor();
  assert.equal(streams, 1, 'one stream for seven tabs');
  await page.close();
  for (const end = Date.now() + WAIT_MS; streams < 2 && Date.now() < end;) await others[0].waitForTimeout(50);
  for (const tab of others) await tab.locator('.conn-live').waitFor();
  assert.equal(streams, 2, 'another tab took over');
  await browser.close();
}

const scenarios = { story, owner, axe, reconnect, tabs };
await scenarios[process.argv[2]]();
