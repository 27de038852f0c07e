// The runs of all experiments: their columns are chosen, and several are acted on at once.

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

/** Opens a page, does something there, and hears no complaint. */
function journey(name, address, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, address);
    await walk();
    await alive(page);
    quiet(page);
  });
}

const row = (name) => page.locator('.all-runs tbody tr').filter({ hasText: name });
const box = (name) => page.getByRole('checkbox', { name: `Select ${name}` });
const bar = () => page.getByRole('toolbar', { name: 'Chosen runs' });

journey('metrics and params become columns, and the address keeps them', '/runs', async () => {
  await row(ALICE).waitFor();
  await page.getByRole('button', { name: 'Columns' }).click();
  const panel = page.getByRole('dialog', { name: 'Columns' });
  await panel.getByRole('checkbox', { name: 'loss' }).check();
  await panel.getByRole('checkbox', { name: 'solver' }).check();
  await page.waitForURL(/columns=started,duration,user,metrics.loss,params.solver/);
  await row(ALICE).getByText('liblinear').waitFor();
  await page.reload();
  await alive(page);
  await row(ALICE).getByText('liblinear').waitFor();
  const heads = await page.locator('.all-runs thead th').allInnerTexts();
  assert.deepEqual(heads.slice(1).map((head) => head.trim()), ['Run', 'Experiment', 'Started', 'Duration', 'User', 'loss', 'solver']);
});

journey('chosen runs are compared', '/runs', async () => {
  await box(ALICE).check();
  await bar().getByText('1 selected').waitFor();
  await page.getByRole('checkbox', { name: 'Select all runs of this page' }).check();
  await bar().getByText('2 selected').waitFor();
  assert.equal(await bar().getByRole('button', { name: 'Select all that match' }).count(), 0);
  await bar().getByRole('link', { name: 'Compare' }).click();
  await page.waitForURL(/\/compare\?runs=/);
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
});

journey('chosen runs are tagged and become a file', '/runs?columns=tags.team', async () => {
  await box(ALICE).check();
  await box(BOB).check();
  await bar().getByRole('button', { name: 'Export' }).click();
  const csv = await page.getByRole('link', { name: 'CSV, columns shown' }).getAttribute('href');
  await page.keyboard.press('Escape');
  assert.match(csv, /^\/export\/runs\/all\/runs\.csv\?columns=tags\.team&runs=/);
  const file = await page.context().request.get(w.url + csv);
  assert.equal(file.status(), 200);
  assert.equal((await file.text()).trim().split('\n').length, 3);
  const nothing = await page.context().request.get(`${w.url}/export/runs/all/runs.csv`);
  assert.equal(nothing.status(), 400);
  await bar().getByRole('button', { name: 'Tag' }).click();
  await page.getByLabel('Key').fill('team');
  await page.getByLabel('Value').fill('blue');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('2 runs tagged.').waitFor();
  await row(ALICE).getByText('blue').waitFor();
  await row(BOB).getByText('blue').waitFor();
});

journey('runs go to the trash and come back', '/runs', async () => {
  await box(ALICE).check();
  await bar().getByRole('button', { name: 'Delete' }).click();
  await page.getByText('1 run deleted.').waitFor();
  await row(ALICE).waitFor({ state: 'detached' });
  await row(BOB).waitFor();
  await page.getByRole('link', { name: 'Trash: show deleted runs' }).click();
  await page.waitForURL(/view=trash/);
  await row(BOB).waitFor({ state: 'detached' });
  await box(ALICE).check();
  await bar().getByRole('button', { name: 'Restore' }).click();
  await page.getByText('1 run restored.').waitFor();
  await page.getByText('The trash is empty').waitFor();
  await page.getByRole('link', { name: 'Back to active runs', exact: true }).click();
  await row(ALICE).waitFor();
});

test('the table fits into a narrow window, and needs no scripts', async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  await open(page, w, '/runs?columns=metrics.loss,params.solver');
  await fits(page);
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}/runs?columns=params.solver`);
  await still.locator('.all-runs').getByText('liblinear').first().waitFor();
});
