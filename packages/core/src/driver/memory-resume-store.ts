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

function copyOf<R extends ResumeRecord | undefined>(record: R): R {
  if (record === undefined) return record
  const { v1, v2 } = record.infoHashes
  const infoHashes = { ...(v1 && { v1: v1.slice() }), ...(v2 && { v2: v2.slice() }) }
  return { ...record, infoHashes, have: record.have.slice() }
}
