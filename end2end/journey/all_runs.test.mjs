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
  assert.deepEqual(heads.map((head) => head.trim()).filter(Boolean), ['Run', 'Experiment', 'Started', 'Duration', 'User', 'loss', 'solver']);
});

const head = (name) => page.locator('.all-runs th', { has: page.getByRole('link', { name, exact: true }) });

journey('runs are sorted by their columns', '/runs?columns=user,metrics.loss,max_metrics.loss', async () => {
  const losses = async () => (await page.locator('.all-runs tbody tr td.num:nth-child(5)').allInnerTexts()).map(Number);
  const upwards = [...(await losses())].sort((a, b) => a - b);
  assert.equal(upwards.length, 2);
  await head('loss').getByRole('link').click();
  await page.waitForURL(/order=metrics.loss\+ASC/);
  await page.locator('.all-runs th[aria-sort=ascending]').waitFor();
  await page.getByText('newest first').waitFor({ state: 'detached' });
  await page.waitForFunction((least) => Number(document.querySelector('.all-runs tbody td.num').innerText) === least, upwards[0]);
  assert.deepEqual(await losses(), upwards);
  await head('loss').getByRole('link').click();
  await page.waitForURL(/order=metrics.loss\+DESC/);
  await page.waitForFunction((most) => Number(document.querySelector('.all-runs tbody td.num').innerText) === most, upwards[1]);
  assert.deepEqual(await losses(), upwards.toReversed());
  await head('User').getByRole('link').click({ modifiers: ['Shift'] });
  await page.waitForURL(/order=metrics.loss\+DESC,[^&]*user_id\+ASC/);
  await page.locator('.head-place').nth(1).waitFor();
  // What would read every run isn't offered.
  assert.equal(await page.locator('.all-runs th', { hasText: 'max' }).count(), 1);
  assert.equal(await page.locator('.all-runs th', { hasText: 'max' }).getByRole('link').count(), 0);
  await page.reload();
  await alive(page);
  assert.deepEqual(await losses(), upwards.toReversed());
});

journey('a column is sized, by its edge and by keys', '/runs?columns=user,metrics.loss', async () => {
  const width = () => head('loss').evaluate((head) => head.getBoundingClientRect().width);
  const edge = page.getByRole('separator', { name: 'Width of loss' });
  assert.equal(await width(), 132);
  const place = await edge.boundingBox();
  await page.mouse.move(place.x + place.width / 2, place.y + 5);
  await page.mouse.down();
  await page.mouse.move(place.x + place.width / 2 + 68, place.y + 5, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/metrics.loss~200/);
  assert.equal(await width(), 200);
  await edge.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/metrics.loss~208/);
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Width of loss');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.search.includes('~'));
  assert.equal(await width(), 132);
});

journey('a column is pinned and moved from its menu', '/runs?columns=user,metrics.loss', async () => {
  const choose = async (what) => {
    await head('loss').getByRole('link').focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('dialog', { name: 'Column loss' }).getByRole('button', { name: what, exact: true }).click();
  };
  await choose('Move left');
  await page.waitForURL(/columns=metrics.loss,user/);
  await page.waitForFunction(() => document.activeElement.closest('.all-runs thead'));
  await choose('Pin');
  await page.waitForURL(/columns=!metrics.loss,user/);
  await page.locator('.all-runs tbody td.pinned.pin-0').first().waitFor();
  await open(page, w, '/runs?columns=!user,!metrics.loss');
  await page.waitForFunction(() => document.querySelector('.run-frame').style.getPropertyValue('--pin-1') === '148px');
});

journey('a filter is completed from what experiments have', '/runs', async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  const option = (name) => page.getByRole('option', { name, exact: true });
  await box.pressSequentially('params.sol');
  await option('solver').click();
  await option('=').click();
  await option('liblinear').click();
  assert.equal(await box.inputValue(), "params.solver = 'liblinear'");
  await box.fill('status = ');
  await option('FINISHED').waitFor();
  await box.fill("status = 'FAILED'");
  await box.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('filter') === "status = 'FAILED'");
  await page.getByRole('heading', { name: 'No run matches the filter' }).waitFor();
  await page.getByRole('link', { name: 'Clear filter' }).click();
  await row(ALICE).waitFor();
});

journey('its code is asked for with the document', '/runs', async () => {
  const early = await page.locator('link[rel=preload][as=fetch]').evaluateAll((links) => links.map((link) => link.href.split('/').pop()));
  assert(early.includes('split_runs.wasm') && early.includes('shared.wasm'), `${early}`);
  assert(!early.some((name) => /split_(work|charts)|shared_parts/.test(name)), `${early}`);
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
  await still.getByRole('link', { name: 'solver', exact: true }).click();
  await still.waitForURL(/order=params.solver\+ASC/);
  await still.getByRole('combobox', { name: 'Filter' }).fill("params.solver = 'liblinear'");
  await still.keyboard.press('Enter');
  await still.waitForURL(({ searchParams: of }) => of.get('filter') && of.get('columns') === 'params.solver' && of.get('order') === 'params.solver ASC');
});
