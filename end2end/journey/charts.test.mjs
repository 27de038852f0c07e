// Charts beyond lines: groups with means, formulas, other axes, zoom along both axes, hidden lines.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, chart, drawn, open, quiet, world } from './runmark.mjs';

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
    await open(page, w, address());
    await walk();
    await alive(page);
    quiet(page);
  });
}

const charts = () => `${w.experiment}?tab=charts`;
const settings = async () => {
  await page.getByRole('button', { name: 'Chart settings' }).click();
  return page.getByRole("dialog", { name: "chart settings" });
};
/** What a canvas says of itself. */
const said = (metric) => chart(page, metric).locator('canvas').getAttribute('aria-label');
const says = async (metric, pattern) => {
  for (let waited = 0; !pattern.test((await said(metric)) ?? ''); waited += 50) {
    assert(waited < 5_000, `${metric} says ${await said(metric)}`);
    await page.waitForTimeout(50);
  }
};

journey('runs are grouped by a param and drawn as their mean', charts, async () => {
  await drawn(page, 'loss');
  await says('loss', /2 lines/);
  const panel = await settings();
  await panel.getByRole('searchbox', { name: 'Find a param or tag' }).fill('olve');
  await panel.getByRole('button', { name: 'Group by params.solver' }).click();
  await says('loss', /1 line,/);
  assert.match(page.url(), /group=params\.solver/);
  assert(await panel.isVisible(), 'the board was made anew');
  await page.keyboard.press('Escape');
  const chips = page.getByRole('list', { name: 'Runs that are drawn' });
  await chips.getByText('2 runs').waitFor();
  await page.reload();
  await drawn(page, 'loss');
  await says('loss', /1 line,/);
});

journey('a formula over metrics is a chart of its own', charts, async () => {
  const panel = await settings();
  const field = panel.getByLabel('Formula', { exact: true });
  await field.fill('loss *');
  await panel.getByRole('button', { name: 'Add' }).click();
  await panel.getByText('Something is missing at the end.').waitFor();
  await field.fill('loss * 2');
  await panel.getByRole('button', { name: 'Add' }).click();
  await page.keyboard.press('Escape');
  await drawn(page, 'loss * 2');
  await says('loss * 2', /2 lines/);
  await settings();
  await panel.getByRole('button', { name: 'Remove loss * 2' }).click();
  await chart(page, 'loss * 2').waitFor({ state: 'detached' });
});

journey('another metric is the axis', charts, async () => {
  const panel = await settings();
  await panel.getByLabel('Along another metric').fill('val/accuracy');
  await panel.getByLabel('Along another metric').press('Enter');
  await page.keyboard.press('Escape');
  await drawn(page, 'loss');
  await says('loss', /accuracy/);
});

journey('a line is hidden, and stays so for whoever has the link', charts, async () => {
  await drawn(page, 'loss');
  await page.getByRole('button', { name: `Hide ${BOB}` }).click();
  await says('loss', /1 line,/);
  await page.reload();
  await drawn(page, 'loss');
  await says('loss', /1 line,/);
  await page.getByRole('button', { name: `Show ${BOB}` }).click();
  await says('loss', /2 lines/);
});

journey('a box is zoomed to, moved and left; a click on a line leads to its run', () => `${w.aliceRun}?tab=charts`, async () => {
  const canvas = await drawn(page, 'loss');
  const box = await canvas.boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  const drag = async (from, to) => {
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(...to, { steps: 4 });
    await page.mouse.up();
  };
  const reset = chart(page, 'loss').getByRole('button', { name: 'Reset zoom' });
  await drag(at(0.3, 0.3), at(0.7, 0.7));
  await reset.waitFor();
  const before = await canvas.evaluate((canvas) => canvas.toDataURL());
  await page.keyboard.down('Shift');
  await drag(at(0.5, 0.5), at(0.6, 0.4));
  await page.keyboard.up('Shift');
  assert.notEqual(await canvas.evaluate((canvas) => canvas.toDataURL()), before);
  await reset.click();
  await reset.waitFor({ state: 'detached' });
});

journey('a click on a line leads to its run', charts, async () => {
  const canvas = await drawn(page, 'loss');
  const box = await canvas.boundingBox();
  // Down the middle until the pointer says that there is a line.
  const pointer = chart(page, 'loss').locator('.chart-pointer');
  for (let y = 0.1; y < 0.95; y += 0.015) {
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * y);
    if (await pointer.evaluate((part) => part.classList.contains('on-line'))) break;
  }
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForURL(/\/runs\/[0-9a-f]{32}/);
  const of = (name) => page.getByRole('heading', { level: 1, name, exact: true });
  await of(ALICE).or(of(BOB)).waitFor();
});
