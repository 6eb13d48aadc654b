import * as z from 'zod'

/** Options of the plugin. Exactly one of the three keys is given. */
export const optionsSchema = z
  .strictObject({
    key: z.string().optional().describe('The key: 32 bytes as 64 hex digits or in base64'),
    keyFile: z.string().min(1).optional().describe('A file with the key: 32 bytes, or their text'),
    keyEnv: z.string().min(1).optional().describe('The environment variable that has the key'),
    keyCheck: z
      .string()
      .regex(/^[0-9a-f]{8}$/i, 'expected 8 hex digits')
      .optional()
      .describe('What the log calls the check of the key: any other key is refused'),
    inner: z
      .string()
      .min(1)
      .optional()
      .describe('The storage that keeps the encrypted bytes; default: the first other one'),
  })
  .superRefine(({ key, keyFile, keyEnv, inner }, context) => {
    const given = [key, keyFile, keyEnv].filter((source) => source !== undefined)
    if (given.length !== 1) context.addIssue({ code: 'custom', message: 'give one of key, keyFile and keyEnv' })
    if (inner === 'encrypted') context.addIssue({ code: 'custom', message: 'it cannot be its own', path: ['inner'] })
  })

/** What may be given. */
export type StorageEncryptedOptions = z.input<typeof optionsSchema>
