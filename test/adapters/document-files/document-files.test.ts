import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentFiles } from '../../../src/adapters/document-files/document-files.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { limits } from '../../../src/core/limits.js';

const SETTLE_MS = 40;

const pattern = (name: string): string => `kind: pattern\nname: ${name}\nsequence: [{ begin: a }]\n`;

let root: string;
let closers: (() => Promise<void>)[];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'weir-files-')));
  closers = [];
});

afterEach(async () => {
  await Promise.all(closers.map((close) => close()));
  await rm(root, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text);
}

const feed = (...directories: string[]) =>
  createDocumentFiles({
    directories: directories.map((directory) => join(root, directory)),
    parse: parseDocuments,
    settleMs: SETTLE_MS,
    rescanMs: 100,
  });

async function namesRead(...directories: string[]): Promise<string[]> {
  const read = await feed(...directories).read();
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.value.map(({ document }) => document.name);
}

describe('reading the files of documents', () => {
  it('every yaml, yml and json file below the directories is read, in order of path', async () => {
    await write('rules/b.yaml', pattern('b'));
    await write('rules/deep/er/c.yml', `${pattern('c1')}---\n${pattern('c2')}`);
    await write('patterns/a.json', JSON.stringify({ kind: 'pattern', name: 'a', sequence: [{ begin: 'x' }] }));
    await write('patterns/notes.txt', 'not: [a document');
    expect(await namesRead('rules', 'patterns')).toEqual(['b', 'c1', 'c2', 'a']);
  });

  it('hidden files, hidden directories and node_modules are not looked at', async () => {
    await write('rules/.a.yaml', pattern('a'));
    await write('rules/.git/b.yaml', pattern('b'));
    await write('rules/node_modules/c.yaml', pattern('c'));
    await write('rules/d.yaml', pattern('d'));
    expect(await namesRead('rules')).toEqual(['d']);
  });

  it('a directory that does not exist holds nothing', async () => {
    expect(await namesRead('nowhere')).toEqual([]);
  });

  it('loops of links end, and a file that several links lead to is read once', async () => {
    await write('rules/a.yaml', pattern('a'));
    await symlink(join(root, 'rules'), join(root, 'rules/loop'));
    await symlink(join(root, 'rules/a.yaml'), join(root, 'rules/b.yaml'));
    await symlink(join(root, 'gone'), join(root, 'rules/dangling.yaml'));
    expect(await namesRead('rules', 'rules')).toEqual(['a']);
  });

  it('every bad file is reported with its place, and the good ones are still there to be checked', async () => {
    await write('rules/a.yaml', 'kind: pattern\nname: a\nsequence: []\n');
    await write('rules/b.yaml', pattern('b'));
    await write('rules/c.yaml', `${pattern('c')}within: soon\n`);
    await write('rules/d.yaml', '#'.repeat(limits.documentBytesMax + 1));
    const read = await feed('rules').read();
    if (read.ok) throw new Error('must be refused');
    const told = read.diagnostics.map(({ code, file, line, column }) => [
      code,
      relative(root, file ?? ''),
      line,
      column,
    ]);
    expect(told).toEqual([
      ['invalid-value', 'rules/a.yaml', 3, 11],
      ['invalid-duration', 'rules/c.yaml', 4, 9],
      ['too-large', 'rules/d.yaml', 1, 1],
    ]);
    expect(read.readable.map(({ document }) => document.name)).toEqual(['b']);
    expect(read.broken.map(({ kind, name }) => ({ kind, name }))).toEqual([
      { kind: 'pattern', name: 'a' },
      { kind: 'pattern', name: 'c' },
    ]);
  });
});

describe('watching the files of documents', () => {
  /** Watches and reads again after every change, as the service does. */
  async function watching(...directories: string[]) {
    const documents = feed(...directories);
    await documents.read();
    const changes = { count: 0 };
    const onChange = (): void => {
      changes.count++;
      void documents.read();
    };
    closers.push(documents.watch(onChange));
    await wait(150);
    return { documents, changes };
  }

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  async function until(condition: () => boolean): Promise<void> {
    for (let tries = 0; tries < 200 && !condition(); tries++) await wait(20);
    expect(condition()).toBe(true);
  }

  it('a burst of writes is told once, after it has settled', async () => {
    const { documents, changes } = await watching('rules');
    expect(changes.count).toBe(0);
    for (let i = 0; i < 5; i++) await write(`rules/${i}.yaml`, pattern(`p${i}`));
    await until(() => changes.count === 1);
    expect((await documents.read()).ok).toBe(true);
    await wait(300);
    expect(changes.count).toBe(1);
  });

  it('a file that an editor replaces by renaming another over it is seen, every time', async () => {
    await write('rules/a.yaml', pattern('a'));
    const { changes } = await watching('rules');
    for (let round = 1; round <= 3; round++) {
      await write('rules/.a.yaml.swp', pattern(`a${round}`));
      await rename(join(root, 'rules/.a.yaml.swp'), join(root, 'rules/a.yaml'));
      await until(() => changes.count === round);
    }
  });

  it('a directory that appears later, goes and comes again is seen', async () => {
    const { changes } = await watching('later/rules');
    await write('later/rules/a.yaml', pattern('a'));
    await until(() => changes.count === 1);
    await rm(join(root, 'later'), { recursive: true });
    await until(() => changes.count === 2);
    await write('later/rules/a.yaml', pattern('a'));
    await until(() => changes.count === 3);
  });

  it('a change of what a link leads to is seen, and a loop of links does no harm', async () => {
    await write('elsewhere/one.yaml', pattern('a'));
    await mkdir(join(root, 'rules'));
    await symlink(join(root, 'elsewhere/one.yaml'), join(root, 'rules/a.yaml'));
    await symlink(join(root, 'rules'), join(root, 'rules/loop'));
    const { changes } = await watching('rules');
    await write('elsewhere/one.yaml', pattern('b'));
    await until(() => changes.count === 1);
  });

  it('files that are no documents change unnoticed', async () => {
    const { changes } = await watching('rules');
    await write('rules/notes.txt', 'x');
    await write('rules/.hidden.yaml', 'x');
    await wait(400);
    expect(changes.count).toBe(0);
  });

  it('a change between reading and watching is told', async () => {
    const documents = feed('rules');
    await documents.read();
    await write('rules/a.yaml', pattern('a'));
    const changes = { count: 0 };
    closers.push(documents.watch(() => changes.count++));
    await until(() => changes.count === 1);
  });
});

describe('a directory that must be there', () => {
  it('is an error when it is gone, and never reads as no documents', async () => {
    await write('rules/a.yaml', pattern('a'));
    const directory = join(root, 'rules');
    const files = createDocumentFiles({ directories: [directory], required: [directory], parse: parseDocuments });
    expect(await files.read()).toMatchObject({ ok: true });
    await rm(directory, { recursive: true });
    expect(await files.read()).toMatchObject({ ok: false, diagnostics: [{ code: 'documents-gone', file: directory }] });
  });
});
