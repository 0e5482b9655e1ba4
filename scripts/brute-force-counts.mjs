/**
 * Counts what the example rules must find, straight from the data and without the engine.
 *
 *   node scripts/brute-force-counts.mjs                    compares with test/examples/expected.json
 *   node scripts/brute-force-counts.mjs --write            writes that file
 *   node scripts/brute-force-counts.mjs --upstream <dir>   also counts over the full upstream files in <dir>
 *
 * Every counter is a loop over the rows of one key in event-time order. Unless it says otherwise it takes the
 * leftmost start first and goes on behind the last row of a match, which is what `skip: skipPastLastEvent` means.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const expectedFile = join(root, 'test/examples/expected.json');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function readText(path) {
  return gunzipSync(readFileSync(path)).toString('utf8').trimEnd();
}

function readCsv(path) {
  const [head, ...lines] = readText(path).split('\n');
  const columns = head.split(',');
  return lines.map((line, seq) => {
    const row = Object.fromEntries(line.split(',').map((field, i) => [columns[i], field]));
    row.seq ??= seq;
    if (row.ts !== undefined) row.time = Date.parse(row.ts);
    return row;
  });
}

function readNdjson(path) {
  return readText(path)
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((row) => ({ ...row, time: Date.parse(row.ts) }));
}

/** Rows by key, each group stably sorted by time. */
function groupBy(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === undefined) continue;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  for (const group of groups.values()) group.sort((a, b) => a.time - b.time);
  return groups;
}

/** `matchFrom(rows, i)` gives the indexes of the match that starts at row i, or undefined. */
function leftmostMatches(groups, matchFrom) {
  const matches = [];
  for (const [key, rows] of groups) {
    for (let i = 0; i < rows.length; i += 1) {
      const indexes = matchFrom(rows, i);
      if (indexes === undefined) continue;
      matches.push({ key, time: rows[indexes.at(-1)].time, start: rows[i].time });
      i = indexes.at(-1);
    }
  }
  return matches;
}

/** Takes one row per test in turn, skipping what does not fit, all before `start + window`. */
function takeInOrder(rows, i, window, tests) {
  const taken = [];
  for (let j = i; j < rows.length && rows[j].time < rows[i].time + window; j += 1) {
    if (!tests[taken.length](rows[j], taken)) {
      if (taken.length === 0) return undefined;
      continue;
    }
    taken.push(rows[j]);
    if (taken.length === tests.length) return [i, j];
  }
  return undefined;
}

/** Takes the next `count` rows without a gap: any row that does not fit ends it. */
function takeConsecutive(rows, i, window, count, test) {
  const last = i + count - 1;
  if (last >= rows.length || rows[last].time >= rows[i].time + window) return undefined;
  const taken = [];
  for (let j = i; j <= last; j += 1) {
    if (!test(rows[j], taken)) return undefined;
    taken.push(rows[j]);
  }
  return [i, last];
}

/** Keeps a match only if the last one kept for its key is at least `span` older. */
function throttled(matches, span) {
  const last = new Map();
  return matches.filter(({ key, time }) => {
    if (last.has(key) && time < last.get(key) + span) return false;
    last.set(key, time);
    return true;
  });
}

// ---- fraud

function cardTesting(rows) {
  const groups = groupBy(rows, (row) => `${row.account}/${row.currency}`);
  const big = (row, [probe]) => Number(row.amount) >= 5 * Number(probe.amount);
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, 10 * MINUTE + 1, [() => true, big]));
}

function repeatedCharge(rows) {
  const groups = groupBy(rows, (row) => `${row.account}/${row.currency}`);
  const same = (row, taken) => taken.length === 0 || Number(row.amount) === Number(taken[0].amount);
  const matches = leftmostMatches(groups, (all, i) => takeInOrder(all, i, 30 * MINUTE, Array(5).fill(same)));
  return throttled(matches, HOUR);
}

const stepTime = (row) => Date.UTC(2017, 0, 1) + Number(row.step) * DAY;

function muleFanIn(rows) {
  const groups = groupBy(
    rows.map((row) => ({ ...row, time: stepTime(row) })),
    (row) => row.dst,
  );
  const newPayer = (row, taken) => !taken.some((other) => other.src === row.src);
  const matches = leftmostMatches(groups, (all, i) => takeInOrder(all, i, 3 * DAY, Array(4).fill(newPayer)));
  return throttled(matches, 30 * DAY);
}

