// The palette and the keys: everything is found, opened and switched without a mouse.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, alive, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const palette = () => page.getByRole('dialog', { name: 'Search' });
const box = () => palette().getByRole('combobox', { name: 'Search' });
const option = (name) => palette().getByRole('option', { name });
const chosen = () => palette().locator('[role=option][aria-selected=true]');

/** Opens a page, does something there, and hears no complaint. */
function journey(name, address, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, address());
    await walk();
    await alive(page);
    quiet(page);
  });
}

async function search(text) {
  await page.keyboard.press('Control+k');
  await box().and(page.locator(':focus')).waitFor();
  await page.keyboard.type(text);
}

journey('an experiment is found and opened from the keyboard', () => '/account', async () => {
  await search('churn');
  await option(EXPERIMENT).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === w.experiment);
  await page.getByRole('heading', { name: EXPERIMENT }).waitFor();
  await palette().waitFor({ state: 'detached' });
});

journey('a run is found by its name and by the start of its id', () => '/experiments', async () => {
  await search('hyperparameter');
  await option(BOB).waitFor();
  await box().fill(w.alice.id.slice(0, 10));
  await option(ALICE).click();
  await page.waitForURL((url) => url.pathname === w.aliceRun);
});

journey('the arrows walk through what is found', () => '/experiments', async () => {
  await search('');
  const first = await chosen().innerText();
  const named = async () => palette().locator(`#${await box().getAttribute('aria-activedescendant')}`).innerText();
  assert.equal(await named(), first);
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await chosen().innerText(), first);
  assert.equal(await named(), await chosen().innerText());
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.match(await chosen().innerText(), /Show the keys/);
});

journey('what is nowhere is said to be nowhere', () => '/experiments', async () => {
  await search('zzzzzz');
  await palette().getByText('Nothing found').waitFor();
  await page.keyboard.press('Enter');
  assert(await palette().isVisible());
});

journey('closed, the palette gives the focus back and remembers nothing', () => '/experiments', async () => {
  const button = page.getByRole('button', { name: 'Search', exact: true });
  await button.click();
  await box().fill('churn');
  await page.keyboard.press('Escape');
  await palette().waitFor({ state: 'detached' });
  assert(await button.evaluate((button) => button === document.activeElement));
  await button.click();
  assert.equal(await box().inputValue(), '');
  await page.mouse.click(5, 795);
  await palette().waitFor({ state: 'detached' });
});

journey('an experiment has commands of its own', () => `${w.experiment}?filter=metrics.loss+%3E+0`, async () => {
  await search('charts');
  await page.keyboard.press('Enter');
  await page.waitForURL(/filter=metrics.loss.*tab=charts/);
  await search('deleted');
  await page.keyboard.press('Enter');
  await page.waitForURL(/view=trash/);
});

journey('a command switches the theme', () => '/experiments', async () => {
  const theme = () => page.locator('html').getAttribute('data-theme');
  const before = await theme();
  await search('theme');
  await page.keyboard.press('Enter');
  assert.notEqual(await theme(), before);
});

journey('the sheet lists the keys, and they work', () => w.experiment, async () => {
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keys' });
  await sheet.getByText('Go to experiments').waitFor();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  const filter = page.locator('.filter-input');
  assert(await filter.evaluate((field) => field === document.activeElement));
  // What is typed there are no keys.
  await page.keyboard.type('?gec');
  assert.equal(await filter.inputValue(), '?gec');
  assert.equal(await sheet.count(), 0);
  await filter.fill('');
  await filter.blur();
  const theme = () => page.locator('html').getAttribute('data-theme');
  const before = await theme();
  await page.keyboard.press('t');
  assert.notEqual(await theme(), before);
  for (const name of [ALICE, BOB]) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
  await page.getByRole('toolbar', { name: 'Chosen runs' }).getByRole('link', { name: 'Compare' }).waitFor();
  await page.keyboard.press('c');
  await page.waitForURL(/\/compare\?runs=/);
  await alive(page);
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.waitForURL((url) => url.pathname === '/experiments');
});

journey('the runs of all experiments are listed and filtered', () => '/experiments', async () => {
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.waitForURL((url) => url.pathname === '/runs');
  const rows = page.locator('.all-runs tbody tr');
  await rows.filter({ hasText: ALICE }).waitFor();
  assert.equal(await rows.count(), 2);
  await rows.first().getByRole('link', { name: EXPERIMENT }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('params.C = "2.0"');
  await page.keyboard.press('Enter');
  await rows.filter({ hasText: ALICE }).waitFor({ state: 'detached' });
  assert.match(await rows.innerText(), new RegExp(BOB));
  // Also where no script runs yet.
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}/runs?filter=params.C+%3D+%222.0%22`);
  assert.equal(await still.locator('.all-runs tbody tr').count(), 1);
});

test('who is not signed in has no keys', async () => {
  const stranger = await w.page();
  await stranger.goto(`${w.url}/sign-in`);
  await alive(stranger);
  await stranger.keyboard.press('Control+k');
  assert.equal(await stranger.getByRole('dialog').count(), 0);
});

test('the palette fits a phone', async () => {
  const phone = await w.person('admin', { viewport: { width: 400, height: 700 } });
  await open(phone, w, w.experiment);
  await phone.getByRole('button', { name: 'Search', exact: true }).click();
  await phone.getByRole('combobox', { name: 'Search' }).fill('a');
  await phone.getByRole('option').first().waitFor();
  const edges = await phone.locator('dialog.palette').boundingBox();
  assert(edges.x >= 0 && edges.x + edges.width <= 400);
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 400);
  quiet(phone);
});
