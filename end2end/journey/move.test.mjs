// Runs are moved to another experiment, with those nested in them, and back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, accessible, alive, open, quiet, world } from './runmark.mjs';

const TARGET = 'Kept for the paper';
const CHILD = 'One of the trials';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
  await ask('experiments/create', { name: TARGET });
  const tags = [{ key: 'mlflow.parentRunId', value: w.alice.id }];
  await ask('runs/create', { experiment_id: w.alice.experiment, run_name: CHILD, start_time: 1, tags });
});
after(() => w?.end());

const ask = (operation, body) => w.asked(operation, body);

const link = (name) => page.getByRole('link', { name, exact: true });
const bar = (of = page) => of.getByRole('toolbar', { name: 'Chosen runs' });
const choose = (name) => page.getByRole('checkbox', { name: `Select ${name}` }).check();
const form = () => page.getByRole('dialog', { name: 'Move to…' });
const said = (text) => page.getByRole('status').getByText(text);

/** Opens the form that asks where the chosen runs go. */
async function ready() {
  await bar().getByRole('button', { name: 'Move to…' }).click();
  await form().getByRole('button', { name: TARGET }).waitFor();
}

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

journey('a run is moved to an experiment that is found by its name', () => w.experiment, async () => {
  await choose(BOB);
  await ready();
  // Where the runs are is no place to move them to.
  assert.equal(await form().getByRole('button', { name: EXPERIMENT }).count(), 0);
  await form().getByRole('searchbox', { name: 'Find an experiment' }).fill('nowhere');
  await form().getByText(/^No other experiment is called so/).waitFor();
  await form().getByRole('searchbox', { name: 'Find an experiment' }).fill('PAPER');
  await form().getByRole('button', { name: TARGET }).click();
  await said('1 run moved.').waitFor();
  await link(BOB).waitFor({ state: 'detached' });
  await link(`Open ${TARGET}`).click();
  await page.getByRole('heading', { name: TARGET }).waitFor();
  await link(BOB).waitFor();
});

journey('links to where it was lead to it, with its files', () => `${w.experiment}/runs/${w.bob.id}?tab=artifacts`, async () => {
  await page.getByRole('heading', { name: BOB }).waitFor();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: TARGET }).waitFor();
  await page.getByText('report.html').first().waitFor();
  const file = await page.request.get(`${w.url}/files/run/${w.alice.experiment}/${w.bob.id}/notes/readme.txt`);
  assert.match(await file.text(), /^Trained by bob/);
});

journey('those nested in it go along, and come back', () => w.experiment, async () => {
  await link(CHILD).waitFor();
  await choose(ALICE);
  await ready();
  await form().getByLabel('And the runs nested in them').check();
  await form().getByRole('button', { name: TARGET }).click();
  await said('2 runs moved.').waitFor();
  await link(ALICE).waitFor({ state: 'detached' });
  await link(CHILD).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await link(ALICE).waitFor();
  await link(CHILD).waitFor();
  // Bob's run was there before: it stays.
  assert.equal(await link(BOB).count(), 0);
});

journey('without them they stay', () => w.experiment, async () => {
  await choose(ALICE);
  await ready();
  await form().getByRole('button', { name: TARGET }).click();
  await said('1 run moved.').waitFor();
  await link(ALICE).waitFor({ state: 'detached' });
  await link(CHILD).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await link(ALICE).waitFor();
});

journey('everybody can use the form, also where there is little room', () => w.experiment, async () => {
  await choose(ALICE);
  await ready();
  await accessible(page);
  await page.keyboard.press('Escape');
  await form().waitFor({ state: 'detached' });
  await page.setViewportSize({ width: 400, height: 800 });
  await ready();
  const { x, width } = await form().boundingBox();
  assert(x >= 0 && x + width <= 400, `from ${x}, ${width} wide`);
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 800 });
  await bar().getByRole('button', { name: 'Clear' }).click();
});

test('who may not delete a run is not asked where to', async () => {
  const reader = await w.person('reader');
  await open(reader, w, w.experiment);
  await reader.getByRole('checkbox', { name: `Select ${ALICE}` }).check();
  await bar(reader).getByText('1 selected').waitFor();
  assert.equal(await bar(reader).getByRole('button', { name: 'Move to…' }).count(), 0);
  quiet(reader);
});