/** A transfer is a row of the payer and of the payee; the payee's row comes first at equal time and order. */
function mulePassThrough(rows) {
  const sides = rows.flatMap((row) => {
    const amount = Number(row.amount);
    return [
      { side: 'in', key: row.dst, amount, time: stepTime(row) },
      { side: 'out', key: row.src, amount, time: stepTime(row) },
    ];
  });
  const groups = groupBy(sides, (row) => row.key);
  const credit = (row) => row.side === 'in' && row.amount >= 100;
  const debit = (row, [first]) => row.side === 'out' && row.amount >= 0.98 * first.amount && row.amount <= first.amount;
  const matches = leftmostMatches(groups, (all, i) => takeInOrder(all, i, 2 * DAY, [credit, debit]));
  return throttled(matches, 30 * DAY);
}

// ---- security

const isSysmon = (row) => row.Channel.endsWith('Sysmon/Operational');

function processThenNetwork(rows) {
  const groups = groupBy(rows.filter(isSysmon), (row) => row.ProcessGuid);
  const tests = [(row) => row.EventID === 1, (row) => row.EventID === 3];
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, MINUTE + 1, tests));
}

function passwordSpray(rows) {
  const failed = rows.filter((row) => row.EventID === 4625);
  const groups = groupBy(failed, (row) => `${row.Hostname}/${row.SubjectLogonId}`);
  const newUser = (row, taken) => !taken.some((other) => other.TargetUserName === row.TargetUserName);
  const matches = leftmostMatches(groups, (all, i) => takeInOrder(all, i, MINUTE, Array(5).fill(newUser)));
  return throttled(matches, 10 * MINUTE);
}

function kerberoasting(rows) {
  const tickets = rows.filter(
    (row) => row.EventID === 4769 && row.TicketEncryptionType === '0x17' && !row.ServiceName.endsWith('$'),
  );
  const groups = groupBy(tickets, (row) => row.TargetUserName);
  const newService = (row, taken) => !taken.some((other) => other.ServiceName === row.ServiceName);
  const matches = leftmostMatches(groups, (all, i) => takeInOrder(all, i, MINUTE, Array(3).fill(newService)));
  return throttled(matches, HOUR);
}

const INTERNAL_PORTS = new Set(['53', '88', '135', '389', '445', '3268', '5985']);
const isCall = (row) =>
  row.EventID === 3 && Number(row.DestinationPort) < 49152 && !INTERNAL_PORTS.has(row.DestinationPort);

function lsassReadByBeacon(rows) {
  const groups = groupBy(rows.filter(isSysmon), (row) =>
    row.EventID === 10 ? row.SourceProcessGUID : row.ProcessGuid,
  );
  const rights = new Set(['0x1010', '0x1410', '0x1438', '0x1fffff']);
  const read = (row) => row.EventID === 10 && rights.has(row.GrantedAccess.toLowerCase());
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, 5 * MINUTE, [isCall, isCall, read]));
}

function runKeyByBeacon(rows) {
  const groups = groupBy(rows.filter(isSysmon), (row) => row.ProcessGuid);
  const runKey = (row) => row.EventID === 13 && /\\currentversion\\run/i.test(row.TargetObject);
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, 5 * MINUTE, [isCall, isCall, runKey]));
}

function remoteService(rows) {
  const kept = rows.filter((row) => row.EventID === 4624 || row.EventID === 4697);
  const groups = groupBy(kept, (row) => {
    const logon = row.EventID === 4624 ? row.TargetLogonId : row.SubjectLogonId;
    return `${row.Hostname}/${logon}`;
  });
  const tests = [(row) => row.EventID === 4624 && row.LogonType === '3', (row) => row.EventID === 4697];
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, MINUTE, tests));
}

function stolenRole(rows) {
  const role = rows.filter(
    (row) => row.userType === 'AssumedRole' && /\/i-[0-9a-f]+$/.test(row.arn) && !/Linux/.test(row.userAgent),
  );
  const groups = groupBy(role, (row) => row.accessKeyId);
  const tests = [
    (row) => row.eventName === 'ListBuckets',
    (row) => row.eventName === 'ListObjects',
    (row, [, objects]) => row.eventName === 'GetObject' && row.bucket === objects.bucket,
  ];
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, HOUR, tests));
}

// ---- iot

/** A reading at or above the limit, then three below it: one match for each unbroken run below. */
function machineTemperatureLow(rows) {
  const groups = groupBy(rows, (row) => (row.sensor === 'machine_temperature_system_failure' ? row.sensor : undefined));
  const test = (row, taken) => (taken.length === 0 ? Number(row.value) >= 50 : Number(row.value) < 50);
  return leftmostMatches(groups, (all, i) => takeConsecutive(all, i, HOUR, 4, test));
}

