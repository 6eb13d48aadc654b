// `npm run coverage`: the lines that tests reach of everything that reads foreign bytes; each file must have 95 %. Random input
// is tried three hundred times only, the rest is what the tests of the parsers say.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()

const parsers = [
  'core/src/bytes/{base32,decode,encode,text}.ts',
  'core/src/metainfo/*.ts',
  'core/src/wire/*.ts',
  'core/src/ports/{endpoint,tracker-safety}.ts',
  'tracker-http/src/{body,protocol}.ts',
  'tracker-udp/src/protocol.ts',
  'tracker-server/src/*protocol.ts',
  'ext-{metadata,pex}/src/protocol.ts',
  'resume-fs/src/protocol.ts',
  'admission/src/{address,line-splitter,list-format,list-file}.ts',
  'cli/src/settings/{config-file,environment,kinds,resolve}.ts',
]
const tests = [
  'fuzz/',
  ...[
    'bencode',
    'decode',
    'encode',
    'torrent-fixture',
    'create',
    'edit',
    'parse',
    'magnet',
    'safe-path',
    'layout',
    'merkle',
  ],
  ...['decoder', 'encoder', 'extended', 'handshake', 'wire-codec', 'peer-id', 'tracker-safety', 'known-addresses.test'],
].map((name) => (name.includes('/') ? name : `packages/core/test/${name}`))
const others = [
  'tracker-http/test/body',
  'ext-metadata/test/protocol',
  'ext-pex/test/protocol',
  'resume-fs/test/protocol',
  'resume-fs/test/file-resume-store',
]
const more = [
  'tracker-http/test/protocol',
  'tracker-udp/test/protocol',
  'tracker-server/test',
  'admission/test',
  'cli/test/settings',
]
/** What is measured by the clock is left out: code that counts its lines is slow. */
const unmeasured = '^(?!.*(in a second|a second of|within 100 ms|20 ms|500 ms|[0-9] files)).*$'
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--silent',
    `--testNamePattern=${unmeasured}`,
    '--coverage.enabled',
    '--coverage.provider=v8',
    '--coverage.reporter=text',
    '--coverage.thresholds.perFile',
    '--coverage.thresholds.lines=95',
    `--coverage.reportsDirectory=${join(root, 'dist', 'coverage')}`,
    ...parsers.map((path) => `--coverage.include=packages/${path}`),
    ...tests,
    ...[...others, ...more].map((path) => `packages/${path}`),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, BITLOOM_FUZZ_RUNS: '300' } },
)
process.exit(status ?? 1)
