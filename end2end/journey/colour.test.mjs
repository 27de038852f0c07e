// A colour that somebody chose for a run goes wherever the run is shown.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, drawn, open, pixels, quiet, world } from './runmark.mjs';

const MAGENTA = '#cd32b3';
const AS_CANVAS = 'rgb(205, 50, 179)';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const swatch = (of = page) => of.getByRole('button', { name: `Colour of ${ALICE}` });
const panel = () => page.getByRole('dialog', { name: `Colour of ${ALICE}` });
const dot = (of) => of.locator(`circle[fill="${MAGENTA}"]`).first();

test('a colour is chosen in the table, by keyboard too, and follows the run', async () => {
  await open(page, w, w.experiment);
  await page.getByRole('checkbox', { name: `Select ${ALICE}` }).check();
  await swatch().focus();
  await page.keyboard.press('Enter');
  await panel().getByRole('button', { name: 'Magenta' }).focus();
  await page.keyboard.press('Enter');
  await panel().waitFor({ state: 'detached' });
  await dot(page.locator('.run-table')).waitFor();
  await page.waitForFunction(() => document.activeElement?.dataset.swatch);

  await open(page, w, `${w.experiment}?tab=charts`);
  await dot(page.locator('.run-chips')).waitFor();
  const { found } = await pixels(await drawn(page, 'loss'), [AS_CANVAS]);
  assert(found[0] > 20, `${found[0]} pixels of the line have the colour`);

  await open(page, w, w.comparison);
  await dot(page.getByRole('list', { name: 'Compared runs' })).waitFor();
  await dot(page.locator('.comparison-table thead')).waitFor();

  await open(page, w, w.aliceRun);
  await dot(page.locator('.page-title')).waitFor();
  const preview = await page.request.get(`${w.url}/preview/chart.svg?runs=${w.bob.id},${w.alice.id}&metric=loss`);
  assert.match(await preview.text(), /#cd32b3/i);
  quiet(page);
});

test('who may not change a run sees its colour, and no button', async () => {
  const reader = await w.person('carol');
  for (const address of [w.experiment, w.comparison, w.aliceRun]) {
    await open(reader, w, address);
    await dot(reader.locator('main')).waitFor();
    assert.equal(await swatch(reader).count(), 0, address);
  }
  const still = await w.page({ javaScriptEnabled: false, storageState: await reader.context().storageState() });
  await still.goto(`${w.url}${w.experiment}`);
  await dot(still.locator('.run-table')).waitFor();
  quiet(reader);
});

test('a comparison shows another colour at once, and takes it back', async () => {
  await open(page, w, w.comparison);
  const chips = page.getByRole('list', { name: 'Compared runs' });
  await swatch(chips).click();
  assert.equal(await panel().getByRole('button', { name: 'Magenta' }).getAttribute('aria-pressed'), 'true');
  await panel().getByRole('button', { name: 'Automatic' }).click();
  await dot(chips).waitFor({ state: 'detached' });
  await dot(page.locator('.comparison-table thead')).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: `Colour of ${BOB}` }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.reload();
  await alive(page);
  await chips.waitFor();
  assert.equal(await page.locator(`circle[fill="${MAGENTA}"]`).count(), 0);
  quiet(page);
});