/** A reading, then twelve equal ones that differ from it: one match for each time the value freezes. */
function sensorStuck(rows) {
  const groups = groupBy(rows, (row) => row.sensor);
  const test = (row, taken) => {
    if (taken.length === 0) return true;
    return taken.length === 1 ? row.value !== taken[0].value : row.value === taken[1].value;
  };
  return leftmostMatches(groups, (all, i) => takeConsecutive(all, i, 2 * HOUR, 13, test));
}

/** Every reading whose successor is missing or comes `silence` later or more. The alert is at reading + silence. */
function sensorSilent(rows, silence, keep) {
  const matches = [];
  for (const [key, all] of groupBy(rows.filter(keep), (row) => row.sensor)) {
    all.forEach((row, i) => {
      const next = all[i + 1];
      if (next === undefined || next.time >= row.time + silence)
        matches.push({ key, time: row.time + silence, start: row.time });
    });
  }
  return matches;
}

const isRoom = (row) => row.sensor === 'ambient_temperature_system_failure';
const isRoad = (row) => row.sensor.endsWith('_6005');

/** One cycle is one hour here; the first alert of each engine. */
function turbofanOutlet(rows) {
  const timed = rows.map((row) => ({ ...row, time: Number(row.cycle) * HOUR }));
  const groups = groupBy(timed, (row) => row.engine);
  const matches = leftmostMatches(groups, (all, i) =>
    takeConsecutive(all, i, 5 * HOUR, 5, (row) => Number(row.s11) > 47.8),
  );
  return throttled(matches, 30 * DAY);
}

function taxiLongRide(rows) {
  const matches = [];
  for (const [key, all] of groupBy(rows, (row) => row.ride)) {
    const start = all.find((row) => row.event === 'START');
    const end = all.find((row) => row.event === 'END');
    if (start === undefined) continue;
    if (end === undefined || end.time - start.time > HOUR)
      matches.push({ key, time: start.time + HOUR + 1, start: start.time });
  }
  return matches;
}

// ---- market

const venueAndSymbol = (row) => `${row.venue}/${row.symbol}`;

function fxRisingBids(rows) {
  const rising = (row, taken) => taken.length === 0 || Number(row.bid) > Number(taken.at(-1).bid);
  const groups = groupBy(rows, venueAndSymbol);
  return leftmostMatches(groups, (all, i) => takeConsecutive(all, i, 2 * SECOND + 1, 5, rising));
}

/** The stale venue's last quote, no fresh one of its own, and the other venue five pips away within ten seconds. */
function fxStaleQuote(rows) {
  const groups = groupBy(rows, (row) => row.symbol);
  return leftmostMatches(groups, (all, i) => {
    if (all[i].venue !== 'oanda') return undefined;
    for (let j = i + 1; j < all.length && all[j].time < all[i].time + 10 * SECOND; j += 1) {
      if (all[j].venue === 'oanda') return undefined;
      if (Math.abs(Number(all[j].bid) - Number(all[i].bid)) >= 0.0005) return [i, j];
    }
    return undefined;
  });
}

function fxNewsReversal(rows) {
  const groups = groupBy(rows, venueAndSymbol);
  const spike = (row, [base]) => Number(row.high) >= Number(base.close) + 0.005;
  const back = (row, [base]) => Number(row.close) <= Number(base.close);
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, HOUR, [() => true, spike, back]));
}

function cryptoDip(rows) {
  const groups = groupBy(rows, (row) => row.symbol);
  const dip = (row, [peak]) => Number(row.close) <= Number(peak.close) * 0.985;
  const recovery = (row, [peak, low]) =>
    Number(row.close) >= Number(low.close) + 0.6 * (Number(peak.close) - Number(low.close));
  return leftmostMatches(groups, (all, i) => takeInOrder(all, i, HOUR, [() => true, dip, recovery]));
}

// ---- the table of counts

