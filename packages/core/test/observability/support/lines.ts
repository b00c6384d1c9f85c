/** Captures the log of programs, line by line. */
import { assert } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import * as Logging from "../../../src/observability/Logging.ts"

/** Parses a line, and asserts that it is a single line of JSON. */
export const parse = (line: string): Record<string, unknown> => {
  // Includes line separators that JSON permits.
  assert.notMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u)
  assert.isTrue(line.isWellFormed())
  const parsed: unknown = JSON.parse(line)
  assert.isTrue(typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
  return parsed as Record<string, unknown>
}

/** Runs a program at the lowest log level and returns its lines. */
export const linesOf = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: Logging.FormatOptions = {},
  format: "json" | "pretty" = "json"
): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logging.make(format, { ...options, write: (line) => void lines.push(line) })
    return program.pipe(
      Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.as(lines)
    )
  })

/** The only line of a program, parsed. */
export const lineOf = <A, E, R>(program: Effect.Effect<A, E, R>, options: Logging.FormatOptions = {}) =>
  Effect.map(linesOf(program, options), (lines) => {
    assert.strictEqual(lines.length, 1)
    return parse(lines[0] ?? "")
  })
