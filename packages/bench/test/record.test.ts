import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { machineFacts } from '../src/machine.js'
import { openRecord } from '../src/record.js'

function resultFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-bench-record-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'result.json')
}

const scale = { starts: [{ node: '20.20.2', firstDialMs: 150, bareMs: 50 }] }
const facts = { ...machineFacts(['--size', '4G'], '/dev/shm'), date: '2026-11-27' }

it('keeps what was measured, for a run of the same command that goes on', () => {
  const path = resultFile()
  const first = openRecord(facts, path, true)
  first.results.scale = scale
  first.results.failed = ['stages failed: no memory']
  first.save()
  expect(readdirSync(join(path, '..'))).toEqual(['result.json'])
  const second = openRecord({ ...facts, date: '2026-11-28' }, path, true)
  expect(second.results).toEqual({ facts: { ...facts, date: '2026-11-27 to 2026-11-28' }, scale })
})

it('begins anew without the wish to go on, and refuses what is of another run', () => {
  const path = resultFile()
  openRecord({ ...facts }, path, false).save()
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ facts })
  expect(openRecord(facts, path, false).results).toEqual({ facts })
  expect(() => openRecord({ ...facts, node: 'v99.0.0' }, path, true)).toThrow('its node is')
  expect(openRecord({ ...facts, command: `${facts.command} --minutes 9` }, path, true).results).toBeDefined()
  expect(() => openRecord({ ...facts, command: 'npm run bench' }, path, true)).toThrow('its command is')
})

it('names the command without where its results went and where other versions of Node are', () => {
  const args = ['--resume', '--json', 'result.json', '--write-docs', '--size', '4G', '--node', '/a/node']
  expect(machineFacts(args, '/dev/shm').command).toBe('npm run bench -- --size 4G --node PATH')
})
