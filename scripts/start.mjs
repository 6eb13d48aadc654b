// `npm start`: sets up what is missing, then runs the demo, or `bitloom` with the arguments given after `--`.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, setUp } from './setup.mjs'

setUp()

const args = process.argv.slice(2)
const binary = join(root, 'packages', 'cli', 'bin', 'bitloom.js')
// npm runs scripts in the folder of package.json; paths in the arguments are meant from where npm was called.
process.chdir(process.env['INIT_CWD'] ?? process.cwd())
process.argv.splice(1, process.argv.length - 1, binary, ...(args.length === 0 ? ['demo'] : args))
await import(pathToFileURL(binary).href)
