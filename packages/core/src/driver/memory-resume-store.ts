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
  return record === undefined ? record : { ...record, have: record.have.slice() }
}
