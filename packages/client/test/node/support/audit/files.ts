/** The contents of audit files. */
import { existsSync, readFileSync } from "node:fs"
import { Effect, Option, Schema } from "effect"
import { listRotated } from "../../../../src/node/internal/RotatingFile.ts"

const AuditLine = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

export const textsIn = (path: string): ReadonlyArray<string> =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((text) => text !== "")
    : []

/** The lines of one file, each of which must be JSON. */
export const linesIn = (path: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  textsIn(path).map((text) => Schema.decodeUnknownSync(AuditLine)(text))

/** The jobs that lines are of. */
export const jobsOf = (lines: ReadonlyArray<Readonly<Record<string, unknown>>>) => lines.map((line) => line["job"])

/** All files, the oldest first. */
export const filesOf = (path: string) =>
  Effect.map(
    Effect.promise(() => listRotated(path)),
    (aside) => [...aside, path]
  )

/** The lines of all files, the oldest first. */
export const allLines = (path: string) => Effect.map(filesOf(path), (files) => files.flatMap(linesIn))

/** The lines that are whole, where a process was killed. */
export const wholeLines = (path: string) =>
  Effect.map(filesOf(path), (files) =>
    files.flatMap(textsIn).flatMap((text) => Option.toArray(Schema.decodeUnknownOption(AuditLine)(text)))
  )

/** Waits for a condition in real time, independent of the test clock; `meanwhile` may advance that clock. */
export const until = (condition: () => boolean, meanwhile: Effect.Effect<void> = Effect.void): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (condition()) return Effect.void
    const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
    return Effect.andThen(Effect.andThen(meanwhile, turn), until(condition, meanwhile))
  })
