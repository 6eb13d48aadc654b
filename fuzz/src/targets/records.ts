import { decode, type Dict, encode, type Encodable, ResumeError } from '@bitloom/core'
import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { parseListLine } from '../../../packages/admission/src/list-format.js'
import { CliError } from '../../../packages/cli/src/exit-codes.js'
import { parseConfig } from '../../../packages/cli/src/settings/config-file.js'
import { environmentLayer, misspeltVariables } from '../../../packages/cli/src/settings/environment.js'
import { resolveSettings } from '../../../packages/cli/src/settings/resolve.js'
import { allSettings } from '../../../packages/cli/src/settings/schema.js'
import { formatRecord, parseRecord } from '../../../packages/resume-fs/src/protocol.js'
import { makeRecord } from '../../../packages/resume-fs/test/records.js'
import { mutatedBytes, mutatedText, mutatedValues } from '../mutations.js'
import { ensure, target, unless } from '../target.js'

const record = formatRecord(makeRecord().record)
const body = (decode(record) as Dict).get('record') as Uint8Array
const fields = ['info hash', 'name', 'trackers', 'state', 'have', 'partial', 'files', 'limits', 'forced', 'uploaded']

/** A record whose checksum is right, whatever is in it. */
function sealed(content: Uint8Array): Uint8Array {
  const checksum = createHash('sha256').update('bitloom resume 1\n').update(content).digest()
  const outer: [string, Encodable][] = [
    ['version', 1],
    ['checksum', new Uint8Array(checksum)],
    ['record', content],
  ]
  return encode(new Map(outer))
}

const recordInput = fc.oneof(
  mutatedBytes([record], ['i1e', '0:', 'de', '7:version', '8:checksum']),
  mutatedBytes([body], ['i1e', 'i-1e', '0:', 'de', 'le', '5:state']).map(sealed),
  mutatedValues([decode(body)], fields).map(sealed),
)
export const resumeRecord = target('resume-record', recordInput, (bytes) => {
  const read = unless(
    (error) => error instanceof ResumeError,
    () => parseRecord(bytes),
  )
  if (read === undefined) return
  const written = formatRecord(read)
  ensure(Buffer.from(formatRecord(parseRecord(written))).equals(written), 'what is written is read again')
})

const settingNames = Object.keys(allSettings)
const configs = [
  '{\n  // what it is\n  "limitDown": "2M", "maxPeers": 50, "listen": "127.0.0.1:6881",\n  "seed": "1.5", "trackers": false\n}',
  '{ "plugin": ["./a.js", "b"], "options": { "storage-fs": { "maxOpenFiles": 64 } }, "peer": "10.0.0.1:1,[::1]:2" }',
]
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom('', '-1', '1e9', '2M', 'unlimited', '0:0', '~/'),
)
const configInput = fc.record({
  text: fc.oneof(
    mutatedText(configs, ['{', '}', '[', ']', ':', ',', '"', '//', '/*', 'null', '1e999', '"__proto__":', '\\u0000']),
    fc
      .dictionary(fc.constantFrom(...settingNames, 'options', '__proto__'), anyValue, { maxKeys: 4 })
      .map((it) => JSON.stringify(it)),
  ),
  variable: fc.constantFrom(
    'BITLOOM_MAX_PEERS',
    'BITLOOM_NO_TRACKERS',
    'BITLOOM_LISTEN',
    'BITLOOM_MAXPEERS',
    'BITLOOM_',
  ),
  value: fc.string({ maxLength: 8 }),
})
export const config = target('config', configInput, async ({ text, variable, value }) => {
  const file = await parseConfig(text, '/home/bitloom.config.json').catch((error: unknown) => {
    if (error instanceof CliError) return undefined
    throw error
  })
  const env = { [variable]: value }
  const layers = [environmentLayer(allSettings, env), ...(file === undefined ? [] : [file.layer])]
  const { settings, problems } = resolveSettings(allSettings, layers)
  ensure(settings.size === settingNames.length, 'each setting has a value')
  for (const { message } of [...problems, ...misspeltVariables(env)]) ensure(message !== '', 'a problem has a sentence')
})

const lines = ['Name of it:1.2.3.4-1.2.3.5', '1.2.3.4 - 1.2.3.5 , 100 , name', '10.0.0.0/8', '2001:db8::/32', '# no']
export const listLine = target('list-line', mutatedText(lines, ['-', '/', ':', '::', ',', '.', '129', '#']), (line) => {
  const read = parseListLine(line)
  if (typeof read === 'string') return
  ensure(read.start.length === read.end.length, 'a range is of one family')
  const first = [...read.start].findIndex((word, at) => word !== read.end[at])
  ensure(first < 0 || (read.start[first] ?? 0) < (read.end[first] ?? 0), 'a range goes upwards')
})
