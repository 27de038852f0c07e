// What is done to runs and experiments on their pages: thrown away and taken back, tagged, renamed, noted; views; files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, alive, chart, drawn, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const link = (name) => page.getByRole('link', { name, exact: true });
const bar = () => page.getByRole('toolbar', { name: 'Chosen runs' });
const choose = (...names) =>
  names.reduce((before, name) => before.then(() => page.getByRole('checkbox', { name: `Select ${name}` }).check()), Promise.resolve());

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

journey('chosen runs are thrown away, and taken back', () => w.experiment, async () => {
  await choose(ALICE, BOB);
  await bar().getByRole('button', { name: 'Delete' }).click();
  await link(ALICE).waitFor({ state: 'detached' });
  await page.getByText('2 runs deleted.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await link(ALICE).waitFor();
  await link(BOB).waitFor();
  await choose(BOB);
  await bar().getByRole('button', { name: 'Delete' }).click();
  await link(BOB).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Show deleted runs' }).click();
  await choose(BOB);
  await bar().getByRole('button', { name: 'Restore' }).click();
  await page.getByText('1 run restored.').waitFor();
  await page.getByRole('link', { name: 'Back to active runs' }).click();
  await link(BOB).waitFor();
});

journey('chosen runs are tagged', () => `${w.experiment}?columns=tags.stage`, async () => {
  await choose(ALICE, BOB);
  await bar().getByRole('button', { name: 'Tag' }).click();
  const form = page.getByRole('dialog', { name: 'Tag' });
  await form.getByLabel('Key').fill('stage');
  await form.getByLabel('Value').fill('candidate');
  await form.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('2 runs tagged.').waitFor();
  await page.getByRole('cell', { name: 'candidate' }).nth(1).waitFor();
});

journey('the table is taken along as a file', () => `${w.experiment}?columns=metrics.loss,params.C&order=run_name`, async () => {
  await choose(ALICE);
  const saved = async (name, encoding = 'utf8') => {
    await bar().getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), bar().getByRole('link', { name }).click()]);
    return readFileSync(await download.path(), encoding);
  };
  const lines = (await saved('CSV, columns shown')).trim().split('\n');
  assert.equal(lines[0], 'run_id,name,status,metrics.loss,params.C');
  assert.equal(lines.length, 2);
  assert.match(lines[1], /^[0-9a-f]{32},Alice's Initial Run,FINISHED,-?[\d.]+,1\.0$/);
  const whole = (await saved('CSV, all columns')).split('\n')[0].split(',');
  assert(['start_time', 'metrics.loss', 'params.C', 'tags.mlflow.user'].every((head) => whole.includes(head)), `${whole}`);
  // A Parquet file begins and ends so.
  const parquet = await saved('Parquet, columns shown', 'latin1');
  assert.deepEqual([parquet.slice(0, 4), parquet.slice(-4)], ['PAR1', 'PAR1']);
  const [run] = JSON.parse(await saved('JSON'));
  assert.equal(run.params.C, '1.0');
  assert(run.metrics.loss.max >= run.metrics.loss.last);
  // Without names all that match are in it.
  const all = await page.request.get(`${w.url}/export/runs/${w.alice.experiment}/runs.json?filter=params.C+%3D+%222.0%22`);
  assert.deepEqual((await all.json()).map((run) => run.name), [BOB]);
});

