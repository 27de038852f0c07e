// Every page, as people use it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, alive, chart, drawn, open, pixels, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const rows = (page) => page.locator('.run-table tbody th a').allInnerTexts();

/** Opens a page, does something there, and hears no complaint. */
function journey(name, address, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, address());
    await walk();
    quiet(page);
  });
}

const runs = () => w.experiment;

journey('experiments are found by name', () => '/experiments', async () => {
  await page.getByRole('searchbox', { name: 'Find an experiment' }).fill('churn');
  await page.getByRole('link', { name: 'Default' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: EXPERIMENT }).waitFor();
  assert.equal(new URL(page.url()).search, '?q=churn');
  await page.getByRole('searchbox', { name: 'Find an experiment' }).fill('nothing like it');
  await page.getByText('No experiment has “nothing like it” in its name.').waitFor();
});

journey('a filter narrows the runs and is part of the address', runs, async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  await box.fill('metrics.`val/accuracy` > 0.5 AND params.C = "2.0"');
  await box.press('Enter');
  await page.getByRole('link', { name: ALICE }).waitFor({ state: 'detached' });
  assert.deepEqual(await rows(page), [BOB]);
  await page.reload();
  await alive(page);
  assert.deepEqual(await rows(page), [BOB]);
  await page.getByRole('link', { name: 'Clear filter' }).click();
  await page.getByRole('link', { name: ALICE }).waitFor();
});

journey('a mistake in a filter is shown where it is', runs, async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  await box.fill('metrics.loss << 1 AND params.C = "1"');
  await page.locator('.filter-mistake mark').waitFor();
  const shown = await page.locator('.filter-mistake code').innerText();
  assert.equal(shown, 'metrics.loss << 1 AND params.C = "1"');
  assert.match(await page.locator('.filter-mistake mark').innerText(), /</);
  assert.equal(await box.getAttribute('aria-invalid'), 'true');
  await box.fill('metrics.loss < 1');
  await page.locator('.filter-mistake').waitFor({ state: 'detached' });
});

journey('a filter that finds nothing offers to be cleared', () => `${w.experiment}?filter=metrics.loss+%3E+99`, async () => {
  await page.getByRole('heading', { name: 'No run matches the filter' }).waitFor();
  await page.getByRole('link', { name: 'Clear the filter' }).click();
  await page.getByRole('link', { name: ALICE }).waitFor();
});

journey('runs are sorted by a metric, up and down', runs, async () => {
  const head = page.getByRole('columnheader', { name: 'val/accuracy' });
  for (const [order, expected] of [
    ['ascending', [ALICE, BOB]],
    ['descending', [BOB, ALICE]],
  ]) {
    await head.getByRole('link').click();
    await page.locator(`th[aria-sort=${order}]`).waitFor();
    await alive(page);
    assert.deepEqual(await rows(page), expected);
  }
});

journey('columns are chosen', runs, async () => {
  await page.getByRole('button', { name: 'Columns' }).click();
  const panel = page.getByRole('dialog', { name: 'Columns' });
  await panel.getByRole('searchbox').fill('solver');
  await panel.getByRole('checkbox', { name: 'solver' }).uncheck();
  await page.getByRole('columnheader', { name: 'solver' }).waitFor({ state: 'detached' });
  await panel.getByRole('searchbox').fill('team');
  await panel.getByRole('checkbox', { name: 'team' }).check();
  await page.getByRole('columnheader', { name: 'team' }).waitFor();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await page.reload();
  await alive(page);
  await page.getByRole('columnheader', { name: 'team' }).waitFor();
  assert.equal(await page.getByRole('columnheader', { name: 'solver' }).count(), 0);
});

journey('a run tells where it came from', () => w.aliceRun, async () => {
  for (const text of ['alice/train.py', 'alice/tune', 'liblinear', 'team', 'churn']) {
    await page.getByText(text, { exact: true }).first().waitFor();
  }
  const commit = page.getByRole('link', { name: /^5f3759df/ });
  assert.equal(await commit.getAttribute('href'), `https://github.com/example/churn/commit/${'5f3759df'.repeat(5)}`);
  const metric = page.getByRole('row', { name: /^loss/ });
  assert.match(await metric.innerText(), /200/);
});

