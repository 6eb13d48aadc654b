// The pages of the documentation and their code blocks, for all that reads them.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Every page, relative to the root of the repository. */
export function docPages() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  return ['.', 'docs', ...packages].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder === 'docs' })
      .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
      .map((name) => join(folder, name)),
  )
}

/**
 * The fenced code blocks of a page in order: language, the rest of the info string as `marker`, the line on which the code
 * begins, and the code.
 */
export function blocksOf(text) {
  const blocks = []
  let open
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*(`{3,})(.*)$/.exec(line)
    if (open === undefined && fence !== null) {
      const [language = '', ...marker] = fence[2].trim().split(/\s+/)
      open = { fence: fence[1], language, marker: marker.join(' '), line: index + 2, lines: [] }
    } else if (open !== undefined && fence !== null && fence[1] === open.fence && fence[2].trim() === '') {
      const { fence: _, lines, ...block } = open
      blocks.push({ ...block, code: lines.map((text) => `${text}\n`).join('') })
      open = undefined
    } else {
      open?.lines.push(line)
    }
  }
  return blocks
}