const data = (file) => join(root, 'data', file);
const lines = { csv: readCsv, ndjson: readNdjson };
const COUNTS = [
  ['card-testing', 'fraud/online-fraud-2013.csv.gz', cardTesting],
  ['repeated-charge', 'fraud/online-fraud-2013.csv.gz', repeatedCharge],
  ['mule-fan-in', 'fraud/aml-transfers.csv.gz', muleFanIn],
  ['mule-pass-through', 'fraud/aml-transfers.csv.gz', mulePassThrough],
  ['process-then-network', 'security/windows-attacks.ndjson.gz', processThenNetwork],
  ['password-spray', 'security/windows-attacks.ndjson.gz', passwordSpray],
  ['kerberoasting', 'security/windows-attacks.ndjson.gz', kerberoasting],
  ['lsass-read-by-beacon', 'security/windows-attacks.ndjson.gz', lsassReadByBeacon],
  ['run-key-by-beacon', 'security/windows-attacks.ndjson.gz', runKeyByBeacon],
  ['remote-service', 'security/windows-attacks.ndjson.gz', remoteService],
  ['stolen-instance-role', 'security/cloudtrail-s3-exfiltration.ndjson.gz', stolenRole],
  ['machine-temperature-low', 'iot/sensors.csv.gz', machineTemperatureLow],
  ['sensor-stuck', 'iot/sensors.csv.gz', sensorStuck],
  ['room-sensor-silent', 'iot/sensors.csv.gz', (rows) => sensorSilent(rows, 3 * HOUR, isRoom)],
  ['road-sensor-silent', 'iot/sensors.csv.gz', (rows) => sensorSilent(rows, 2 * HOUR, isRoad)],
  ['fx-rising-bids', 'market/fx-ticks-2014-05-08.csv.gz', fxRisingBids],
  ['fx-stale-quote', 'market/fx-ticks-2014-05-08.csv.gz', fxStaleQuote],
  ['fx-news-reversal', 'market/fx-bars-2014-05.csv.gz', fxNewsReversal],
  ['crypto-dip-recovery', 'market/crypto-bars-2018-04.csv.gz', cryptoDip],
];

/** Files that may not be copied here, or the full file behind a cut; names as upstream. */
const UPSTREAM_COUNTS = [
  ['turbofan-outlet-high', 'iot/turbofan-fd001.csv.gz', turbofanOutlet],
  ['taxi-long-ride', 'iot/nyc-taxi-rides-2019-03.csv.gz', taxiLongRide],
  ['fx-rising-bids', 'market/fx-ticks-2014-05-07_08.csv.gz', fxRisingBids],
  ['mule-fan-in', 'fraud/amlsim-20k-fanin200-cycle200-tx.csv.gz', muleFanIn],
];

/**
 * Keys and times are spelled out when there are few; beyond that their number is enough. `first` is the time of a key's
 * first alert, `start` that of the first event in it.
 */
const KEYS_SPELLED_MAX = 120;
const TIMES_SPELLED_MAX = 60;

function summary(rule, file, rowCount, matches) {
  matches.sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const keys = new Map();
  for (const { key, time, start } of matches) {
    const entry = keys.get(key) ?? {
      count: 0,
      start: new Date(start).toISOString(),
      first: new Date(time).toISOString(),
    };
    entry.count += 1;
    keys.set(key, entry);
  }
  const result = { rule, file, events: rowCount, alerts: matches.length, keys: keys.size };
  if (matches.length > 0) {
    result.first = new Date(matches[0].time).toISOString();
    result.last = new Date(matches.at(-1).time).toISOString();
  }
  if (matches.length <= TIMES_SPELLED_MAX) result.times = matches.map(({ time }) => new Date(time).toISOString());
  if (keys.size <= KEYS_SPELLED_MAX) result.perKey = Object.fromEntries([...keys].sort());
  return result;
}

function countAll(table, pathOf) {
  return table.map(([rule, file, count]) => {
    const rows = lines[file.includes('.ndjson') ? 'ndjson' : 'csv'](pathOf(file));
    return summary(rule, file, rows.length, count(rows));
  });
}

function main(args) {
  const upstream = args.includes('--upstream') ? args[args.indexOf('--upstream') + 1] : undefined;
  const known = existsSync(expectedFile) ? JSON.parse(readFileSync(expectedFile, 'utf8')) : {};
  const counted = {
    examples: countAll(COUNTS, data),
    upstream: upstream === undefined ? known.upstream : countAll(UPSTREAM_COUNTS, (file) => join(upstream, file)),
  };
  for (const { rule, file, alerts, keys } of [...counted.examples, ...(counted.upstream ?? [])]) {
    console.log(`${rule.padEnd(26)} ${String(alerts).padStart(5)} alerts ${String(keys).padStart(5)} keys  ${file}`);
  }
  if (args.includes('--write')) {
    writeFileSync(expectedFile, JSON.stringify(counted, undefined, 2) + '\n');
    return 0;
  }
  const same = JSON.stringify(counted) === JSON.stringify(known);
  console.log(same ? 'as test/examples/expected.json says' : 'DIFFERENT from test/examples/expected.json');
  return same ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
