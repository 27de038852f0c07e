// A filter is written with what the box says can come next, and made by clicks on facets.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, fits, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const box = () => page.getByRole('combobox', { name: 'Filter' });
const option = (name) => page.getByRole('option', { name, exact: true });
const chosen = (name) => page.getByRole('option', { name, selected: true });
const rows = () => page.locator('.run-table tbody th a').allInnerTexts();
const filtered = (filter) => page.waitForURL((url) => (url.searchParams.get('filter') ?? '') === filter);

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

const runs = () => w.experiment;

journey('a filter is written from what is offered', runs, async () => {
  await box().pressSequentially('par');
  await chosen(/^params\./).waitFor();
  assert.equal(await box().getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('Tab');
  assert.equal(await box().inputValue(), 'params.');
  await option('C').waitFor();
  await page.keyboard.type('s');
  await option('C').waitFor({ state: 'detached' });
  await chosen('random_state').waitFor();
  await option('solver').waitFor();
  await page.keyboard.press('ArrowDown');
  await chosen('solver').waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await box().inputValue(), 'params.solver ');
  await option('=').click();
  assert.equal(await box().inputValue(), 'params.solver = ');
  await option('liblinear').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await box().inputValue(), "params.solver = 'liblinear'");
  assert.equal(await box().getAttribute('aria-expanded'), 'false');
  assert.equal(new URL(page.url()).search, '', 'nothing is asked before it is sent');
  await page.keyboard.type(' a');
  await chosen('AND').waitFor();
  await page.keyboard.press('Enter');
  // A key is found without saying whose it is.
  await page.keyboard.type('accu');
  await option('metrics.`val/accuracy`').click();
  await page.keyboard.type('> 0.999');
  const filter = "params.solver = 'liblinear' AND metrics.`val/accuracy` > 0.999";
  assert.equal(await box().inputValue(), filter);
  await page.keyboard.press('Enter');
  await filtered(filter);
  await page.getByRole('link', { name: ALICE }).waitFor({ state: 'detached' });
  assert.deepEqual(await rows(), [BOB]);
});

journey('the list opens and closes by key', runs, async () => {
  await box().focus();
  await page.keyboard.press('ArrowDown');
  // The code of the list comes with the first use of the box.
  while (!(await option('status').isVisible())) {
    await page.waitForTimeout(50);
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Escape');
  await option('status').waitFor({ state: 'hidden' });
  assert.equal(await box().inputValue(), '');
  await box().fill('status = ');
  await option('FINISHED').waitFor();
  await page.getByRole('heading', { level: 1 }).click();
  await option('FINISHED').waitFor({ state: 'hidden' });
  await box().fill("status = 'FAILED'");
  await box().press('Enter');
  await page.getByRole('heading', { name: 'No run matches the filter' }).waitFor();
});

journey('what is in the middle of a filter is replaced', runs, async () => {
  await box().fill("params.C = '1.0' AND status = 'FINISHED'");
  const behind = "' AND status = 'FINISHED'".length;
  for (let steps = 0; steps < behind; steps += 1) await page.keyboard.press('ArrowLeft');
  for (let steps = 0; steps < '1.0'.length; steps += 1) await page.keyboard.press('Backspace');
  await option('2.0').click();
  assert.equal(await box().inputValue(), "params.C = '2.0' AND status = 'FINISHED'");
});

journey('facets put conditions into the filter and take them out', runs, async () => {
  await page.getByRole('button', { name: 'Facets' }).click();
  const facets = page.getByRole('dialog', { name: 'Facets' });
  const value = (facet, name) => facets.getByRole('group', { name: facet }).getByRole('button', { name });
  await value(/^Status/, /^FINISHED/).waitFor();
  await facets.getByText('Counted over 2 runs, whatever the filter.').waitFor();
  await value(/^C /, /^2\.0/).click();
  await filtered("params.C = '2.0'");
  await page.getByRole('link', { name: ALICE }).waitFor({ state: 'detached' });
  assert.deepEqual(await rows(), [BOB]);
  assert.equal(await value(/^C /, /^2\.0/).getAttribute('aria-pressed'), 'true');
  // Another value of the same takes its place.
  await value(/^C /, /^1\.0/).click();
  await filtered("params.C = '1.0'");
  await value(/^Status/, /^FINISHED/).click();
  await filtered("params.C = '1.0' AND status = 'FINISHED'");
  await value(/^C /, /^1\.0/).click();
  await filtered("status = 'FINISHED'");
  await page.getByRole('link', { name: BOB }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await box().inputValue(), "status = 'FINISHED'");
});

test('the box is a plain form without scripts', async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${w.experiment}`);
  await still.getByRole('combobox', { name: 'Filter' }).fill("params.C = '2.0'");
  await still.getByRole('combobox', { name: 'Filter' }).press('Enter');
  await still.waitForURL((url) => url.searchParams.get('filter') === "params.C = '2.0'");
  assert.deepEqual(await still.locator('.run-table tbody th a').allInnerTexts(), [BOB]);
  await still.context().close();
});

test('the list and the facets fit on a small screen', async () => {
  const small = await w.person('admin', { viewport: { width: 400, height: 800 } });
  await open(small, w, w.experiment);
  await small.getByRole('combobox', { name: 'Filter' }).pressSequentially('metrics.loss < 1 AND m');
  await small.getByRole('option', { name: /^max_metrics\./ }).waitFor();
  await fits(small);
  await small.keyboard.press('Escape');
  await small.getByRole('button', { name: 'Facets' }).click();
  await small.getByRole('dialog', { name: 'Facets' }).getByText(/^Counted over/).waitFor();
  await fits(small);
  await small.context().close();
});
