/** Marks tools whose arguments are decoded by a library of the caller. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** What such a library finds. Its words may repeat a value. */
export interface ValidatorIssue {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

/** Decodes arguments that match the JSON Schema of the tool. */
export type Validate = (json: unknown) => Effect.Effect<unknown, ReadonlyArray<ValidatorIssue>>

/** What decodes the arguments of a tool that has a JSON Schema; by default they are passed on as they are. */
export const Validator = Context.Reference<Validate | undefined>("@kimi-effect/client/agent/internal/tools/Validator", {
  defaultValue: () => undefined
})
