// Runs beneath those that they are nested in.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { accessible, alive, fits, keep, open, quiet, world } from './runmark.mjs';

const TRIALS = 120;

let w;
let page;
let experiment;

const asked = (operation, body) => w.asked(operation, body);

/** A run as MLflow's client starts it with `nested=True`, in the run that has this id. */
async function newRun(name, parent) {
  const tags = parent ? [{ key: 'mlflow.parentRunId', value: parent }] : [];
  const body = { experiment_id: experiment, run_name: name, start_time: 1_700_000_000_000, tags };
  return (await asked('runs/create', body)).run.info.run_id;
}

const trial = (number) => `trial ${String(number).padStart(3, '0')}`;
const ALL_TRIALS = [...Array(TRIALS).keys()].map(trial);

before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  experiment = (await asked('experiments/create', { name: 'Sweeps' })).experiment_id;
  await newRun('alone');
  const small = await newRun('small sweep');
  const first = await newRun('pair a', small);
  const second = await newRun('pair b', small);
  await newRun('fold', first);
  await asked('runs/log-batch', { run_id: small, params: [{ key: 'kind', value: 'small' }] });
  // What a sweep is about its nested runs alone have.
  for (const [run_id, value] of [[first, 0.25], [second, 0.75]]) {
    const metrics = [{ key: 'score', value, timestamp: 1, step: 1 }];
    await asked('runs/log-batch', { run_id, metrics, params: [{ key: 'kind', value: 'pair' }] });
  }
  const sweep = await newRun('sweep');
  for (let from = 0; from < TRIALS; from += 20) {
    await Promise.all(ALL_TRIALS.slice(from, from + 20).map((name) => newRun(name, sweep)));
  }
});
after(() => w?.end());

const tree = (rest = '') => `/experiments/${experiment}?order=run_name+ASC&tree=1${rest}`;
const rows = () => page.locator('.run-table tbody th a').allInnerTexts();
const expander = (name) => page.getByRole('button', { name: new RegExp(`^Runs nested in ${name}: `) });
const scrolled = (top) => page.locator('.run-frame').evaluate((frame, top) => (frame.scrollTop = top), top);
const focused = () => page.evaluate(() => document.activeElement.closest('tr')?.querySelector('th a')?.textContent);

