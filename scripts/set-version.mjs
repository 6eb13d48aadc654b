// Run by `lerna version`: the version that peers and trackers are told follows the packages' own.
import { readFileSync, writeFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync(new URL('../lerna.json', import.meta.url), 'utf8'))
const file = new URL('../packages/core/src/session/version.ts', import.meta.url)
writeFileSync(file, readFileSync(file, 'utf8').replace(/'[^']*'/, `'${version}'`))
