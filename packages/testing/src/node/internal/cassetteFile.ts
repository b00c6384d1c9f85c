/** Reads and replaces the file of a cassette. */
import { randomUUID } from "node:crypto"
import { chmod, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { createFolder } from "@kimi-effect/client/internal/createFolder"
import * as Effect from "effect/Effect"
import { CassetteStoreError } from "../../CassetteErrors.ts"
import * as StaleLock from "./staleLock.ts"

type Operation = CassetteStoreError["operation"]

/** Letters, digits, `.`, `_` and `-` in folders: a name cannot leave the folder of the store on any system. */
const isName = (name: string): boolean => /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(name)

const pathOf = (folder: string, name: string): string => join(folder, `${name}.json`)

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

const failure =
  (cassette: string, operation: Operation, path: string) =>
  (cause: unknown): CassetteStoreError =>
    cause instanceof CassetteStoreError
      ? cause
      : new CassetteStoreError({
          message: `The file ${path} could not be ${operation === "read" ? "read" : "written"}: ${String(
            codeOf(cause) ?? cause
          )}`,
          cassette,
          operation
        })

const readText = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((cause: unknown) => (codeOf(cause) === "ENOENT" ? undefined : Promise.reject(cause)))

const checkName = (name: string, operation: Operation): Effect.Effect<void, CassetteStoreError> =>
  isName(name)
    ? Effect.void
    : Effect.fail(
        new CassetteStoreError({
          message:
            `${JSON.stringify(name.slice(0, 100))} cannot be the name of a cassette: use letters, digits, ".", "_" ` +
            'and "-", with "/" between folders',
          cassette: name,
          operation
        })
      )

/** The text of a cassette, or `undefined` when it has no file. */
export const read = (folder: string, name: string): Effect.Effect<string | undefined, CassetteStoreError> =>
  Effect.andThen(
    checkName(name, "read"),
    Effect.tryPromise({
      try: () => readText(pathOf(folder, name)),
      catch: failure(name, "read", pathOf(folder, name))
    })
  )

const lockTimeoutMillis = 10_000
const lockRetryMillis = 10

const acquireLock = async (cassette: string, lock: string, signal: AbortSignal): Promise<void> => {
  const startedAt = performance.now()
  while (true) {
    try {
      return await writeFile(lock, `${process.pid}`, { flag: "wx", mode: 0o600 })
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cause
    }
    if (performance.now() - startedAt > lockTimeoutMillis) {
      throw new CassetteStoreError({
        message: `The file ${lock} locks the cassette: wait for the other process, or delete the file if none runs`,
        cassette,
        operation: "write"
      })
    }
    await StaleLock.removeIfStale(lock).catch(() => undefined)
    await delay(lockRetryMillis, undefined, { signal })
  }
}

/** Readers see the old text or the new one, also when this process is killed. */
const replace = async (path: string, text: string): Promise<void> => {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, text, { flag: "wx", mode: 0o600 })
    const mode = await stat(path).then(
      ({ mode }) => mode & 0o777,
      () => undefined
    )
    if (mode !== undefined) await chmod(temporary, mode)
    await rename(temporary, path)
  } catch (cause) {
    await unlink(temporary).catch(() => undefined)
    throw cause
  }
}

/** Replaces the text while no other process or fiber does. */
export const update = <E>(
  folder: string,
  name: string,
  change: (current: string | undefined) => Effect.Effect<string, E>
): Effect.Effect<void, E | CassetteStoreError> => {
  const path = pathOf(folder, name)
  const lock = `${path}.lock`
  const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, CassetteStoreError> =>
    Effect.tryPromise({ try: run, catch: failure(name, "write", path) })
  const locked = Effect.acquireUseRelease(
    attempt(async (signal) => {
      // Cassettes are files of a repository, which others read too.
      await createFolder(dirname(path), 0o777)
      await acquireLock(name, lock, signal)
    }),
    () =>
      attempt(() => readText(path)).pipe(
        Effect.flatMap((current) =>
          Effect.flatMap(change(current), (text) =>
            text === current ? Effect.void : attempt(() => replace(path, text))
          )
        )
      ),
    () => Effect.promise(() => rm(lock, { force: true }))
  )
  return Effect.andThen(checkName(name, "write"), locked)
}
