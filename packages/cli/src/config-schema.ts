import * as z from 'zod'

const text = z.union([z.string(), z.number()])
const list = z.union([z.string(), z.array(z.string())])
const pluginOptions = z.record(z.string(), z.record(z.string(), z.unknown()))

/** What a configuration file may hold: the names of the options in camelCase, and `options` for plugins. */
export const configSchema = z
  .strictObject({
    progress: z.enum(['auto', 'bar', 'plain', 'none']),
    color: z.enum(['auto', 'always', 'never']),
    json: z.boolean(),
    quiet: z.boolean(),
    logFile: z.string(),
    stateDir: z.string(),
    plugin: list,
    noPlugin: list,
    options: pluginOptions,
    output: z.string(),
    listen: text,
    peer: list,
    trackers: z.boolean(),
    sequential: z.boolean(),
    seed: z.union([z.boolean(), text]),
    limitDown: text,
    limitUp: text,
    maxPeers: z.number(),
    timeout: text,
    stallTimeout: text,
    picker: z.string(),
    choker: z.string(),
    storage: z.string(),
    check: z.enum(['trust', 'sample', 'full']),
    ratio: text,
    time: text,
    http: text,
    udp: text,
    allow: z.string(),
    interval: text,
  })
  .partial()

export type Config = z.infer<typeof configSchema>
