/** The input lines of a batch, as the host validates them. */
import { BatchInputLine } from "@kimi-effect/core/Batch"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** One request of a batch. */
export interface BatchLine {
  readonly customId: string
  readonly model: string
  readonly body: unknown
}

const Envelope = Schema.Struct({
  custom_id: BatchInputLine.fields.custom_id,
  method: BatchInputLine.fields.method,
  url: BatchInputLine.fields.url,
  // The whole body is checked when the line runs: one that is invalid fails alone.
  body: Schema.StructWithRest(Schema.Struct({ model: Schema.String }), [Schema.Record(Schema.String, Schema.Unknown)])
})

const decode = Schema.decodeUnknownResult(Envelope)

/** Source: guide to batches. They must be left out. */
const forbidden = ["temperature", "top_p", "n", "presence_penalty", "frequency_penalty"]

const parseLine = (text: string): BatchLine | undefined => {
  const json = Result.try((): unknown => JSON.parse(text))
  const line = Result.getOrUndefined(Result.flatMap(json, decode))
  if (line === undefined || forbidden.some((name) => name in line.body)) return undefined
  return { customId: line.custom_id, model: line.body.model, body: line.body }
}

/** The lines of a file; `undefined` when the host would refuse the file: one model, different ids, and valid lines. */
export const parse = (
  bytes: Uint8Array,
  acceptsModel: (model: string) => boolean
): ReadonlyArray<BatchLine> | undefined => {
  const texts = new TextDecoder()
    .decode(bytes)
    .split("\n")
    .filter((text) => text.trim() !== "")
  const lines = texts.map(parseLine).filter((line) => line !== undefined)
  const [first] = lines
  if (first === undefined || lines.length < texts.length || !acceptsModel(first.model)) return undefined
  const isUniform = lines.every(({ model }) => model === first.model)
  return isUniform && new Set(lines.map(({ customId }) => customId)).size === lines.length ? lines : undefined
}
