/**
 * Where a file is written until it is complete. The names are always the same ones, so that what a
 * killed process has left is replaced by the next one.
 */
import { randomUUID } from "node:crypto"
import * as jobLock from "../jobLock.ts"

export interface Temporary {
  readonly path: string
  /** To be called when the file is complete or removed. */
  readonly release: () => void
}

const release = (): void => {}

/** For a process that holds the lock of the job. */
export const locked = (path: string): Temporary => ({ path: `${path}.new.tmp`, release })

/** Far more processes than write the same file at the same time. */
const maxWriters = 64

/** For one of several processes that write the same file: each has the first name that no other one has locked. */
export const shared = (path: string): Temporary => {
  try {
    for (let count = 1; count <= maxWriters; count += 1) {
      const name = `${path}.new-${count}.tmp`
      const release = jobLock.acquire(`${name}.lock`)
      if (release !== undefined) return { path: name, release }
    }
  } catch {
    // Some volumes that machines share have no locks.
  }
  return { path: `${path}.${randomUUID()}.tmp`, release }
}
