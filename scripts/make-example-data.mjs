/**
 * Cuts the example data under data/ from the normalised upstream files that data/README.md describes.
 *
 *   node scripts/make-example-data.mjs <cut> <upstream file>…
 *   node scripts/make-example-data.mjs            lists the cuts and the files each one wants
 *
 * A cut keeps whole rows, whole keys or whole spans of time, never a sample, so that a count over the cut means
 * something. The output is the same bytes for the same input: gzip level 9 without a time stamp.
 */
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The upstream CSV files quote nothing, so a comma always separates. */
function readCsv(path) {
  const [head, ...lines] = readText(path).trimEnd().split('\n');
  const columns = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((field, i) => [columns[i], field])));
}

function readNdjson(path) {
  return readText(path)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function readText(path) {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function csvText(columns, rows) {
  return [columns.join(','), ...rows.map((row) => columns.map((column) => row[column]).join(','))].join('\n') + '\n';
}

const ndjsonText = (rows) => rows.map((row) => JSON.stringify(row)).join('\n') + '\n';

/** All rows; the transaction id shortened to its first group, which is still unique here. */
function onlineFraud([path]) {
  const rows = readCsv(path).map((row) => ({ ...row, tx: row.tx.slice(0, 8) }));
  return csvText(['ts', 'tx', 'account', 'amount', 'currency', 'local_hour', 'ip_prefix'], rows);
}

/** Days 1 to 60 of the simulation, every account. */
function amlTransfers([path]) {
  const rows = readCsv(path).filter((row) => Number(row.step) <= 60);
  return csvText(['seq', 'step', 'src', 'dst', 'amount'], rows);
}

/** The accounts that take part in a planted scheme: the labels of the transfers. */
function amlFraudAccounts([path]) {
  const rows = readCsv(path).filter((row) => row.is_fraud === '1');
  return csvText(['account', 'fraud_step'], rows);
}

/** Whole series: a machine, a room, a road, and a synthetic sensor that sticks. */
const SENSOR_SERIES = new Set([
  'realKnownCause/machine_temperature_system_failure',
  'realKnownCause/ambient_temperature_system_failure',
  'realTraffic/occupancy_6005',
  'realTraffic/speed_6005',
  'artificialWithAnomaly/art_daily_flatmiddle',
]);

/** In time order across series, as one stream would deliver them. The first part of a series' name is dropped. */
function sensors([path]) {
  const rows = readCsv(path)
    .filter((row) => SENSOR_SERIES.has(row.series))
    .map((row) => ({ ...row, sensor: row.series.split('/')[1] }));
  rows.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  return csvText(['ts', 'sensor', 'value', 'in_window'], rows);
}

/** The ECB press conference of 8 May 2014, 12:30 to 13:00 UTC, all venues and pairs. */
function fxTicks([path]) {
  const rows = readCsv(path).filter((row) => row.ts >= '2014-05-08T12:30' && row.ts < '2014-05-08T13:00');
  return csvText(['ts', 'venue', 'symbol', 'bid', 'ask'], rows);
}

/** Both days as one-minute bars of the bid. `ts` is the end of the bar: when it is known. */
function fxBars([path]) {
  const bars = new Map();
  for (const { ts, venue, symbol, bid } of readCsv(path)) {
    const minute = `${ts.slice(0, 16)}:00.000Z`;
    const key = `${minute},${venue},${symbol}`;
    const value = Number(bid);
    const bar = bars.get(key);
    if (bar === undefined) {
      const end = new Date(Date.parse(minute) + 60_000).toISOString();
      bars.set(key, { ts: end, venue, symbol, open: bid, high: value, low: value, close: bid, ticks: 1 });
      continue;
    }
    bar.high = Math.max(bar.high, value);
    bar.low = Math.min(bar.low, value);
    bar.close = bid;
    bar.ticks += 1;
  }
  const rows = [...bars.values()].sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  return csvText(['ts', 'venue', 'symbol', 'open', 'high', 'low', 'close', 'ticks'], rows);
}

/** The three pairs quoted in US dollars, without the quote columns. */
function cryptoBars([path]) {
  const rows = readCsv(path).filter((row) => row.symbol.endsWith('USD'));
  return csvText(['ts', 'symbol', 'open', 'high', 'low', 'close', 'volume'], rows);
}

/** Security log records by event number: logons, tickets, services, tasks, shares, audit log cleared. */
const SECURITY_EVENTS = new Set([
  1102, 4624, 4625, 4634, 4648, 4672, 4688, 4697, 4698, 4768, 4769, 4771, 4776, 5140, 5145, 7045,
]);

function keepWindows(row) {
  if (!row.Channel.endsWith('Sysmon/Operational')) return SECURITY_EVENTS.has(row.EventID);
  const id = row.EventID;
  if (id === 10) return (row.TargetImage ?? '').toLowerCase().endsWith('\\lsass.exe');
  if (id === 13) return /\\currentversion\\run/i.test(row.TargetObject ?? '');
  return id === 1 || id === 3;
}

/**
 * Seven attack recordings as one log, in the order in which the collector took the records. `set` names the
 * recording. Module loads, handle operations, most registry writes and script block records are left out.
 */
function windowsAttacks(paths) {
  const rows = paths.flatMap((path) => {
    const set = basename(path).replace(/^otrf-|\.ndjson\.gz$/g, '');
    return readNdjson(path)
      .filter(keepWindows)
      .map((row) => ({ ...row, set }));
  });
  rows.sort((a, b) => (a.ingest_ts < b.ingest_ts ? -1 : a.ingest_ts > b.ingest_ts ? 1 : 0));
  return ndjsonText(rows);
}

/** All records, in the order of the file: CloudTrail does not deliver in time order. */
const cloudtrail = ([path]) => ndjsonText(readNdjson(path));

const CUTS = {
  'online-fraud': [onlineFraud, 'fraud/online-fraud-2013.csv.gz', 'ms-online-fraud-only-2013.csv.gz'],
  'aml-transfers': [amlTransfers, 'fraud/aml-transfers.csv.gz', 'amlsim-20k-fanin200-cycle200-tx.csv.gz'],
  'aml-fraud-accounts': [
    amlFraudAccounts,
    'fraud/aml-fraud-accounts.csv.gz',
    'amlsim-20k-fanin200-cycle200-accounts.csv.gz',
  ],
  sensors: [sensors, 'iot/sensors.csv.gz', 'nab.csv.gz'],
  'fx-ticks': [fxTicks, 'market/fx-ticks-2014-05-08.csv.gz', 'fx-ticks-2014-05-07_08.csv.gz'],
  'fx-bars': [fxBars, 'market/fx-bars-2014-05.csv.gz', 'fx-ticks-2014-05-07_08.csv.gz'],
  'crypto-bars': [cryptoBars, 'market/crypto-bars-2018-04.csv.gz', 'crypto-minute-bars-2018-04-04_06.csv.gz'],
  'windows-attacks': [
    windowsAttacks,
    'security/windows-attacks.ndjson.gz',
    'otrf-{cmd_*,empire_*,metasploit_*,purplesharp_*,schtask_*}.ndjson.gz',
  ],
  cloudtrail: [
    cloudtrail,
    'security/cloudtrail-s3-exfiltration.ndjson.gz',
    'otrf-aws-cloudtrail-ec2_proxy_s3_exfiltration.ndjson.gz',
  ],
};

function main([name, ...paths]) {
  const cut = CUTS[name];
  if (cut === undefined || paths.length === 0) {
    console.error('usage: node scripts/make-example-data.mjs <cut> <upstream file>…');
    for (const [key, [, output, input]] of Object.entries(CUTS)) console.error(`  ${key}: ${input} -> data/${output}`);
    return 2;
  }
  const [make, output] = cut;
  const target = join(root, 'data', output);
  mkdirSync(dirname(target), { recursive: true });
  const text = make(paths);
  const bytes = gzipSync(text, { level: 9 });
  writeFileSync(target, bytes);
  console.log(`data/${output}: ${text.split('\n').length - 1} lines, ${bytes.length} bytes`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