journey('a run shows its curves', () => w.aliceRun, async () => {
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Charts' }).click();
  const before = await pixels(await drawn(page, 'loss'));
  await page.getByLabel('Log scale').check();
  assert.match(page.url(), /log=1/);
  await alive(page);
  await page.waitForFunction(() => document.querySelectorAll('figure.chart canvas').length === 2);
  assert(before.drawn > 200);
  await chart(page, 'loss').getByRole('button', { name: 'Show as table' }).click();
  assert.match(await chart(page, 'loss').getByRole('row').nth(1).innerText(), /Alice's Initial Run[\s\S]*200/);
});

journey('a chart is zoomed into and out of', () => `${w.aliceRun}?tab=charts`, async () => {
  const box = await (await drawn(page, 'loss')).boundingBox();
  const [left, right, middle] = [box.x + box.width * 0.4, box.x + box.width * 0.7, box.y + box.height / 2];
  await page.mouse.move(left, middle);
  await page.mouse.down();
  await page.mouse.move(right, middle, { steps: 5 });
  await page.mouse.up();
  await chart(page, 'loss').getByRole('button', { name: 'Reset zoom' }).click();
  await chart(page, 'loss').getByRole('button', { name: 'Reset zoom' }).waitFor({ state: 'detached' });
});

journey('files are seen: text, pictures, the rest to save', () => w.aliceRun, async () => {
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Artifacts' }).click();
  const tree = page.getByRole('navigation', { name: 'Artifacts' });
  await tree.getByText('notes').click();
  await tree.getByRole('link', { name: 'readme.txt' }).click();
  await page.getByText('Kühles Ergebnis: 1 < 2').waitFor();
  await tree.getByText('plots').click();
  await tree.getByRole('link', { name: 'matrix.png' }).click();
  const picture = page.getByRole('img', { name: 'Preview of matrix.png' });
  await picture.waitFor();
  await page.waitForFunction(() => document.querySelector('.image-preview img').naturalWidth === 64);
  // What somebody's program wrote is text here, never a part of the site.
  await tree.getByRole('link', { name: 'report.html' }).click();
  await page.locator('.text-preview').getByText('taken over').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(download.suggestedFilename(), 'report.html');
  assert.doesNotMatch(await page.title(), /taken over/);
});

journey('a comparison shows what differs', () => w.comparison, async () => {
  await drawn(page, 'loss');
  const table = page.getByRole('region', { name: 'Values of the runs' });
  await table.getByRole('row', { name: /^solver/ }).waitFor();
  await page.getByLabel('Only differences').check();
  await table.getByRole('row', { name: /^solver/ }).waitFor({ state: 'detached' });
  assert.match(await table.getByRole('row', { name: /^C/ }).innerText(), /1\.0\s+2\.0/);
  await page.getByRole('link', { name: `Remove ${ALICE}` }).click();
  await page.getByText('1 run', { exact: true }).waitFor();
});

journey('a comparison says which runs it lacks', () => `${w.comparison},${'0'.repeat(32)}`, async () => {
  await page.getByText('1 run not found or not visible to you').waitFor();
  await drawn(page, 'loss');
});

test('an address that leads nowhere says so', async () => {
  for (const [address, says] of [
    ['/nowhere', 'There is no such page'],
    ['/experiments/999999', 'Not found'],
    [`${w.experiment}/runs/${'0'.repeat(32)}`, 'Not found'],
  ]) {
    page.complaints.length = 0;
    const response = await open(page, w, address);
    assert.equal(response.status(), 404, address);
    await page.getByRole('heading', { name: says }).waitFor();
    quiet(page, /status of 404/);
  }
});

journey('a token is shown once', () => '/account', async () => {
  await page.getByRole('textbox', { name: 'Name of the new token' }).fill('laptop');
  await page.getByRole('button', { name: 'Create token' }).click();
  const secret = await page.locator('.secret code').innerText();
  assert.match(secret, /^rmk_\S{40,}$/);
  w.secrets.push(secret);
  const asked = await fetch(`${w.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  assert.equal(asked.status, 200);
  await page.reload();
  await alive(page);
  await page.getByRole('row', { name: /^laptop/ }).waitFor();
  assert(!(await page.content()).includes(secret));
  await page.getByRole('button', { name: 'Revoke laptop' }).click();
  await page.getByRole('button', { name: 'Revoke for good' }).click();
  await page.getByRole('row', { name: /^laptop/ }).waitFor({ state: 'detached' });
  const refused = await fetch(`${w.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  assert.equal(refused.status, 401);
});

journey('the theme is remembered', () => '/experiments', async () => {
  const theme = () => page.locator('html').getAttribute('data-theme');
  for (const expected of ['light', 'dark']) {
    await page.getByRole('button', { name: `Switch to ${expected} theme` }).click();
    assert.equal(await theme(), expected);
  }
  await page.reload();
  await alive(page);
  assert.equal(await theme(), 'dark');
  await page.getByRole('button', { name: 'Switch to system theme' }).click();
  assert.equal(await theme(), 'system');
});

journey('the first Tab skips to the content', () => w.experiment, async () => {
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  assert(await skip.evaluate((link) => link === document.activeElement));
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

journey('the table of runs is worked by keyboard', () => w.experiment, async () => {
  const focused = () =>
    page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText);
  await page.getByRole('checkbox', { name: 'Select all runs that are loaded' }).focus();
  const walked = [];
  for (let steps = 0; steps < 40 && walked.at(-1) !== ALICE; steps += 1) {
    await page.keyboard.press('Tab');
    walked.push((await focused()).trim());
    if (walked.at(-1).startsWith('Select ')) await page.keyboard.press('Space');
  }
  // Heads and their edges first, then row by row: the box, the name, the colour of what is chosen.
  assert.deepEqual(walked.slice(-5), [`Select ${BOB}`, BOB, `Colour of ${BOB}`, `Select ${ALICE}`, ALICE]);
  assert.equal(walked[0], 'Run');
  await page.getByRole('link', { name: 'Compare', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
});

test('deleted runs are in the trash', async () => {
  page.complaints.length = 0;
  const asked = (path, body) =>
    fetch(`${w.url}/api/2.0/mlflow/runs/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${w.server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await asked('delete', { run_id: w.alice.id });
  await open(page, w, w.experiment);
  assert.deepEqual(await rows(page), [BOB]);
  await page.getByRole('link', { name: 'Show deleted runs' }).click();
  await page.getByRole('link', { name: ALICE }).waitFor();
  await page.getByRole('link', { name: BOB }).waitFor({ state: 'detached' });
  await asked('restore', { run_id: w.alice.id });
  quiet(page);
});
