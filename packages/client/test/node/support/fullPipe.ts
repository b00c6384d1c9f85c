/** A pipe that is full and that no process reads: a write to it waits until `read`. */
import { execFileSync } from "node:child_process"
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs"
import { assert } from "@effect/vitest"

export interface FullPipe {
  /** Makes room, so that a write ends. */
  readonly read: () => void
  /** Closes this end. */
  readonly close: () => void
}

export const fullPipe = (path: string): FullPipe => {
  execFileSync("mkfifo", [path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  assert.throws(() => {
    for (;;) writeSync(pipe, Buffer.alloc(4_096, "\n"))
  }, /EAGAIN/)
  return { read: () => void readSync(pipe, Buffer.alloc(65_536)), close: () => closeSync(pipe) }
}
