import type { ResumeRecord, ResumeStore } from '../ports/resume-store.js'

/** Records for as long as the session lives. */
export function memoryResumeStore(): ResumeStore {
  const records = new Map<string, ResumeRecord>()
  return {
    get: async (key) => records.get(key),
    put: async (key, record) => void records.set(key, record),
    delete: async (key) => void records.delete(key),
    keys: async () => [...records.keys()],
  }
}
