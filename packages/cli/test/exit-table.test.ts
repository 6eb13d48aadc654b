import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, binary, openBench } from './binary.js'
import { writeTorrent } from './torrents.js'

// Every row of the exit code table that needs no swarm, through the built binary; the others are in transfers.test.ts.
let bench: Bench

beforeAll(async () => {
  bench = openBench()
  const { folder } = bench
  await writeTorrent(folder, 'data', { 'a.bin': 100_000, 'sub/b.bin': 70_000, empty: 0 })
  await writeTorrent(folder, 'two', { x: 40_000 }, { format: 'v2' })
  writeFileSync(bench.path('bad-bencode.torrent'), 'd4:infod')
  writeFileSync(bench.path('bad-torrent.torrent'), 'd4:infod4:name1:xee')
  writeFileSync(bench.path('bad.trace'), '{"event":"piece-verified","atMs":1,"torrent":"t1","piece":0}\nnonsense\n')
  writeFileSync(bench.path('wrong.trace'), '{"event":"pick","atMs":1,"torrent":"t1"}\n')
  writeFileSync(bench.path('good.trace'), '{"event":"piece-verified","atMs":1,"torrent":"t1","piece":0}\n')
  writeFileSync(bench.path('broken.mjs'), 'throw new Error("it is broken")')
  writeFileSync(bench.path('no-plugin.mjs'), 'export default 7')
  writeFileSync(
    bench.path('future.mjs'),
    'const make = () => ({ name: "future", contract: 99 }); make.plugin = { name: "future", contract: 99, summary: "" }; export default make',
  )
  mkdirSync(bench.path('damaged'))
  mkdirSync(bench.path('damaged/data/sub'), { recursive: true })
  copyFileSync(bench.path('data/a.bin'), bench.path('damaged/data/a.bin'))
  truncateSync(bench.path('damaged/data/a.bin'), 50_000)
})
afterAll(() => bench.close())

const isLinux = process.platform === 'linux'

interface Row {
  readonly code: number
  readonly when: string
  readonly args: readonly string[]
  /** What the one sentence on stderr must name. */
  readonly says: RegExp
  readonly errorCode?: string
  readonly linux?: true
}

