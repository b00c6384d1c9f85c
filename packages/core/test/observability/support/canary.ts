/** A key and a prompt that must not be in any line, and errors that contain them. */
import { ServerError } from "../../../src/errors/ProviderErrors.ts"
import { Cause, Data, Effect, Exit, Option, Result, Schema } from "effect"

export const key = "sk-canary-4be91c07d2f35a68"
/** A key that does not look like one. */
export const formless = "canary4be91c07d2f35a68"
export const prompt = "canary prompt: the launch code is nightingale"
const canaries = ["4be91c07", "canary prompt", "nightingale"]

export const canaryIn = (text: string): string | undefined => canaries.find((canary) => text.includes(canary))

class Tagged extends Data.TaggedError("Tagged")<{ readonly prompt: string; readonly message: string }> {}

const schemaError = (): unknown =>
  Exit.match(Effect.runSyncExit(Schema.decodeUnknownEffect(Schema.Finite)(prompt)), {
    onSuccess: () => undefined,
    onFailure: Cause.squash
  })

const parserError = (): unknown => {
  try {
    return JSON.parse(prompt)
  } catch (error) {
    return error
  }
}

const nested = (depth: number): Error =>
  new Error(`level ${depth}: ${prompt}`, { cause: depth === 0 ? prompt : nested(depth - 1) })

const circular = (): Error => {
  const error = new Error(prompt)
  error.cause = new Error(prompt, { cause: error })
  return error
}

const throwing = (): Error =>
  Object.defineProperties(new Error(prompt), {
    message: {
      get: () => {
        throw new Error(prompt)
      }
    },
    name: { get: () => prompt }
  })

const renamed = (): Error => Object.assign(new Error(prompt), { name: prompt, code: prompt })
/** An error whose stack was written before its message was changed. */
const changedFrom = (message: string): Error => {
  const error = new Error(message)
  return error.stack === undefined ? error : Object.assign(error, { message: "harmless" })
}
const changed = (): Error => changedFrom(prompt)
const lines = (): Error => new Error(`first\n    at /${prompt}:1:1\n    at x (/${prompt}:1:1)`)
const changedLines = (): Error =>
  changedFrom(`first
    at x (/${prompt}:1:1)`)
const withJson = (): Error => Object.assign(new Error(prompt), { toJSON: () => ({ quoted: prompt }) })

/** Errors, failures and causes that quote the prompt, and one that contains the key. */
export const failures: ReadonlyArray<readonly [string, () => unknown]> = [
  ["a text", () => prompt],
  ["an object", () => ({ _tag: prompt, quoted: prompt })],
  ["an array", () => [prompt]],
  ["an error", () => new Error(prompt)],
  ["nested errors", () => nested(20)],
  ["a cycle of errors", circular],
  ["many errors", () => new AggregateError([nested(2), prompt, { prompt }], prompt)],
  ["a tagged error", () => new Tagged({ prompt, message: prompt })],
  ["a schema's error", schemaError],
  ["a parser's error", parserError],
  ["an error whose getters throw", throwing],
  ["an error named after the prompt", renamed],
  ["an error whose message was changed", changed],
  ["an error whose message looks like a stack", lines],
  ["an error whose message was changed and looked like a stack", changedLines],
  ["an error with a custom toJSON", withJson],
  ["an exit", () => Exit.fail(prompt)],
  ["an exit with a defect", () => Exit.die(new Error(prompt))],
  ["a result", () => Result.fail(prompt)],
  ["a cause", () => Cause.combine(Cause.fail(prompt), Cause.die(nested(3)))],
  ["a cause in an option", () => Option.some(Cause.fail(prompt))],
  [
    "an error of the library",
    () => new ServerError({ message: `Authorization: Bearer ${key}; key ${key}; ${formless}` })
  ],
  [
    "an error of the library with a part of the answer",
    () =>
      new ServerError({
        message: "it broke",
        partial: { content: prompt, reasoning_content: prompt, tool_calls: [{ id: "1", name: "x", arguments: prompt }] }
      })
  ]
]
