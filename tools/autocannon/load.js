// Plays clients as told by a JSON object on standard input, and prints a JSON object:
// {url, method, headers, file, clients, seconds, patienceS} -> {seconds, statuses, broken,
// latencies: {p50, p95, p99} of answers with status 2xx in milliseconds, retryAfter: refusals that
// had this header, by status}. A program, as autocannon's command reads bodies as text.

"use strict";

const { readFileSync } = require("node:fs");
const autocannon = require("autocannon");

const wish = JSON.parse(readFileSync(0, "utf8"));
const times = [];
const retryAfter = {};

function heed({ statusCode, headers }) {
  const names = headers.filter((_, place) => place % 2 === 0);
  if (statusCode >= 400 && names.some((name) => name.toLowerCase() === "retry-after")) {
    retryAfter[statusCode] = (retryAfter[statusCode] ?? 0) + 1;
  }
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

async function main() {
  const run = autocannon({
    url: wish.url,
    method: wish.method,
    headers: wish.headers,
    body: wish.file ? readFileSync(wish.file) : undefined,
    connections: wish.clients,
    duration: wish.seconds,
    timeout: wish.patienceS,
    setupClient: (client) => client.on("headers", heed),
  });
  run.on("response", (_client, status, _bytes, milliseconds) => {
    if (status < 300) times.push(milliseconds);
  });
  const found = await run;
  const statuses = Object.entries(found.statusCodeStats).map(([code, { count }]) => [code, count]);
  times.sort((one, other) => one - other);
  const latencies = { p50: 0.5, p95: 0.95, p99: 0.99 };
  for (const [name, share] of Object.entries(latencies)) {
    latencies[name] = times.length ? percentile(times, share) : null;
  }
  const { duration: seconds, errors, timeouts, resets } = found;
  const broken = errors + timeouts + resets;
  const told = { seconds, statuses: Object.fromEntries(statuses), broken, latencies, retryAfter };
  process.stdout.write(JSON.stringify(told));
}

main();