journey('a view is saved, opened and deleted', () => `${w.experiment}?columns=metrics.loss&order=metrics.loss+DESC`, async () => {
  await page.getByRole('button', { name: 'Views' }).click();
  const menu = page.getByRole('dialog', { name: 'Views' });
  await menu.getByRole('textbox').fill('Worst first');
  await menu.getByLabel('For everybody here').check();
  await menu.getByLabel('The experiment opens with it').check();
  await menu.getByRole('button', { name: 'Save view' }).click();
  await menu.getByRole('link', { name: /Worst first/ }).waitFor();
  await open(page, w, '/experiments');
  await page.getByRole('link', { name: EXPERIMENT }).click();
  await page.waitForURL(/order=metrics.loss\+DESC/);
  await page.getByRole('button', { name: 'Views' }).click();
  await menu.getByRole('link', { name: 'As it comes' }).click();
  await page.getByRole('columnheader', { name: /Started/ }).waitFor();
  // Also where no script runs yet.
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${w.experiment}`);
  assert.match(still.url(), /order=metrics.loss/);
  await page.getByRole('button', { name: 'Views' }).click();
  await menu.getByRole('button', { name: 'Delete view Worst first' }).click();
  await menu.getByRole('link', { name: /Worst first/ }).waitFor({ state: 'detached' });
});

journey('a run is renamed, noted and tagged on its page', () => w.aliceRun, async () => {
  const menu = async (what) => {
    const panel = page.getByRole('dialog', { name: 'Change this run' });
    if (!(await panel.isVisible())) await page.getByRole('button', { name: 'Change this run' }).click();
    await panel.getByRole('button', { name: what }).click();
    return panel;
  };
  let form = await menu('Rename');
  await form.getByLabel('Name').fill('A better name');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'A better name' }).waitFor();
  await page.reload();
  await alive(page);
  form = await menu('Edit the note');
  await form.getByRole('textbox').fill('# Seen\n\nIt **works**, <b>really</b>.');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('.note').getByText('works').waitFor();
  await page.reload();
  await alive(page);
  form = await menu('Set a tag');
  await form.getByLabel('Key').fill('reviewed');
  await form.getByLabel('Value').fill('by Bob');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /reviewed by Bob/ }).waitFor();
  await page.reload();
  await alive(page);
  form = await menu('Rename');
  await form.getByLabel('Name').fill(ALICE);
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: ALICE }).waitFor();
});

journey('an experiment is renamed and noted', () => w.experiment, async () => {
  const menu = async (what) => {
    await page.getByRole('button', { name: 'Change this experiment' }).click();
    const panel = page.getByRole('dialog', { name: 'Change this experiment' });
    await panel.getByRole('button', { name: what }).click();
    return panel;
  };
  for (const name of ['Churn, second try', EXPERIMENT]) {
    const form = await menu('Rename');
    await form.getByLabel('Name').fill(name);
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
  }
});

test('readers are offered nothing that they may not do', async () => {
  await w.server.say('grant', EXPERIMENT, 'everyone', 'READ').catch(() => {});
  const reader = await w.person('reader');
  await open(reader, w, w.experiment);
  if (await reader.getByRole('checkbox', { name: `Select ${ALICE}` }).count()) {
    await reader.getByRole('checkbox', { name: `Select ${ALICE}` }).check();
    await reader.getByRole('toolbar', { name: 'Chosen runs' }).getByText('1 selected').waitFor();
  }
});

journey('an experiment shows the charts of its runs', () => `${w.experiment}?tab=charts`, async () => {
  await drawn(page, 'loss');
  await page.getByText(/^The first 2 runs of the table/).waitFor();
  await page.getByRole('button', { name: 'More chart settings' }).click();
  const settings = page.getByRole('dialog', { name: 'More chart settings' });
  await settings.getByLabel('Smoothing').selectOption('gaussian');
  await page.waitForURL(/kind=gaussian/);
  await settings.getByLabel('Without outliers').check();
  await page.waitForURL(/outliers=1/);
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox', { name: 'Find a metric' }).fill('accuracy');
  await chart(page, 'loss').waitFor({ state: 'detached' });
  await page.getByRole('navigation', { name: 'Experiment' }).getByRole('link', { name: 'Runs' }).click();
  await choose(BOB);
  await page.getByRole('navigation', { name: 'Experiment' }).getByRole('link', { name: 'Charts' }).click();
  await page.getByText('1 chosen run').waitFor();
});

journey('a place pointed at in one chart is shown in the others', () => `${w.comparison}`, async () => {
  const canvas = await drawn(page, 'loss');
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator('.chart-tooltip').waitFor();
  await page.locator('.chart-crosshair.elsewhere').first().waitFor();
});

journey('a chart is taken along', () => w.comparison, async () => {
  await drawn(page, 'loss');
  const saved = async (what) => {
    await chart(page, 'loss').hover();
    await chart(page, 'loss').getByRole('button', { name: 'More of loss' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog', { name: 'More of loss' }).getByRole('button', { name: what }).click(),
    ]);
    await page.keyboard.press('Escape');
    return [download.suggestedFilename(), readFileSync(await download.path())];
  };
  const [name, numbers] = await saved('Save as CSV');
  assert.equal(name, 'loss.csv');
  assert.match(numbers.toString(), /^run,x,y\n"Alice's Initial Run",0,/);
  assert.match((await saved('Save as SVG'))[1].toString(), /^<svg/);
  assert.equal((await saved('Save as PNG'))[1].subarray(1, 4).toString(), 'PNG');
});
