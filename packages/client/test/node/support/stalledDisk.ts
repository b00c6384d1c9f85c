/** A disk that does not respond: asynchronous file operations of this process wait until it does. */
import { execFileSync } from "node:child_process"
import { closeSync, constants, openSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { folder } from "./files.ts"

const threads = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4)

/** Every thread for file operations opens a pipe that no process writes, until `respond`, or the scope closes. */
export const stalledDisk = Effect.gen(function* () {
  const root = yield* folder
  const pipes = Array.from({ length: threads }, (_, i) => join(root, `pipe${i}`))
  execFileSync("mkfifo", pipes)
  return yield* Effect.acquireRelease(
    Effect.sync(() => {
      const opened = pipes.map((path) => open(path, "r").then((file) => file.close()))
      let isOver = false
      const respond = Effect.promise(async () => {
        if (isOver) return
        isOver = true
        const writers = pipes.map((path) => openSync(path, constants.O_RDWR))
        await Promise.all(opened)
        for (const writer of writers) closeSync(writer)
      })
      return { respond }
    }),
    ({ respond }) => respond
  )
})
