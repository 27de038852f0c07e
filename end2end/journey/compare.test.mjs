// Runs compared: against a baseline, by packages, by files, by commits, and very many at once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, drawn, fits, keep, open, quiet, world } from './runmark.mjs';

let w;
let page;

const OTHER_COMMIT = 'ab'.repeat(20);
// A picture of one pixel.
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

const ask = (operation, body) => w.asked(operation, body);
const put = (run, path, content) => w.upload(run, path, content);

/** One more run of the experiment, with these metrics. */
async function another(name, metrics = {}) {
  const { experiment } = w.alice;
  const made = await ask('runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now() });
  const id = made.run.info.run_id;
  const logged = Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 1, step: 0 }));
  await ask('runs/log-batch', { run_id: id, metrics: logged });
  return { experiment, id };
}

before(async () => {
  w = await world();
  page = await w.person();
  await put(w.alice, 'requirements.txt', 'numpy==1.26.4\nsix==1.16\n');
  await put(w.bob, 'requirements.txt', 'NumPy==2.0.0\nsix==1.16\n');
  await put(w.bob, 'plots/matrix.png', PIXEL);
  await ask('runs/set-tag', { run_id: w.bob.id, key: 'mlflow.source.git.commit', value: OTHER_COMMIT });
});
after(() => w?.end());

const values = () => page.getByRole('region', { name: 'Values of the runs' });
const heads = () => values().getByRole('columnheader').allInnerTexts();

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

journey('a run becomes the baseline, and the others are compared to it', () => w.comparison, async () => {
  assert.match((await heads())[0], new RegExp(`${ALICE}[^]*Baseline`));
  const loss = values().getByRole('row', { name: /^loss/ });
  await loss.getByText(/ (better|worse)$/).waitFor();
  await values().getByRole('button', { name: `Set as baseline: ${BOB}` }).click();
  await page.waitForURL(new RegExp(`base=${w.bob.id}`));
  await values().getByRole('button', { name: `Set as baseline: ${ALICE}` }).waitFor();
  assert.match((await heads())[0], new RegExp(`${BOB}[^]*Baseline`));
  // The row of a metric says which way it gets better, and can be turned.
  const before = await loss.locator('.change').innerText();
  await loss.getByRole('button', { name: 'Less is better: loss' }).click();
  await page.waitForURL(/more=loss/);
  const turned = before.endsWith('better') ? before.replace('better', 'worse') : before.replace('worse', 'better');
  await loss.getByText(turned, { exact: true }).waitFor();
  await loss.getByRole('button', { name: 'More is better: loss' }).click();
  await page.waitForURL((url) => !url.searchParams.has('more'));
  await keep(page, 'compare-baseline');
});

journey('groups of values fold, and stay so', () => w.comparison, async () => {
  await values().getByRole('button', { name: 'Params' }).click();
  await page.waitForURL(/fold=params/);
  await values().getByRole('row', { name: /^solver/ }).waitFor({ state: 'detached' });
  await page.reload();
  await alive(page);
  assert.equal(await values().getByRole('row', { name: /^solver/ }).count(), 0);
  await values().getByRole('button', { name: 'Params' }).click();
  await values().getByRole('row', { name: /^solver/ }).waitFor();
});

journey('commits of one repository lead to what changed between them', () => w.comparison, async () => {
  const link = values().getByRole('link', { name: 'Changes' });
  assert.equal(
    await link.getAttribute('href'),
    `https://github.com/example/churn/compare/${'5f3759df'.repeat(5)}...${OTHER_COMMIT}`,
  );
});

journey('packages that differ are found', () => w.comparison, async () => {
  await page.getByText('Environment', { exact: true }).click();
  await page.waitForURL(/open=environment/);
  const table = page.getByRole('region', { name: 'Environment of the runs' });
  assert.match(await table.getByRole('row', { name: /^numpy/ }).innerText(), /1\.26\.4\s+2\.0\.0/);
  assert.equal(await table.getByRole('row', { name: /^six/ }).count(), 0);
  await page.getByLabel('Also what is the same').check();
  await table.getByRole('row', { name: /^six/ }).waitFor();
  await page.reload();
  await table.getByRole('row', { name: /^six/ }).waitFor();
  await page.getByText('Environment', { exact: true }).click();
  await table.waitFor({ state: 'detached' });
});

journey('files are compared line by line, pictures over each other', () => `${w.comparison}&open=artifacts`, async () => {
  const table = page.getByRole('region', { name: 'Files of the runs' });
  await table.getByRole('row', { name: /^report\.html/ }).getByText('same', { exact: true }).waitFor();
  await table.getByRole('button', { name: /^differs: compare requirements\.txt/ }).click();
  await page.waitForURL(/file=requirements.txt/);
  const lines = page.getByRole('region', { name: 'Lines that differ' });
  await lines.getByText('numpy==1.26.4').waitFor();
  await lines.getByText('NumPy==2.0.0').waitFor();
  await lines.getByText('six==1.16').waitFor();
  await table.getByRole('button', { name: /^differs: compare plots\/matrix\.png/ }).click();
  const slider = page.getByLabel("How much of the baseline's picture is seen");
  await slider.fill('80');
  await page.waitForFunction(() => document.querySelector('.picture-over .over').style.clipPath.includes('80%'));
  await page.getByRole('button', { name: 'Close' }).click();
  await slider.waitFor({ state: 'detached' });
});

test('very many runs are compared', async () => {
  const runs = [];
  for (let number = 0; number < 60; number += 1) runs.push(await another(`many ${number}`, { loss: number, height: 60 - number }));
  const packed = runs.map(({ id }) => Buffer.from(id, 'hex').toString('base64url')).join('');
  page.complaints.length = 0;
  await open(page, w, `/compare?runs=${packed}`);
  await page.getByText('60 runs', { exact: true }).waitFor();
  assert.equal(await page.getByRole('list', { name: 'Compared runs', exact: true }).getByRole('listitem').count(), 12);
  await drawn(page, 'loss');
  assert.equal((await heads()).length, 41);
  await page.getByText('1–40 of 59 runs beside the baseline').waitFor();
  await page.getByRole('link', { name: 'Next runs' }).click();
  await page.getByText('41–59 of 59 runs beside the baseline').waitFor();
  assert.match((await heads())[0], /^many 0/);
  await page.getByText('and 48 more').click();
  await page.getByRole('searchbox', { name: 'Find a run' }).fill('many 59');
  await page.getByRole('button', { name: 'Set as baseline: many 59' }).first().click();
  await page.waitForURL(new RegExp(`base=${runs[59].id}`));
  await values().getByRole('columnheader', { name: /many 59.*Baseline/ }).waitFor();
  assert.match((await heads())[0], /^many 59/);
  await fits(page);
  await alive(page);
  quiet(page);
});

test('a baseline is there without scripts', async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${w.comparison}&base=${w.bob.id}`);
  const first = still.getByRole('region', { name: 'Values of the runs' }).getByRole('columnheader').first();
  assert.match(await first.innerText(), new RegExp(BOB));
});
