// How fast the pages feel, in a real browser, beside MLflow's own and FastTrackML's on the same data. `cargo xtask bench --ui` runs it.
//
// Owns: the data, the visits, the figures. Must never: measure what no person would wait for. Start reading: `main`. To add a
// measure: a function in `MEASURES` that returns lines of [what, figure, wanted].

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { bulk, seedMlflow, startFasttrackml, startMlflow, startRunmark } from './servers.mjs';

const { values: given } = parseArgs({
  options: {
    runmark: { type: 'string' },
    python: { type: 'string' },
    chromium: { type: 'string' },
    output: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
  },
});
const rounds = Number(given.rounds);
const scale = Number(given.scale);
const minutes = Number(given.minutes);
const wanted = given.only.split(',').filter(Boolean);
const scaled = (count) => Math.max(20, Math.round(count * scale));

const WIDE = { runs: scaled(10_000), keys: 200 };
const KEYS = { runs: 50, keys: 200, distinct: scaled(10_000) };
const MANY = { runs: scaled(100_000), keys: 4 };

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const most = (numbers) => Math.max(...numbers);
const ms = (number) => `${number.toFixed(number < 20 ? 1 : 0)} ms`;

/** A browser that knows nothing yet. */
async function fresh(browser, viewport = { width: 1440, height: 900 }) {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(180_000);
  return context.newPage();
}

