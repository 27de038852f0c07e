// Grouping: what is offered, and what is there without scripts; and the ways of the palette between the tabs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alive, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

test('groups are found by a part of their names, and taken out again', async () => {
  await open(page, w, w.experiment);
  await page.getByRole('button', { name: 'Group', exact: true }).click();
  const panel = page.getByRole('dialog', { name: 'Group', exact: true });
  const box = panel.getByRole('searchbox', { name: 'Find a param or tag' });
  await box.fill('no such param');
  await panel.getByText('No param or tag has this in its name.').waitFor();
  await box.fill('solv');
  await panel.getByRole('button', { name: 'Group by params.solver' }).click();
  await page.waitForURL(/group=params.solver/);
  await page.getByRole('table', { name: 'Groups of runs' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search', 'one goes on typing');
  await panel.getByRole('button', { name: 'Remove params.solver' }).click();
  await page.waitForURL((url) => !url.search.includes('group='));
  await alive(page);
  quiet(page);
});

test('a run alone can not be grouped', async () => {
  await open(page, w, `${w.aliceRun}?tab=charts`);
  await page.getByRole('button', { name: 'More chart settings' }).click();
  const panel = page.getByRole('dialog', { name: 'More chart settings' });
  await panel.getByLabel('Formula', { exact: true }).waitFor();
  assert.equal(await panel.getByText('Group by', { exact: true }).count(), 0);
  quiet(page);
});

test('without scripts a grouped table leads to its runs', async () => {
  const address = new URL(`${w.experiment}?group=params.solver&filter=params.solver+%21%3D+%27none%27`, w.url).href;
  const written = await (await page.context().request.get(address)).text();
  const [, way] = /<noscript><p>Groups need JavaScript\. <a href="([^"]*)">/.exec(written) ?? [];
  assert.match(way ?? '', /filter=/);
  assert.doesNotMatch(way, /group=/);
});

test('the palette leads from each tab to the others', async () => {
  await open(page, w, `${w.experiment}?tab=explore`);
  await page.keyboard.press('Control+k');
  const dialog = page.getByRole('dialog', { name: 'Search' });
  await dialog.getByText('Show the table of runs').waitFor();
  await dialog.getByText('Show the charts').click();
  await page.waitForURL(/tab=charts/);
  await page.keyboard.press('Control+k');
  await dialog.getByText('Explore the runs').click();
  await page.waitForURL(/tab=explore/);
  quiet(page);
});
