import { defaultServerConditions } from 'vite'
import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests see the sources of every package (the condition "@bitloom/source"), users see dist.
const shared = {
  ssr: { resolve: { conditions: ['@bitloom/source', ...defaultServerConditions] } },
  oxc: { decorator: { legacy: true } },
}

const packages = readdirSync(new URL('packages', import.meta.url))

export default defineConfig({
  ...shared,
  test: {
    projects: packages.map((name) => ({
      ...shared,
      root: new URL(`packages/${name}`, import.meta.url).pathname,
      test: { name, include: ['test/**/*.test.ts'], testTimeout: 30_000 },
    })),
  },
})
