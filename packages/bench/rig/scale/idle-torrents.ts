// A session with all torrents of a state folder: node idle-torrents.js STATE COUNT
// Prints how many seconds after the start of the program all of them seed; then it idles until it is stopped.
import { createSession } from '@bitloom/core'
import { nodePorts } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { storageFs } from '@bitloom/storage-fs'

const [directory = '', count] = process.argv.slice(2)
const plugins = [nodePorts(), storageFs(), piecePicker(), resumeFs({ directory })]
const session = await createSession({ plugins, listen: { hosts: ['127.0.0.1'], ports: [0] } })
const handles = await session.restore()
await Promise.all(handles.map(({ ready }) => ready))
const seeding = handles.filter(({ view }) => view.state === 'seeding').length
if (seeding !== Number(count)) throw new Error(`${seeding} torrents seed of ${count}`)
console.log(JSON.stringify({ seconds: performance.now() / 1000 }))