const rows: readonly Row[] = [
  { code: 1, when: 'something else fails', args: ['show', 'x'.repeat(300)], says: /name too long/ },
  {
    code: 3,
    when: 'the torrent is absent',
    args: ['show', 'gone.torrent'],
    says: /gone\.torrent: no such file/,
    errorCode: 'ENOENT',
  },
  { code: 3, when: 'the default verb finds nothing', args: ['gone.torrent'], says: /gone\.torrent: no such file/ },
  {
    code: 3,
    when: 'the data folder is absent',
    args: ['verify', 'data.torrent', 'nowhere'],
    says: /nowhere does not exist/,
  },
  { code: 3, when: 'what create reads is absent', args: ['create', 'nowhere'], says: /nowhere: no such file/ },
  {
    code: 1,
    when: 'a trace has a line that is none',
    args: ['explain', 'bad.trace'],
    says: /bad\.trace: line 2 is no line of a trace: it is no JSON/,
    errorCode: 'TRACE_INVALID',
  },
  { code: 1, when: 'a record lacks a field', args: ['explain', 'wrong.trace'], says: /wrong\.trace: line 1 .*peer: / },
  { code: 3, when: 'the trace is absent', args: ['explain', 'gone.trace'], says: /gone\.trace: no such file/ },
  {
    code: 3,
    when: 'the trace says nothing about a piece',
    args: ['explain', 'good.trace', '--piece', '7'],
    says: /says nothing about that/,
    errorCode: 'NOT_FOUND',
  },
  { code: 15, when: 'the trace is a folder', args: ['explain', 'data'], says: /it is a folder/ },
  {
    code: 16,
    when: 'a trace cannot be written',
    args: ['data.torrent', '--trace', 'no/run.trace', '--listen', '127.0.0.1:0'],
    says: /no\/run\.trace cannot be written/,
    errorCode: 'CANNOT_CREATE',
  },
  {
    code: 28,
    when: 'a kind of record is unknown',
    args: ['explain', 'good.trace', '--event', 'guess'],
    says: /--event guess: there are torrent, state/,
    errorCode: 'USAGE',
  },
  { code: 0, when: 'a trace is explained', args: ['explain', 'good.trace'], says: /^$/ },
  {
    code: 9,
    when: 'the disk is full',
    args: ['create', 'data', '-o', '/dev/full'],
    says: /\/dev\/full: the disk is full/,
    linux: true,
  },
  {
    code: 13,
    when: 'create would overwrite',
    args: ['create', 'data', '-o', 'data.torrent'],
    says: /data\.torrent exists already/,
    errorCode: 'FILE_EXISTS',
  },
  { code: 15, when: 'the torrent cannot be opened', args: ['show', 'data'], says: /it is a folder/ },
  {
    code: 16,
    when: 'a file cannot be created',
    args: ['create', 'data', '-o', 'no/x.torrent'],
    says: /no\/x\.torrent cannot be written/,
  },
  { code: 17, when: 'reading fails', args: ['show', '/proc/self/mem'], says: /the device failed|EIO/, linux: true },
  {
    code: 18,
    when: 'a folder cannot be made',
    args: ['download', 'data.torrent', '-o', 'data.torrent/sub'],
    says: /data\.torrent\/sub cannot be made/,
  },
  { code: 25, when: 'the bencode is bad', args: ['show', 'bad-bencode.torrent'], says: /bad-bencode\.torrent: / },
  { code: 26, when: 'the torrent is bad', args: ['show', 'bad-torrent.torrent'], says: /bad-torrent\.torrent: / },
  { code: 27, when: 'the magnet link is bad', args: ['download', 'magnet:?xt=urn:btih:zz'], says: /magnet link/ },
  {
    code: 27,
    when: 'a magnet link is to be downloaded without metadata',
    args: ['download', `magnet:?xt=urn:btih:${'a'.repeat(40)}`, '--no-plugin', 'ext-metadata'],
    says: /needs a plugin for metadata/,
  },
  {
    code: 27,
    when: 'an info-hash is to be downloaded without metadata',
    args: ['a'.repeat(40), '--no-plugin', 'ext-metadata'],
    says: /needs a plugin for metadata/,
  },
  {
    code: 28,
    when: 'an option is unknown',
    args: ['show', 'data.torrent', '--bogus'],
    says: /--bogus/,
    errorCode: 'USAGE',
  },
  { code: 28, when: 'an operand is missing', args: ['show'], says: /torrent/ },
  { code: 28, when: 'there is nothing to do', args: [], says: /--help/ },
  {
    code: 28,
    when: 'a value is wrong',
    args: ['data.torrent', '--limit-down', 'fast'],
    says: /"fast" is no size/,
    errorCode: 'USAGE',
  },
  {
    code: 28,
    when: 'no file is selected',
    args: ['data.torrent', '--select', '*.flac'],
    says: /no file of the torrent matches/,
  },
  {
    code: 28,
    when: 'a strategy is unknown',
    args: ['data.torrent', '--picker', 'nobody', '--listen', '127.0.0.1:0'],
    says: /--picker nobody: there is no such picker/,
  },
  {
    code: 28,
    when: 'a choker is unknown',
    args: ['data.torrent', '--choker', 'nobody', '--listen', '127.0.0.1:0'],
    says: /there are rate-based, round-robin, anti-leech, bit-tyrant, prop-share, tit-for-tat/,
  },
  {
    code: 28,
    when: 'a setting names no plugin',
    args: ['plugins', '--set', 'nobody.x=1'],
    says: /--set nobody\.x=1: no plugin/,
  },
  {
    code: 28,
    when: 'an edit would change the info-hash',
    args: ['edit', 'data.torrent', '--private'],
    says: /--force/,
  },
  { code: 32, when: 'data does not match', args: ['verify', 'data.torrent', 'damaged'], says: /^$/ },
  {
    code: 40,
    when: 'a plugin throws',
    args: ['plugins', '--plugin', './broken.mjs'],
    says: /broken\.mjs cannot be loaded: it is broken/,
    errorCode: 'PLUGIN_FAILED',
  },
  {
    code: 40,
    when: 'a plugin is absent',
    args: ['plugins', '--plugin', 'no-such-package'],
    says: /no-such-package cannot be loaded/,
  },
  {
    code: 40,
    when: 'a module is no plugin',
    args: ['plugins', '--plugin', './no-plugin.mjs'],
    says: /no plugin factory/,
  },
  {
    code: 41,
    when: 'a plugin is of another contract',
    args: ['plugins', '--plugin', './future.mjs'],
    says: /future/,
    errorCode: 'PLUGIN_CONTRACT',
  },
  { code: 0, when: 'all is well', args: ['verify', 'data.torrent', '.'], says: /^$/ },
]

