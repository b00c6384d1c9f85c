/** Deletes files of the account. As with `rm`, one that cannot be deleted does not keep the others from being deleted. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { HintedError } from "../hintedError.ts"
import { hintOf, messageOf } from "../hints.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { FilesDeleted } from "../schemas/files.ts"
import { withFiles } from "./files.ts"

interface Input {
  readonly ids: ReadonlyArray<string>
  readonly json: boolean
  readonly options: Given
}

interface Failure {
  readonly id: string
  readonly error: KimiError
}

/** Whether the failure is that of one file. Another one, such as a refused key, is that of the files after it too. */
const isOfFile = ({ category }: KimiError): boolean => category === "validation"

const failure = ([first, ...others]: readonly [Failure, ...ReadonlyArray<Failure>], left: ReadonlyArray<string>) =>
  new HintedError(
    first.error,
    hintOf(first.error, "files"),
    [
      ...[first, ...others].map(({ error, id }) => `${id} was not deleted: ${messageOf(error)}`),
      ...(left.length === 0 ? [] : [`Not tried: ${left.join(", ")}`])
    ].join("\n")
  )

export const remove = Effect.fnUntraced(function* ({ ids, json, options }: Input) {
  const deleted: Array<string> = []
  const failures: Array<Failure> = []
  const left = [...ids]
  yield* withFiles(
    options,
    Effect.fnUntraced(function* (files) {
      for (const id of ids) {
        const result = yield* Effect.result(files.delete(id))
        left.shift()
        if (Result.isSuccess(result)) {
          deleted.push(id)
          continue
        }
        failures.push({ id, error: result.failure })
        if (!isOfFile(result.failure)) return
      }
    })
  )
  const [first, ...others] = failures
  const result: FilesDeleted = {
    deleted,
    failed: failures.map(({ error, id }) => ({ id, tag: error._tag, message: error.message })),
    left
  }
  if (json) yield* Output.json(result)
  else if (deleted.length > 0) yield* Output.line(`Deleted ${deleted.join(", ")}`)
  if (first !== undefined) return yield* Effect.fail(failure([first, ...others], left))
})
