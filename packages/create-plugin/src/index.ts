/**
 * Makes a Bitloom plugin with tests. The command is `npm create @bitloom/plugin`; this is the same for programs.
 *
 * @example
 * ```ts
 * await createPlugin({ folder: 'plugins/my-picker', name: 'my-picker', kind: 'picker' })
 * ```
 */
export { type CreateOptions, createPlugin } from './create-plugin.js'
export { type Kind, kindNames } from './kinds.js'
export { CreateError } from './names.js'
