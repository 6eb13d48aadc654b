import type { ResumeRecord, ResumeStore } from '../ports/resume-store.js'

/** Records for as long as the session lives. What is put and got is copied. */
export function memoryResumeStore(): ResumeStore {
  const records = new Map<string, ResumeRecord>()
  return {
    get: async (key) => copyOf(records.get(key)),
    put: async (key, record) => void records.set(key, copyOf(record)),
    delete: async (key) => void records.delete(key),
    keys: async () => [...records.keys()],
  }
}

/** A plain value with all that is in it; of a view into a larger buffer, what it shows. */
function copyOf<T>(value: T): T
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return value.slice()
  if (Array.isArray(value)) return value.map((item: unknown) => copyOf(item))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf<unknown>(item)]))
}