describe('exit codes of the built binary', () => {
  for (const { code, when, args, says, errorCode, linux } of rows) {
    it.skipIf(linux === true && !isLinux)(`${code} when ${when}`, async () => {
      const plain = await bench.run([...args, '--progress', 'none'])
      expect(plain).toMatchObject({ code })
      expect(plain.stderr).toMatch(says)
      expect(plain.stderr).not.toMatch(/\bat .*\.js:\d+/)
      if (errorCode === undefined) return
      const json = await bench.run([...args, '--json'])
      expect(json.code).toBe(code)
      expect(json.json().at(-1)).toMatchObject({
        event: 'error',
        code: errorCode,
        message: expect.stringMatching(says),
      })
    })
  }

  it('are printed by --help, which ends with 0', async () => {
    const { code, stdout } = await bench.run(['--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/Exit codes: 0 done .*130 /s)
  })
})

describe('permissions', () => {
  const isRoot = process.getuid?.() === 0
  const nobody = isRoot ? { uid: 65_534 } : {}
  // As root the tests run the binary as another user, who must be able to read the checkout.
  const canRun = (): boolean => {
    const probe = spawnSync(process.execPath, [binary, '--version'], { ...nobody, gid: isRoot ? 65_534 : undefined })
    return probe.status === 0
  }

  it.skipIf(process.platform === 'win32' || !canRun())(
    '15 unreadable, 16 and 18 unwritable, each naming the thing',
    async () => {
      chmodSync(bench.folder, 0o755)
      mkdirSync(bench.path('closed'))
      mkdirSync(bench.path('state'))
      chmodSync(bench.path('state'), 0o777)
      copyFileSync(bench.path('data.torrent'), bench.path('secret.torrent'))
      chmodSync(bench.path('secret.torrent'), 0)
      chmodSync(bench.path('closed'), 0o555)
      const run = (...args: string[]) => bench.run([...args, '--state-dir', 'state'], nobody)
      expect(await run('show', 'secret.torrent')).toMatchObject({
        code: 15,
        stderr: expect.stringMatching(/secret\.torrent: permission denied/),
      })
      expect(await run('create', 'data', '-o', 'closed/x.torrent', '-q')).toMatchObject({
        code: 16,
        stderr: expect.stringMatching(/closed\/x\.torrent cannot be written: permission denied/),
      })
      expect(await run('data.torrent', '-o', 'closed')).toMatchObject({
        code: 16,
        stderr: expect.stringMatching(/closed: permission denied/),
      })
      expect(await run('data.torrent', '-o', 'closed/sub')).toMatchObject({
        code: 18,
        stderr: expect.stringMatching(/closed\/sub cannot be made: permission denied/),
      })
    },
  )
})

describe('results', () => {
  it('show prints the documented fields and alias info does the same', async () => {
    const { stdout } = await bench.run(['show', 'data.torrent', '--json'])
    const shown = JSON.parse(stdout) as Record<string, unknown>
    expect(Object.keys(shown)).toEqual([
      'name',
      'infoHash',
      'infoHashV2',
      'pieceLength',
      'pieceCount',
      'length',
      'private',
      'files',
      'trackers',
      'webSeeds',
      'comment',
      'createdBy',
      'creationDate',
      'source',
    ])
    expect(shown).toMatchObject({ name: 'data', infoHashV2: null, pieceLength: 32_768, pieceCount: 6, length: 170_000 })
    expect(shown['files']).toEqual([
      { path: 'data/a.bin', length: 100_000, padding: false },
      { path: 'data/empty', length: 0, padding: false },
      { path: 'data/sub/b.bin', length: 70_000, padding: false },
    ])
    expect((await bench.run(['info', 'data.torrent', '--json'])).stdout).toBe(stdout)
  })

  it('a v2 torrent shows and verifies, and its download is refused with 26', async () => {
    const [shown] = (await bench.run(['show', 'two.torrent', '--json'])).json()
    expect(shown).toMatchObject({ infoHash: null, infoHashV2: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect((await bench.run(['verify', 'two.torrent'])).code).toBe(0)
    const refused = await bench.run(['two.torrent', '-o', 'out', '--listen', '127.0.0.1:0', '--no-trackers'])
    expect(refused).toMatchObject({ code: 26 })
  })

  it('reads standard input', async () => {
    const input = readFileSync(bench.path('data.torrent'))
    expect((await bench.run(['show', '-', '--json'], { input })).json()).toMatchObject([{ name: 'data' }])
  })

  it('verify names each bad and missing file and its pieces', async () => {
    const [found] = (await bench.run(['verify', 'data.torrent', 'damaged', '--json'])).json()
    expect(found).toMatchObject({
      whole: false,
      pieceCount: 6,
      goodPieces: 1,
      files: [
        { path: 'data/a.bin', problem: 'short', pieces: [[1, 3]] },
        { path: 'data/empty', problem: 'missing', pieces: [] },
        { path: 'data/sub/b.bin', problem: 'missing', pieces: [[3, 5]] },
      ],
    })
  })

  it('create makes the same bytes twice without date and program, and prints them with -o -', async () => {
    const args = ['create', 'data', '--no-date', '--no-created-by', '-o', '-', '--progress', 'none']
    const [one, two] = [await bench.run(args), await bench.run(args)]
    expect(one.code).toBe(0)
    expect(one.stdout).toMatch(/^d4:infod5:files/)
    expect(two.stdout).toBe(one.stdout)
  })

  it('create --dry-run writes nothing', async () => {
    expect((await bench.run(['create', 'data', '-o', 'never.torrent', '--dry-run'])).code).toBe(0)
    expect(existsSync(bench.path('never.torrent'))).toBe(false)
  })

  it('edit changes trackers and comment and keeps the info-hash', async () => {
    copyFileSync(bench.path('data.torrent'), bench.path('edited.torrent'))
    const [before] = (await bench.run(['show', 'edited.torrent', '--json'])).json()
    const args = ['edit', 'edited.torrent', '--tracker', 'http://a.test/x,udp://b.test:1', '--comment', 'new']
    expect((await bench.run(args)).code).toBe(0)
    const [after] = (await bench.run(['show', 'edited.torrent', '--json'])).json()
    expect(after).toMatchObject({ trackers: [['http://a.test/x', 'udp://b.test:1']], comment: 'new' })
    expect(after?.['infoHash']).toBe(before?.['infoHash'])
    expect((await bench.run(['edit', 'edited.torrent', '--remove-tracker', 'udp://b.test:1'])).code).toBe(0)
    const [third] = (await bench.run(['show', 'edited.torrent', '--json'])).json()
    expect(third).toMatchObject({ trackers: [['http://a.test/x']] })
    expect(
      (await bench.run(['edit', 'edited.torrent', '--private', '--force', '--json'])).json()[0]?.['infoHash'],
    ).not.toBe(before?.['infoHash'])
  })

  it('magnet prints a link', async () => {
    const { stdout } = await bench.run(['magnet', 'data.torrent'])
    expect(stdout).toMatch(/^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=data&xl=170000\n$/)
  })

  it('--list prints the files and stops', async () => {
    const { code, stdout } = await bench.run(['data.torrent', '--list'])
    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(4)
    expect(stdout).toMatch(/^1 .*data\/a\.bin\n2 .*data\/empty\n3 .*data\/sub\/b\.bin\n$/)
  })

  it.each(['bash', 'zsh', 'fish'])('completion for %s knows the verbs', async (shell) => {
    const { code, stdout } = await bench.run(['completion', shell])
    expect(code).toBe(0)
    for (const word of ['download', 'verify', 'tracker', 'stall-timeout', 'auto bar plain none'])
      expect(stdout).toContain(word)
  })

  it('a log file gets lines of JSON', async () => {
    expect((await bench.run(['plugins', '--log-file', 'run.log', '-vv'])).code).toBe(0)
    expect(existsSync(bench.path('run.log'))).toBe(true)
    expect((await bench.run(['plugins', '--log-file', 'no/run.log'])).code).toBe(16)
  })

  it('environment and configuration reach the verbs', async () => {
    writeFileSync(bench.path('set.json'), '{"limitDown":"oops"}')
    expect((await bench.run(['data.torrent', '--list', '--config', 'set.json'])).stderr).toMatch(
      /set\.json:1: limitDown: "oops" is no size/,
    )
    expect((await bench.run(['data.torrent', '--list'], { env: { BITLOOM_TIMEOUT: 'x' } })).stderr).toMatch(
      /^error: BITLOOM_TIMEOUT/,
    )
  })

  it('config print tells what is set and where, as a configuration that can be used again', async () => {
    writeFileSync(bench.path('own.json'), '{\n  "limitUp": "1M",\n  "options": { "storage-fs": { "sparse": true } }\n}')
    const args = ['config', 'print', '--config', 'own.json', '--max-peers', '7']
    const env = { BITLOOM_NO_TRACKERS: '1' }
    const { stdout } = await bench.run([...args, '--origin'], { env })
    expect(stdout).toMatch(/^limitUp +"1M" +\S+own\.json:2$/m)
    expect(stdout).toMatch(/^maxPeers +"7" +--max-peers$/m)
    expect(stdout).toMatch(/^trackers +false +BITLOOM_NO_TRACKERS$/m)
    expect(stdout).toMatch(/^limitDown +- +default$/m)
    expect(stdout).toMatch(/^options\.storage-fs\.sparse +true +\S+own\.json:3$/m)
    const printed = await bench.run([...args, '--json'], { env })
    writeFileSync(bench.path('again.json'), printed.stdout)
    const again = await bench.run(['config', '--config', 'again.json', '--json'])
    expect(again.json()).toEqual(printed.json())
    expect(printed.json()[0]).toMatchObject({ limitUp: '1M', maxPeers: '7', trackers: false })
  })

  it('of flag, environment, nearer and own file the strongest that names a setting decides', async () => {
    const cwd = bench.path('nearer')
    const xdg = bench.path('xdg')
    for (const folder of [cwd, `${xdg}/bitloom`]) mkdirSync(folder, { recursive: true })
    writeFileSync(`${xdg}/bitloom/config.json`, '{"halfOpen": 1, "maxPeers": 1, "limitUp": 1, "ratio": 1}')
    writeFileSync(`${cwd}/bitloom.config.json`, '{"halfOpen": 2, "maxPeers": 2, "limitUp": 2}')
    const env = { XDG_CONFIG_HOME: xdg, BITLOOM_HALF_OPEN: '3', BITLOOM_MAX_PEERS: '3' }
    const { stdout } = await bench.run(['config', 'print', '--half-open', '4', '--origin', '--json'], { cwd, env })
    const found = JSON.parse(stdout) as Record<string, { value: unknown; origins: [{ kind: string; path?: string }] }>
    const told = (key: string) => [found[key]?.value, found[key]?.origins[0].kind, found[key]?.origins[0].path]
    expect(told('halfOpen')).toEqual(['4', 'flag', undefined])
    expect(told('maxPeers')).toEqual(['3', 'environment', undefined])
    expect(told('limitUp')).toEqual([2, 'file', `${cwd}/bitloom.config.json`])
    expect(told('ratio')).toEqual([1, 'file', `${xdg}/bitloom/config.json`])
    expect(told('time')).toEqual([null, 'default', undefined])
  })

  it('config validate tells all that is wrong, plugins included, and ends with 28', async () => {
    writeFileSync(bench.path('wrong.json'), '{\n  "limitUpp": "1M",\n  "check": "some"\n}')
    const wrong = await bench.run(['config', 'validate', '--config', 'wrong.json', '--ratio', 'x'])
    expect(wrong.code).toBe(28)
    expect(wrong.stdout.split('\n').map((line) => line.replace(bench.folder, ''))).toEqual([
      '/wrong.json:2: "limitUpp" is no setting; did you mean "limitUp"?',
      '/wrong.json:3: check: expected one of trust, sample, full, not "some"',
      '--ratio: "x" is no ratio: write such as 1.5',
      '',
    ])
    expect((await bench.run(['config', 'print', '--config', 'wrong.json'])).code).toBe(28)
    const plugin = await bench.run(['config', 'validate', '--set', 'nobody.key=1'])
    expect(plugin).toMatchObject({
      code: 28,
      stderr: expect.stringContaining('--set nobody.key=1: no plugin') as string,
    })
    expect((await bench.run(['config', 'validate'])).code).toBe(0)
  })

  it('data of --incomplete-directory moves to the output folder when it is whole', async () => {
    writeFileSync(bench.path('one'), 'whole')
    await bench.run(['create', 'one', '--no-date'])
    const seed = bench.start(['seed', 'one.torrent', '.', '--listen', '127.0.0.1:0', '--json'])
    const { addresses } = (await seed.event('listening')) as { addresses: { port: number }[] }
    const peer = `127.0.0.1:${addresses[0]?.port}`
    const folders = ['-o', 'whole', '--incomplete-directory', 'parts', '--state-dir', 'other-state']
    const { code } = await bench.run(['one.torrent', '--peer', peer, '--listen', '127.0.0.1:0', ...folders])
    expect(code).toBe(0)
    expect(readFileSync(bench.path('whole/one'), 'utf8')).toBe('whole')
    expect(readdirSync(bench.path('parts'))).toEqual([])
    seed.child.kill('SIGINT')
    await seed.ended
  })
})