/** Waits until the table has just these rows. */
async function shows(expected) {
  for (let waited = 0; ; waited += 50) {
    const found = await rows();
    if (waited > 10_000 || JSON.stringify(found) === JSON.stringify(expected)) return assert.deepEqual(found, expected);
    await sleep(50);
  }
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

const flat = () => `/experiments/${experiment}?order=run_name+ASC`;

journey('a switch puts runs beneath those that they are nested in', flat, async () => {
  assert((await rows()).includes('pair a'));
  assert.equal(await page.getByRole('treegrid').count(), 0);
  await page.getByRole('link', { name: /^Tree/ }).click();
  await page.waitForURL(/tree=1/);
  await shows(['alone', 'small sweep', 'sweep']);
  await page.getByRole('treegrid', { name: 'Runs' }).waitFor();
  await page.getByText('1–3 of 3 top runs', { exact: true }).waitFor();
  assert.equal(await expander('alone').count(), 0);

  await expander('small sweep').click();
  await shows(['alone', 'small sweep', 'pair a', 'pair b', 'sweep']);
  assert.equal(await expander('small sweep').getAttribute('aria-expanded'), 'true');
  await expander('pair a').click();
  await shows(['alone', 'small sweep', 'pair a', 'fold', 'pair b', 'sweep']);
  const levels = await page.locator('.run-table tbody tr').evaluateAll((rows) => rows.map((row) => row.ariaLevel));
  assert.deepEqual(levels, ['1', '1', '2', '3', '2', '1']);
  const heights = await page.locator('.run-table tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  assert.equal(new Set(heights).size, 1, `rows are ${heights} high`);
  await accessible(page);
  await keep(page, 'runs-tree');

  // What was open is open again.
  await expander('small sweep').click();
  await shows(['alone', 'small sweep', 'sweep']);
  await expander('small sweep').click();
  await shows(['alone', 'small sweep', 'pair a', 'fold', 'pair b', 'sweep']);

  await page.getByRole('link', { name: /^Tree/ }).click();
  await page.waitForURL((url) => !url.searchParams.has('tree'));
  await page.getByRole('treegrid').waitFor({ state: 'detached' });
});

journey('very many nested runs come a portion at a time, and only those in sight are made', () => tree(), async () => {
  await expander('small sweep').click();
  await shows(['alone', 'small sweep', 'pair a', 'pair b', 'sweep']);
  await expander('sweep').click();
  const all = ['alone', 'small sweep', 'pair a', 'pair b', 'sweep', ...ALL_TRIALS];
  await page.getByRole('link', { name: trial(0), exact: true }).waitFor();
  for (const row of [60, 10, 90]) {
    await scrolled(row * 32);
    await page.getByRole('link', { name: all[row + 5], exact: true }).waitFor();
    const made = await rows();
    assert(made.length < 80, `${made.length} rows were made`);
    const first = all.indexOf(made[0]);
    assert.deepEqual(made, all.slice(first, first + made.length));
  }
  await scrolled(1e9);
  await page.getByText('100 of 120', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
  await scrolled(1e9);
  await page.getByRole('link', { name: trial(TRIALS - 1), exact: true }).waitFor();
  assert.deepEqual((await rows()).slice(-10), ALL_TRIALS.slice(-10));
});

journey('arrows lead into what is nested and out of it', () => tree(), async () => {
  await page.getByRole('link', { name: 'small sweep', exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  await shows(['alone', 'small sweep', 'pair a', 'pair b', 'sweep']);
  assert.equal(await focused(), 'small sweep');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'pair a');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(), 'small sweep');
  await page.keyboard.press('ArrowLeft');
  await shows(['alone', 'small sweep', 'sweep']);
  assert.equal(await focused(), 'small sweep');
});

journey('a run is chosen alone, and what is nested in it when that is asked for', () => tree(), async () => {
  await page.getByRole('checkbox', { name: 'Select sweep', exact: true }).check();
  await page.getByText('1 selected', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Select nested runs too' }).click();
  await page.getByText(`${TRIALS + 1} selected`, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  // However deep they are nested.
  await page.getByRole('checkbox', { name: 'Select small sweep', exact: true }).check();
  await page.getByRole('button', { name: 'Select nested runs too' }).click();
  await page.getByText('4 selected', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
});

journey('the filter looks at top runs', () => tree(`&filter=${encodeURIComponent("run_name LIKE '%s%'")}`), async () => {
  await shows(['small sweep', 'sweep']);
  await page.getByText('The filter looks at top runs alone').waitFor();
  await open(page, w, tree(`&filter=${encodeURIComponent("run_name LIKE 'pair%'")}`));
  await page.getByText('In the tree it looks at top runs alone').waitFor();
  await page.getByRole('link', { name: 'Look at all runs' }).click();
  await shows(['pair a', 'pair b']);
});

journey('groups are no tree', () => tree('&group=params.kind'), async () => {
  await page.getByRole('table', { name: 'Groups of runs' }).waitFor();
  assert.equal(await page.getByRole('link', { name: /^Tree/ }).count(), 0);
  // Its runs are nested ones: a tree wouldn't find them.
  await page.getByRole('link', { name: 'pair', exact: true }).click();
  await page.waitForURL((url) => !url.searchParams.has('group') && !url.searchParams.has('tree'));
  await shows(['pair a', 'pair b']);
});

journey('nested runs are plotted, too', () => tree('&tab=explore&plot=scatter'), async () => {
  await page.locator('.explore-box canvas').waitFor();
  const axis = page.getByRole('group', { name: 'Plot', exact: true }).getByRole('combobox', { name: 'Y axis', exact: true });
  assert.equal(await axis.inputValue(), 'metrics.score');
  await page.getByText('Values as a table').click();
  const values = page.getByRole('table', { name: 'Values' }).getByRole('row');
  await values.filter({ hasText: 'pair a' }).getByText('0.25').waitFor();
  await values.filter({ hasText: 'pair b' }).getByText('0.75').waitFor();
});

test('without scripts the top runs lead to their pages', async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${tree()}`);
  assert.deepEqual(await still.locator('.run-table tbody th a').allInnerTexts(), ['alone', 'small sweep', 'sweep']);
  await still.getByRole('link', { name: 'small sweep', exact: true }).click();
  await still.getByRole('heading', { name: 'small sweep' }).first().waitFor();
  await still.context().close();
});

test('the tree fits a small screen', async () => {
  const small = await w.person('admin', { viewport: { width: 400, height: 800 } });
  await open(small, w, tree());
  await small.getByRole('button', { name: /^Runs nested in small sweep: / }).click();
  await small.getByRole('link', { name: 'pair a', exact: true }).waitFor();
  await fits(small);
  await keep(small, 'runs-tree-400x800');
  quiet(small);
  await small.context().close();
});
