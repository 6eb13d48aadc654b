import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const bench = fileURLToPath(new URL('../../packages/bench/dist/src/main.js', import.meta.url))
const committed = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../packages/bench/ratios.json', import.meta.url)), 'utf8'),
) as Record<string, number>

function start(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'result.json')
  const child = spawn(process.execPath, [bench, '--smoke', '--folder', folder, '--json', json, ...args])
  const output = { text: '', errors: '' }
  child.stdout.on('data', (data: Buffer) => (output.text += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output.errors += data.toString()))
  return { child, folder, json, output }
}

it('measures every stage that has a committed ratio, and leaves nothing behind', async () => {
  const { child, folder, json, output } = start('--only', 'stages')
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(output.errors)
  const { stages } = JSON.parse(readFileSync(json, 'utf8')) as { stages: { name: string; ratio: number }[] }
  expect(stages.map(({ name }) => name).toSorted()).toEqual(Object.keys(committed).toSorted())
  for (const { name, ratio } of stages) {
    expect({ name, isMeasured: ratio > 0 && output.text.includes(name) }).toEqual({ name, isMeasured: true })
  }
  expect(readdirSync(folder)).toEqual(['result.json'])
})

it('stops at a signal within a stage, and removes its files', async () => {
  const { child, folder, output } = start('--only', 'stages')
  await new Promise((resolve) => child.stderr.once('data', resolve))
  child.kill('SIGINT')
  const [code] = (await once(child, 'close')) as [number]
  expect({ code, errors: output.errors }).toMatchObject({ code: 130 })
  expect(readdirSync(folder)).toEqual([])
})
