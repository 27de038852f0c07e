// One stream of news for all pages of a browser: as a shared worker, or where there are none, one for each page.
//
// A page says what it watches ("e3,r0af7…,t3", or nothing any more) whenever that changes, and every half minute. It is told what the server tells: "3/0af7…", "3/" of traces, or "*" where anything may have changed.

const SILENT = 90_000;
const AGAIN = 30_000;

const pages = new Map(); // port -> { of, seen }
let stream = null;
let asked = '';
let settling = null;

function tell(text) {
  for (const port of pages.keys()) port.postMessage(text);
}

function open() {
  settling = null;
  const now = Date.now();
  for (const [port, page] of pages) if (now - page.seen > SILENT) pages.delete(port);
  const wanted = [...new Set([...pages.values()].flatMap((page) => page.of))].sort().join(',');
  if (wanted === asked && stream && stream.readyState !== EventSource.CLOSED) return;
  stream?.close();
  stream = null;
  asked = wanted;
  if (!wanted) return;
  stream = new EventSource(`/live?of=${wanted}`);
  // What happened before, since the pages were made or since the last stream, nobody was told.
  stream.onopen = () => tell('*');
  stream.onmessage = (event) => tell(event.data);
}

function hear(port, text) {
  const isNew = !pages.has(port);
  pages.set(port, { of: text ? text.split(',') : [], seen: Date.now() });
  if (isNew && stream?.readyState === EventSource.OPEN) port.postMessage('*');
  settling ??= setTimeout(open, 50);
}

// A stream that was refused is tried again, and pages that are gone are forgotten.
setInterval(open, AGAIN);

if ('onconnect' in self) {
  self.onconnect = ({ ports: [port] }) => {
    port.onmessage = (event) => hear(port, event.data);
  };
} else {
  self.onmessage = (event) => hear(self, event.data);
}
