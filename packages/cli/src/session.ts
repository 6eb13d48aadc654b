import { chokers } from '@bitloom/chokers'
import {
  Choker,
  Logger,
  PeerExtension,
  PiecePicker,
  type Plugin,
  type PluginHost,
  type Session,
  type SessionOptions,
  Storage,
  createSession,
  pluginContract,
} from '@bitloom/core'
import { nodePorts } from '@bitloom/core/node'
import { extMetadata } from '@bitloom/ext-metadata'
import { extPex } from '@bitloom/ext-pex'
import { piecePicker } from '@bitloom/piece-picker'
import { resumeFs } from '@bitloom/resume-fs'
import { storageFs } from '@bitloom/storage-fs'
import { storageMemory } from '@bitloom/storage-memory'
import { trackerHttp } from '@bitloom/tracker-http'
import { trackerUdp } from '@bitloom/tracker-udp'
import { CliError } from './exit-codes.js'
import { type AnyFactory, loadPlugin, makePlugin } from './plugin-loader.js'
import type { Runtime } from './runtime.js'
import { type Origin, originText } from './settings/origin.js'
import type { PluginSetting } from './settings/plugin-settings.js'

/** The plugins that come with the command line, in order: the first binding of a port is the default. */
export function builtInFactories(): AnyFactory[] {
  return [
    trackerHttp,
    trackerUdp,
    storageFs,
    storageMemory,
    resumeFs,
    piecePicker,
    chokers,
    extMetadata,
    extPex,
  ] as unknown as AnyFactory[]
}

/** Records live in the state folder; each is locked by the verb that runs its torrent. */
function recordSettings({ stateDir }: Runtime): PluginSetting[] {
  const values = { directory: stateDir, lock: 'records' }
  const origin: Origin = { kind: 'default' }
  return Object.entries(values).map(([key, value]) => ({
    plugin: resumeFs.plugin.name,
    keys: [key],
    value,
    origin,
  }))
}

/** A session, and the host of a private plugin through which the command line reaches the services. */
export interface OpenSession {
  readonly session: Session
  readonly host: PluginHost
  /** The factories behind the plugins, for their cards. */
  readonly factories: readonly AnyFactory[]
}

/**
 * Makes a session of the built-in plugins and those of `--plugin`, without those of `--no-plugin`. A `forgetful` one keeps
 * no records.
 * @throws PluginError, CliError USAGE (a setting or `--no-plugin` for a plugin that is not there), BitloomError ADDRESS_IN_USE
 */
export async function openSession(
  runtime: Runtime,
  options: Pick<SessionOptions, 'limits' | 'listen'> & { readonly forgetful?: boolean } = {},
): Promise<OpenSession> {
  const { forgetful = false, ...sessionOptions } = options
  const all = await chooseFactories(runtime)
  const factories = forgetful ? all.filter((make) => make.plugin.name !== resumeFs.plugin.name) : all
  const settings = [...recordSettings(runtime), ...runtime.settings]
  const captured: { host?: PluginHost } = {}
  const session = await createSession({
    ...sessionOptions,
    plugins: [nodePorts(), commandLine(runtime, captured), ...factories.map((make) => makePlugin(make, settings))],
  })
  if (captured.host === undefined) throw new CliError('OTHER', 'The session did not start its plugins')
  return { session, host: captured.host, factories }
}

async function chooseFactories(runtime: Runtime): Promise<AnyFactory[]> {
  const loaded = await Promise.all(runtime.plugins.map((spec) => loadPlugin(spec, runtime.cwd)))
  const all = [...builtInFactories(), ...loaded]
  const names = new Set(all.map((make) => make.plugin.name))
  for (const name of runtime.withoutPlugins) {
    if (!names.has(name)) throw new CliError('USAGE', `--no-plugin ${name}: ${knownNames(names)}`)
  }
  for (const { plugin, origin } of runtime.settings) {
    if (names.has(plugin)) continue
    throw new CliError('USAGE', `${originText(origin)}: no plugin is called "${plugin}"; ${knownNames(names)}`)
  }
  return all.filter((make) => !runtime.withoutPlugins.includes(make.plugin.name))
}

const knownNames = (names: ReadonlySet<string>): string => `there are ${[...names].join(', ')}`

/** Binds the log and keeps the host: the intended way to reach services from outside. */
function commandLine(runtime: Runtime, captured: { host?: PluginHost }): Plugin {
  return {
    name: 'cli',
    contract: pluginContract,
    bind: (bindings) => bindings.value(Logger, runtime.log),
    apply: (host) => void (captured.host = host),
  }
}

/** Checks that magnet links can be downloaded. @throws CliError MAGNET_UNSUPPORTED */
export function checkMagnets(host: PluginHost, names: readonly string[]): void {
  const [first] = names
  if (first === undefined || host.all(PeerExtension).some(({ name }) => name === 'ut_metadata')) return
  const message = `${first} needs a plugin for metadata, such as ext-metadata: load it, or give the .torrent file`
  throw new CliError('MAGNET_UNSUPPORTED', message)
}

/** Checks the names of strategies before anything starts. @throws CliError USAGE listing those there are */
export function checkStrategies(
  host: PluginHost,
  chosen: {
    readonly picker?: string | undefined
    readonly choker?: string | undefined
    readonly storage?: string | undefined
  },
): void {
  const ports = { picker: PiecePicker, choker: Choker, storage: Storage } as const
  for (const key of ['picker', 'choker', 'storage'] as const) {
    const names = host.all<{ readonly name: string }>(ports[key]).map(({ name }) => name)
    const name = chosen[key]
    if (name !== undefined && !names.includes(name)) {
      throw new CliError('USAGE', `--${key} ${name}: there is no such ${key}; there are ${names.join(', ')}`)
    }
  }
}
