/** Checks the options of a batch to create, and makes the request. */
import type * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as HostApi from "../../HostApi.ts"
import type { CreateOptions } from "../BatchApi.ts"

const invalid = (parameter: string, message: string): Effect.Effect<never, InvalidRequestError> =>
  Effect.fail(new InvalidRequestError({ message, parameter }))

const minHours = 12
const maxHours = 7 * 24

/** The window as the host reads it, such as `24h`. */
const windowOf = (input: Duration.Input): string | undefined => {
  const hours = Option.match(Duration.fromInput(input), { onNone: () => 0, onSome: Duration.toHours })
  return Number.isInteger(hours) && hours >= minHours && hours <= maxHours ? `${hours}h` : undefined
}

const isWindow = (window: Duration.Input | undefined): boolean => window === undefined || windowOf(window) !== undefined

const expectedWindow = "whole hours from 12 hours to 7 days"

/** A window that the host has, as an option of what runs a whole batch. */
export const windowRule = (window: Duration.Input | undefined): OptionRules.Rule => [
  "completionWindow",
  isWindow(window),
  expectedWindow
]

/** Refuses a window that the host does not have, as it would. */
const checkWindow = (window: Duration.Input): Effect.Effect<void, InvalidRequestError> =>
  isWindow(window) ? Effect.void : invalid("completionWindow", `The completion window must be ${expectedWindow}`)

const isMetadata = (metadata: { readonly [key: string]: string }): boolean => {
  const pairs = Object.entries(metadata)
  return pairs.length <= 16 && pairs.every(([key, value]) => key.length <= 64 && value.length <= 512)
}

/** The request that creates a batch, if the host would take its options. */
export const createBody = ({
  completionWindow = "24 hours",
  inputFileId,
  metadata
}: CreateOptions): Effect.Effect<HostApi.Body, InvalidRequestError> => {
  if (typeof inputFileId !== "string" || inputFileId === "") {
    return invalid("inputFileId", "The input file must be the id of a file that was uploaded with the purpose batch")
  }
  if (metadata !== undefined && !isMetadata(metadata)) {
    return invalid("metadata", "The metadata may have 16 pairs, with keys of 64 characters and values of 512")
  }
  return Effect.as(checkWindow(completionWindow), {
    _tag: "Json",
    value: {
      input_file_id: inputFileId,
      endpoint: "/v1/chat/completions",
      completion_window: windowOf(completionWindow),
      ...(metadata === undefined ? {} : { metadata })
    }
  })
}
