/** The results as one table: Markdown for people, beside the JSON it comes from. */

const columns = [
  ['Weir', ['weir', 'weir-level']],
  ['Weir, matches made', ['weir-made']],
  ['Flink heap', ['flink-heap']],
  ['Flink automaton alone', ['flink-nfa']],
  ['Flink heap, filtered by hand', ['flink-filter']],
  ['Flink RocksDB', ['flink-rocksdb']],
  ['Esper', ['esper']],
];
const ratios = [
  ['÷ Flink heap', 'flink-heap'],
  ['÷ Flink RocksDB', 'flink-rocksdb'],
  ['÷ Esper', 'esper'],
];

const whole = (value) => Math.round(value).toLocaleString('en-US');
const short = (value) => (value >= 1_000_000 ? `${(value / 1_000_000).toFixed(2)} M` : whole(value));
const seconds = (ms) => (ms === undefined ? '–' : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

function ratio(value) {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? whole(value) : value.toFixed(value >= 10 ? 0 : 2);
}

const row = (cells) => `| ${cells.join(' | ')} |`;

function table(head, rows) {
  return [row(head), row(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(row)].join('\n');
}

/** Numbers the notes, each once. */
class Notes {
  texts = [];

  mark(text) {
    const known = this.texts.indexOf(text);
    const number = known >= 0 ? known + 1 : this.texts.push(text);
    return `[${number}]`;
  }
}

function cell(one, names, figure, notes) {
  const name = names.find((each) => each in one.results || each in one.cannot);
  if (name === undefined) return '';
  if (name in one.cannot) return `cannot ${notes.mark(`${name}: ${one.cannot[name]}.`)}`;
  const result = one.results[name];
  if (result.failure !== undefined) return `no ${notes.mark(`${one.id}, ${name}: ${result.failure}.`)}`;
  const marks = [];
  if (result.cutTo !== undefined) {
    const text = `${one.id}, ${name}: ${whole(result.cutFrom)} events when time was over; measured on ${whole(result.cutTo)}.`;
    marks.push(notes.mark(text));
  }
  if (result.check !== 'agrees') marks.push(notes.mark(`${one.id}, ${name}: ${result.check}.`));
  return [short(result[figure]), ...marks].join(' ');
}

function rateRow(one, label, figure, notes) {
  const weir = one.results.weir ?? one.results['weir-level'];
  const cells = columns.map(([, names]) => cell(one, names, figure, notes));
  const against = ratios.map(([, name]) => {
    const other = one.results[name]?.[figure];
    return other === undefined ? '' : ratio(weir?.[figure] / other);
  });
  return [label, ...cells, ...against, weir?.matches === undefined ? '–' : whole(weir.matches), weir?.hash ?? '–'];
}

function rateTable(cases, notes) {
  const head = ['events/s', ...columns.map(([name]) => name), ...ratios.map(([name]) => name), 'matches', 'hash'];
  const rows = cases.flatMap((one) => {
    const rows = [rateRow(one, one.id, 'eventsPerSecond', notes)];
    if (one.id.includes('completing')) rows.push(rateRow(one, `${one.id}, match rows/s`, 'rowsPerSecond', notes));
    return rows;
  });
  return table(head, rows);
}

function memoryTable(cases) {
  const rows = cases.flatMap((one) =>
    Object.entries(one.results)
      .filter(([, { figures }]) => figures?.heapOfFillBytes !== undefined)
      .map(([name, { figures, events }]) => [one.id, name, whole(figures.heapOfFillBytes / events)]),
  );
  if (rows.length === 0) return '';
  return `Heap of a live run (all keys hold one, after collecting garbage):\n\n${table(['', 'engine', 'bytes per run'], rows)}\n`;
}

function loadTable({ rules, timeoutMs, results }) {
  const { weirYaml, weirStored, esperTemplate, esperText, flink } = results;
  const limit = seconds(timeoutMs);
  const partly = (loaded, ms) => (loaded === undefined ? '–' : `${whole(loaded)} in ${seconds(ms)} (limit ${limit})`);
  const rows = [
    ['Weir, from YAML', seconds(weirYaml.yamlMs), seconds(weirYaml.changeOneMs)],
    ['Weir, from the stored form', seconds(weirStored.storedMs), ''],
    [
      'Esper, one template, deployed with parameters',
      seconds(esperTemplate.loadMs),
      seconds(esperTemplate.changeOneMs),
    ],
    ['Esper, every rule compiled from its text', partly(esperText.textsLoaded, esperText.textsMs), ''],
    [
      'Flink, one operator opened per rule, no job around them',
      partly(flink.operatorsLoaded, flink.loadMs),
      'cannot: the job restarts',
    ],
  ];
  return table([`W8, ${whole(rules)} rules`, 'load', 'change one'], rows);
}

function decodeTable({ weir, jackson, agree }) {
  const rows = [
    ['JSON.parse', short(weir.eventsPerSecond)],
    ['Jackson, to a bean', short(jackson.eventsPerSecond)],
  ];
  const sums = agree ? '' : '\n\nThe two did not read the same amounts.';
  return table(['JSON decoding, W1’s events', 'events/s'], rows) + sums;
}

function machineText({ machine, versions, heapMiB, passes, timeoutMs, quick, cases }) {
  const earlier = cases.filter(({ commit }) => commit !== versions.commit);
  const ofCommits = earlier.map(({ id, commit }) => `${id} (${commit})`).join(', ');
  return [
    `${machine.cpu} × ${machine.cpus}, ${machine.memoryGiB} GiB. Weir ${versions.weir} (${versions.commit}) on Node ${versions.node};`,
    `Flink CEP ${versions.flink} (RocksDB ${versions.rocksdb}) and Esper ${versions.esper} on ${versions.java}. Heap at most ${whole(heapMiB)} MiB each.`,
    `Medians of ${passes} passes after warming up; a pass may take ${seconds(timeoutMs)}.`,
    ...(earlier.length > 0 ? [`Measured earlier, on other commits of Weir: ${ofCommits}.`] : []),
    ...(quick ? ['**Quick: small workloads, a machine in use; the figures only show that everything runs.**'] : []),
  ].join('\n');
}

export function reportText(report) {
  const notes = new Notes();
  const parts = [machineText(report)];
  if (report.cases.length > 0) parts.push(rateTable(report.cases, notes), memoryTable(report.cases));
  if (report.load !== undefined) parts.push(loadTable(report.load));
  if (report.decode !== undefined) parts.push(decodeTable(report.decode));
  if (report.cases.length > 0) parts.push(report.cases.map(({ id, title }) => `- **${id}**: ${title}`).join('\n'));
  if (notes.texts.length > 0) parts.push(notes.texts.map((text, at) => `${at + 1}. ${text}`).join('\n'));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
