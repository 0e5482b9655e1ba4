/** The engines: how each is started on a workload, and what the table calls it. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../scripts/project.mjs';

export const heapMiB = 6_144;

const javaFlags = [`-Xms${heapMiB}m`, `-Xmx${heapMiB}m`, '-XX:+UseParallelGC'];
/** Java's young generation is a third of its heap; Node's is as small as in a browser unless it is told. */
const youngMiB = 128;
const nodeFlags = ['--expose-gc', `--max-old-space-size=${heapMiB}`, `--max-semi-space-size=${youngMiB}`];
const peersDir = join(projectDir, 'bench', 'peers');

export function weirCommand(program, ...args) {
  return [process.execPath, ...nodeFlags, join(projectDir, 'dist', 'test', 'bench', 'peers', `${program}.js`), ...args];
}

export function javaCommand(module, main, ...args) {
  const target = join(peersDir, module, 'target');
  const classPath = [join(target, 'classes'), join(target, 'lib', '*')].join(':');
  return ['java', ...javaFlags, '-cp', classPath, main, ...args];
}

const flink = (variant) => (spec, options) =>
  javaCommand('flink', 'weir.bench.flink.FlinkEngine', spec, variant, ...options);

/** By name: the command that runs the engine over a described workload with the options all drivers share. */
export const engines = {
  weir: (spec, options) => weirCommand('weir-driver', spec, ...options),
  'weir-made': (spec, options) => weirCommand('weir-driver', spec, ...options, '--made'),
  'weir-level': (spec, options) => weirCommand('weir-driver', spec, ...options, '--level'),
  'flink-heap': flink('flink-heap'),
  'flink-nfa': flink('flink-nfa'),
  'flink-filter': flink('flink-filter'),
  'flink-rocksdb': flink('flink-rocksdb'),
  esper: (spec, options) => javaCommand('esper', 'weir.bench.esper.EsperEngine', spec, 'esper', ...options),
};

/** Builds the Java side; false if Maven failed, whose words go to standard error. */
export function buildPeers() {
  const args = ['-q', '-B', '-f', join(peersDir, 'pom.xml'), 'package'];
  return spawnSync('mvn', args, { stdio: ['ignore', 2, 2] }).status === 0;
}

/** Of the packages as they were resolved, of Node and of the Java machine. */
export function versions() {
  const jar = (module, name) => {
    const file = readdirSync(join(peersDir, module, 'target', 'lib')).find((one) => one.startsWith(name));
    return file?.slice(name.length).replace(/\.jar$/, '') ?? 'unknown';
  };
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr.split('\n')[0] ?? '';
  return {
    weir: JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).version,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: projectDir, encoding: 'utf8' }).stdout.trim(),
    node: process.version,
    java: java.replaceAll('"', ''),
    flink: jar('flink', 'flink-cep-'),
    esper: jar('esper', 'esper-runtime-'),
    rocksdb: jar('flink', 'frocksdbjni-'),
  };
}
