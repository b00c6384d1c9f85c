/** Real volumes that are small or read-only. They need the rights to mount. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

const run = (command: string, ...args: ReadonlyArray<string>): boolean => {
  try {
    execFileSync(command, args, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

const mount = (kilobytes: number, path: string): boolean =>
  process.platform === "linux" && run("mount", "-t", "tmpfs", "-o", `size=${kilobytes}k,mode=700`, "tmpfs", path)

const unmount = (path: string): void => {
  run("umount", "-l", path)
  rmdirSync(path)
}

/** Whether this process may mount. */
export const canMount: boolean = (() => {
  const path = mkdtempSync(join(tmpdir(), "kimi-effect-mount-"))
  const isMounted = mount(64, path)
  if (isMounted) unmount(path)
  else rmdirSync(path)
  return isMounted
})()

const ballast = (path: string): string => join(path, "ballast")

/** A volume of some size, until the scope closes. */
export const volume = (kilobytes: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "kimi-effect-volume-"))
      mount(kilobytes, path)
      return {
        path,
        /** Fills it completely. */
        fill: () => {
          try {
            writeFileSync(ballast(path), "")
            for (;;) writeFileSync(ballast(path), Buffer.alloc(1_024, 1), { flag: "a" })
          } catch {
            // It is full.
          }
        },
        /** Removes what `fill` wrote. */
        clear: () => rmSync(ballast(path), { force: true }),
        readOnly: () => void run("mount", "-o", "remount,ro", path),
        writable: () => void run("mount", "-o", "remount,rw", path)
      }
    }),
    ({ path }) => Effect.sync(() => unmount(path))
  )
