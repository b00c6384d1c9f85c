/** Checks the options of a batch to create, and makes the request. */
import type * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
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

const maxPairs = 16

/** The values of a program without types may be others than texts. */
const isMetadata = (metadata: unknown, most: number): boolean => {
  if (!Predicate.isObject(metadata)) return false
  const pairs: ReadonlyArray<readonly [string, unknown]> = Object.entries(metadata)
  return (
    pairs.length <= most &&
    pairs.every(([key, value]) => key.length <= 64 && typeof value === "string" && value.length <= 512)
  )
}

const expectedMetadata = (most: number): string =>
  `at most ${most} pairs of texts, with keys of 64 characters and values of 512`

/** Metadata that the host takes with `own` pairs of this program, as an option of what runs a whole batch. */
export const metadataRule = (metadata: CreateOptions["metadata"], own: number): OptionRules.Rule => [
  "metadata",
  metadata === undefined || isMetadata(metadata, maxPairs - own),
  expectedMetadata(maxPairs - own)
]

/** The request that creates a batch, if the host would take its options. `own` are pairs that the caller has not given. */
export const createBody = (
  { completionWindow = "24 hours", inputFileId, metadata }: CreateOptions,
  own: NonNullable<CreateOptions["metadata"]> = {}
): Effect.Effect<HostApi.Body, InvalidRequestError> => {
  const most = maxPairs - Object.keys(own).length
  if (typeof inputFileId !== "string" || inputFileId === "") {
    return invalid("inputFileId", "The input file must be the id of a file that was uploaded with the purpose batch")
  }
  if (metadata !== undefined && !isMetadata(metadata, most)) {
    return invalid("metadata", `The metadata must be ${expectedMetadata(most)}`)
  }
  return Effect.as(checkWindow(completionWindow), {
    _tag: "Json",
    value: {
      input_file_id: inputFileId,
      endpoint: "/v1/chat/completions",
      completion_window: windowOf(completionWindow),
      ...(metadata === undefined && most === maxPairs ? {} : { metadata: { ...metadata, ...own } })
    }
  })
}
