import { PluginError } from '../bytes/errors.js'

/** A failure in a step of a plugin's life, as PLUGIN_FAILED naming both; a PluginError names its plugin already. */
export function pluginFault(plugin: string, step: string, cause: unknown, did = `failed in ${step}`): PluginError {
  if (cause instanceof PluginError) return cause
  // inversify explains itself over many lines; the first says it.
  const [what = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)
  return new PluginError('PLUGIN_FAILED', `the plugin ${plugin} ${did}: ${what}`, { plugin, hook: step, cause })
}