/** Milliseconds from the start of a navigation until something is there and seen, looked for in every frame. */
async function until(page, address, selector) {
  await page.addInitScript((selector) => {
    const look = () => {
      const found = document.querySelector(selector);
      const box = found?.getBoundingClientRect();
      if (box && box.width > 0 && box.top < innerHeight) window.foundAt ??= performance.now();
      if (window.foundAt === undefined) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, selector);
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.foundAt !== undefined, undefined, { polling: 100 });
  return page.evaluate(() => window.foundAt);
}

async function visits(browser, address, selector, times = rounds) {
  const found = [];
  for (let round = 0; round < times; round += 1) {
    const page = await fresh(browser);
    found.push(await until(page, address, selector));
    await page.context().close();
  }
  return median(found);
}

const ROWS = '.run-table tbody th a';
const MLFLOW_ROWS = 'a[href*="/runs/"]';
const AIM_ROWS = 'a[href*="/aim/runs/"]';

async function firstRows(browser, servers, name, data) {
  const { runmark, mlflow, fasttrackml } = servers;
  const experiment = await bulk(runmark, name, data);
  const ours = await visits(browser, `${runmark.url}/experiments/${experiment}`, ROWS);
  const lines = [[`${name}: first rows, Runmark`, ms(ours), 'at most 500 ms']];
  if (mlflow) {
    const theirs = await seedMlflow(mlflow, name, data);
    const other = await visits(browser, `${mlflow.url}/#/experiments/${theirs}/runs`, MLFLOW_ROWS, Math.min(rounds, 3));
    lines.push([`${name}: first rows, MLflow`, ms(other), '']);
    lines.push([`${name}: times faster`, (other / ours).toFixed(1), 'at least 10']);
  }
  if (fasttrackml) {
    const theirs = await bulk(fasttrackml, name, data);
    // Aim's table of runs stays empty in 0.6.0; its overview lists the newest.
    const pages = [
      ["FastTrackML, Aim's page", `/aim/experiments/${theirs}/overview`, AIM_ROWS],
      ["FastTrackML, MLflow's page", `/mlflow/#/experiments/${theirs}`, MLFLOW_ROWS],
    ];
    for (const [page, address, rows] of pages) {
      const other = await visits(browser, fasttrackml.url + address, rows, Math.min(rounds, 3));
      lines.push([`${name}: first rows, ${page}`, ms(other), '']);
    }
  }
  return lines;
}

/** Lengths of frames while something is done, in milliseconds. */
async function frames(page, work) {
  await page.evaluate(() => {
    window.frames_ = [];
    let before = performance.now();
    const frame = (now) => {
      window.frames_.push(now - before);
      before = now;
      window.framing = requestAnimationFrame(frame);
    };
    window.framing = requestAnimationFrame(frame);
  });
  await work();
  return page.evaluate(() => {
    cancelAnimationFrame(window.framing);
    return window.frames_.slice(1);
  });
}

const MEASURES = {
  async rows(browser, servers) {
    return firstRows(browser, servers, `${WIDE.runs} runs x ${WIDE.keys} keys`, WIDE);
  },

  async keys(browser, servers) {
    return firstRows(browser, servers, `${KEYS.distinct} distinct keys`, KEYS);
  },

  async load(browser, { runmark }) {
    const experiment = await bulk(runmark, 'loaded', { runs: 4, keys: 4, steps: 10 });
    const runs = await runmark.runs(experiment, 4);
    const pages = {
      experiments: '/experiments',
      'an experiment': `/experiments/${experiment}`,
      'a run': `/experiments/${experiment}/runs/${runs[0]}`,
      'a comparison': `/compare?runs=${runs}`,
      'registered models': '/models',
      'the account': '/account',
    };
    const lines = [];
    for (const [name, address] of Object.entries(pages)) {
      const page = await fresh(browser);
      await page.goto(`${runmark.url}${address}`);
      await page.locator('html[data-alive]').waitFor({ state: 'attached' });
      const bytes = await page.evaluate(() => {
        const files = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/pkg/'));
        return files.reduce((sum, file) => sum + file.encodedBodySize, 0);
      });
      lines.push([`first load of ${name}: WASM, scripts and CSS`, `${(bytes / 1000).toFixed(0)} kB`, 'below 500 kB']);
      await page.context().close();
    }
    return lines;
  },

  async comparison(browser, { runmark }) {
    const experiment = await bulk(runmark, 'compared', { runs: 100, keys: 12, steps: 100 });
    const runs = await runmark.runs(experiment, 100);
    const drawn = [];
    let seen = 0;
    for (let round = 0; round < rounds; round += 1) {
      const page = await fresh(browser, { width: 1920, height: 1080 });
      await page.addInitScript(() => {
        const look = () => {
          const boxes = [...document.querySelectorAll('.chart-box')].filter((box) => {
            const { top, bottom } = box.getBoundingClientRect();
            return bottom > 0 && top < innerHeight;
          });
          const ready = boxes.length > 0 && boxes.every((box) => box.querySelector('canvas') && box.getAttribute('aria-busy') === 'false');
          if (ready) [window.foundAt, window.boxes] = [performance.now(), boxes.length];
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
      await page.goto(`${runmark.url}/compare?runs=${runs.join(',')}`, { waitUntil: 'commit' });
      await page.waitForFunction(() => window.foundAt !== undefined, undefined, { polling: 50 });
      drawn.push(await page.evaluate(() => window.foundAt));
      seen = await page.evaluate(() => window.boxes);
      await page.context().close();
    }
    return [[`comparison of 100 runs x 12 charts: the ${seen} in sight drawn`, ms(median(drawn)), 'at most 1000 ms']];
  },

  async redraw(browser, { runmark }) {
    const experiment = await bulk(runmark, 'redrawn', { runs: 20, keys: 1, steps: 2000 });
    const runs = await runmark.runs(experiment, 20);
    const page = await fresh(browser);
    // When the canvas is sized a painting begins; its last stroke ends it.
    await page.addInitScript(() => {
      window.paintings = [];
      const context = CanvasRenderingContext2D.prototype;
      const { set } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, 'width');
      const { get } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, 'width');
      Object.defineProperty(HTMLCanvasElement.prototype, 'width', {
        get,
        set(value) {
          window.paintings.push([performance.now(), performance.now()]);
          set.call(this, value);
        },
      });
      for (const name of ['stroke', 'fill', 'fillText', 'fillRect']) {
        const own = context[name];
        context[name] = function (...words) {
          own.apply(this, words);
          const last = window.paintings.at(-1);
          if (last) last[1] = performance.now();
        };
      }
    });
    await page.goto(`${runmark.url}/compare?runs=${runs.join(',')}`);
    await page.waitForFunction(() => document.querySelector('.chart-box[aria-busy=false] canvas'));
    await sleep(1000);
    const box = await page.locator('.chart-box').first().boundingBox();
    const painted = async (work) => {
      await page.evaluate(() => (window.paintings.length = 0));
      await work();
      await sleep(400);
      return page.evaluate(() => window.paintings.map(([from, to]) => to - from));
    };
    const y = box.y + box.height / 2;
    const zooms = [];
    for (let round = 0; round < rounds; round += 1) {
      zooms.push(
        ...(await painted(async () => {
          await page.mouse.move(box.x + box.width * 0.3, y);
          await page.mouse.down();
          await page.mouse.move(box.x + box.width * 0.9, y, { steps: 4 });
          await page.mouse.up();
        })),
      );
      zooms.push(...(await painted(() => page.mouse.dblclick(box.x + box.width / 2, y))));
    }
    let lengths = [];
    const crossed = await painted(async () => {
      lengths = await frames(page, () => page.mouse.move(box.x + box.width * 0.9, y - 20, { steps: 120 }));
    });
    await page.context().close();
    return [
      ['20 lines x 2,000 points: a painting, median', ms(median(zooms)), 'at most 16 ms'],
      ['20 lines x 2,000 points: a painting, longest', ms(most(zooms)), ''],
      ['crosshair: paintings in 120 moves', String(crossed.length), '0'],
      ['crosshair: longest frame', ms(most(lengths)), ''],
    ];
  },

  async scroll(browser, { runmark }) {
    const experiment = await bulk(runmark, 'scrolled', MANY);
    const page = await fresh(browser);
    await page.goto(`${runmark.url}/experiments/${experiment}`);
    await page.locator('html[data-alive]').waitFor({ state: 'attached' });
    await sleep(500);
    const scroll = (step, count) =>
      page.evaluate(
        ([step, count]) =>
          new Promise((done) => {
            const frame = document.querySelector('.run-frame');
            let left = count;
            const move = () => {
              frame.scrollTop += step;
              if ((left -= 1) > 0) requestAnimationFrame(move);
              else done();
            };
            requestAnimationFrame(move);
          }),
        [step, count],
      );
    const slow = await frames(page, () => scroll(60, 300));
    const fast = await frames(page, () => scroll(2_000, 300));
    const jumps = await frames(page, async () => {
      for (const part of [0.2, 0.9, 0.5, 0.05, 0.7]) {
        await page.evaluate((part) => {
          const frame = document.querySelector('.run-frame');
          frame.scrollTop = frame.scrollHeight * part;
        }, part);
        await sleep(600);
      }
    });
    const begun = performance.now();
    await page.evaluate(() => {
      const frame = document.querySelector('.run-frame');
      frame.scrollTop = frame.scrollHeight * 0.33;
    });
    await sleep(30);
    await page.waitForFunction(() => !document.querySelector('.run-table .waiting-bar'), undefined, { polling: 'raf' });
    const filled = performance.now() - begun;
    await page.context().close();
    return [
      [`${MANY.runs} runs, scrolled two rows a frame: longest frame`, ms(most(slow)), 'at most 50 ms'],
      [`${MANY.runs} runs, scrolled 60 rows a frame: longest frame`, ms(most(fast)), 'at most 50 ms'],
      [`${MANY.runs} runs, jumps: longest frame`, ms(most(jumps)), 'at most 50 ms'],
      [`${MANY.runs} runs, a jump: rows are there after`, ms(filled), ''],
    ];
  },

  async idle(browser, { runmark }) {
    const experiment = await bulk(runmark, 'running', { runs: 50, keys: 5, steps: 100, running: true });
    const runs = await runmark.runs(experiment, 50);
    const page = await fresh(browser);
    await page.goto(`${runmark.url}/experiments/${experiment}`);
    await page.locator('html[data-alive]').waitFor({ state: 'attached' });
    const session = await page.context().newCDPSession(page);
    // The time of the processor: what else the machine does doesn't count.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const look = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const named = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
      return { heap: named.JSHeapUsedSize / 1e6, busy: named.TaskDuration, nodes: named.Nodes, at: performance.now() / 1000 };
    };
    let step = 1000;
    let going = true;
    const logging = (async () => {
      while (going) {
        step += 1;
        const begun = performance.now();
        await Promise.all(runs.map((run) => runmark.log(run, 5, step)));
        await sleep(Math.max(0, 1000 - (performance.now() - begun)));
      }
    })();
    await sleep(15_000);
    const first = await look();
    const heaps = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      await sleep(60_000);
      heaps.push((await look()).heap);
    }
    const last = await look();
    going = false;
    await logging;
    await page.context().close();
    const cpu = ((last.busy - first.busy) / (last.at - first.at)) * 100;
    return [
      [`table with 50 running runs, ${minutes} minutes: share of a processor`, `${cpu.toFixed(2)} %`, 'under 2 %'],
      ['JavaScript heap at the beginning, at most, at the end', `${first.heap.toFixed(1)}, ${most(heaps).toFixed(1)}, ${last.heap.toFixed(1)} MB`, 'flat'],
      ['elements at the beginning and at the end', `${first.nodes}, ${last.nodes}`, 'flat'],
    ];
  },
};

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'runmark-ui-'));
  const names = wanted.length ? wanted : Object.keys(MEASURES);
  for (const name of names) assert(MEASURES[name], `there is no measure '${name}'; there are ${Object.keys(MEASURES)}`);
  const servers = { runmark: await startRunmark(given.runmark, folder), mlflow: null, fasttrackml: null };
  const browser = await chromium.launch({
    executablePath: given.chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const lines = [];
  try {
    if (given.python && names.some((name) => ['rows', 'keys'].includes(name))) {
      servers.mlflow = await startMlflow(given.python, folder);
      servers.fasttrackml = await startFasttrackml(given.python, folder);
    }
    for (const name of names) {
      for (const line of await MEASURES[name](browser, servers)) {
        lines.push(line);
        console.log(line.join(' | '));
      }
    }
  } finally {
    await browser.close();
    await servers.mlflow?.stop();
    await servers.fasttrackml?.stop();
    await servers.runmark.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const table = ['| measure | figure | wanted |', '|---|--:|---|', ...lines.map((line) => `| ${line.join(' | ')} |`)];
  mkdirSync(given.output, { recursive: true });
  writeFileSync(path.join(given.output, 'ui.md'), `${table.join('\n')}\n`);
}

await main();
