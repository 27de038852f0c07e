// One stream of news for all pages of a browser: as a shared worker, or where there are none, one for each page.
//
// A page says what it watches ("e3,r0af7…", or nothing any more) whenever that changes, and every half minute that it is
// still there. It is told what the server tells: "3/0af7…", or "*" where anything may have changed.

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
  // What happened between two streams nobody was told.
  const isLater = asked !== '';
  asked = wanted;
  if (!wanted) return;
  let opened = isLater;
  stream = new EventSource(`/live?of=${wanted}`);
  stream.onopen = () => {
    if (opened) tell('*');
    opened = true;
  };
  stream.onmessage = (event) => tell(event.data);
}

function hear(port, text) {
  if (text !== 'here') pages.set(port, { of: text ? text.split(',') : [], seen: Date.now() });
  else if (pages.has(port)) pages.get(port).seen = Date.now();
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
